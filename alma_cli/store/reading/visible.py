"""The memories that an agent may see, read as columns and compared with the task by meaning: the part that costs.

The filter comes first, then every memory is compared exactly: while DuckDB scans, or with what the process read for an
earlier search; or, where an index knows the near ones, those and what is newer than the index.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from alma_cli.core.records import RETRIEVED_KINDS, JsonValue, Vector
from alma_cli.core.scopes.visibility import View
from alma_cli.store.database.connection import Connection
from alma_cli.store.database.rows import SUCCESS
from alma_cli.store.database.values import Numbers, columns, given, given_list, vector_text
from alma_cli.store.reading.bm25 import Postings, read_postings, read_postings_of
from alma_cli.store.reading.query import Search, shown_to_user
from alma_cli.store.reading.search_cache import ReadColumns, keep, may_be_kept, recall
from alma_cli.store.reading.signals import Visible, measured, unmeasured

if TYPE_CHECKING:
    from alma_cli.store.hnsw.index import Nearest

_OF_MODEL = f"coalesce(embedding_model = {given('model')}, false)"
_NUMBERED = " ".join(f"WHEN '{kind}' THEN {number}" for number, kind in enumerate(RETRIEVED_KINDS))
_COLUMNS = {
    "seq": ("seq", "i8"),
    "n_terms": ("n_terms", "i4"),
    "kind": (f"CASE kind {_NUMBERED} END::UTINYINT", "u1"),
    "strategy": ("CASE WHEN strategy_key <> '' THEN hash(strategy_key) ELSE 0 END::UBIGINT", "u8"),
    "result": (f"coalesce({SUCCESS}, 0.0)::FLOAT", "f4"),
    "happened_s": ("coalesce(epoch(happened_at), 0.0)", "f8"),
}


class _Scope(NamedTuple):
    """Conditions in SQL, with their values: `seen` for memories that may be seen, `asked` for those asked for.

    Outcomes that are not asked for, or are archived, are evidence all the same.
    """

    seen: str
    asked: str
    values: dict[str, JsonValue]


def visible_memories(connection: Connection, search: Search, path: str | None) -> Visible:
    """All that the agent may see, compared with the task.

    Without an index, or if the scope leaves too little of its answer, all are measured. The vectors read are kept for
    the next search under the store's `path`, if one is given.
    """
    import numpy as np

    scope = _scope(search)
    if search.vector is None:
        seen = unmeasured(_visible(connection, scope))
        return Visible({**seen, "has_vector": np.zeros_like(seen["asked"])}, _postings(connection, search))
    if search.nearest is not None:
        seen = unmeasured(_visible(connection, scope))
        if _fill_in(connection, seen, search, search.vector, search.nearest):
            return Visible(seen, _postings(connection, search), sample=search.nearest.sample.astype("f8"))
    if path is None:
        return Visible(_scanned(connection, scope, search.vectors), _postings(connection, search))
    what = json.dumps(scope)
    known = recall(path, what)
    if isinstance(known, int) and may_be_kept(known):
        known = _read(connection, scope)
        keep(path, what, known)
    if isinstance(known, ReadColumns):
        return Visible(_compared(known, search.vectors), known.postings)
    seen = _scanned(connection, scope, search.vectors)
    keep(path, what, int(seen["has_vector"].sum()) * len(search.vector) * 4)
    return Visible(seen, _postings(connection, search))


def _postings(connection: Connection, search: Search) -> Postings:
    return read_postings_of(connection, search.terms)


def cosines_of(connection: Connection, seqs: Numbers, vectors: Sequence[Vector]) -> Numbers:
    """The cosines of these memories with the nearest of the vectors, in their (ascending) order."""
    found = columns(
        connection,
        f"SELECT seq, {_cosine(vectors)} FROM memories WHERE list_contains({given_list('seqs', 'BIGINT')}, seq)",
        {"seq": "i8", "cosine": "f4"},
        {"seqs": seqs.tolist(), **_texts(vectors)},
    )
    return _by_seq(found)["cosine"]


def _scanned(connection: Connection, scope: _Scope, vectors: Sequence[Vector]) -> dict[str, Numbers]:
    """The visible memories, compared while DuckDB scans."""
    cosine = f"CASE WHEN {_OF_MODEL} THEN {_cosine(vectors)} ELSE 'nan' END"
    seen = _visible(connection, scope, {"cosine": (cosine, "f4")}, _texts(vectors))
    return measured(seen, seen["cosine"])


def _read(connection: Connection, scope: _Scope) -> ReadColumns:
    """The visible memories with their vectors, to be kept."""
    import numpy as np

    found = columns(
        connection,
        f"SELECT seq, embedding FROM memories WHERE {_counts(scope)} AND {_OF_MODEL}",
        {"seq": "i8", "embedding": "f4"},
        scope.values,
    )
    vectors = _by_seq(found)["embedding"]
    with np.errstate(invalid="ignore"):
        vectors /= np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
    seqs = f"SELECT seq FROM memories WHERE {_counts(scope)}"
    return ReadColumns(
        columns=_visible(connection, scope),
        vectors=vectors,
        postings=read_postings(connection, f"seq IN ({seqs})", scope.values),
    )


def _compared(known: ReadColumns, vectors: Sequence[Vector]) -> dict[str, Numbers]:
    """The visible memories, compared by the vectors that were kept."""
    import numpy as np

    asked = np.array(vectors, "f4")
    cosine = np.full(len(known.columns["seq"]), np.nan, "f4")
    with np.errstate(invalid="ignore"):
        compared = (known.vectors @ (asked / np.linalg.norm(asked, axis=1)[:, None]).T).max(axis=1)
    cosine[known.columns["has_vector"]] = np.nan_to_num(compared, nan=-1)  # what DuckDB says of a vector of zeros
    return measured(known.columns, cosine)


def _visible(
    connection: Connection,
    scope: _Scope,
    more: Mapping[str, tuple[str, str]] = MappingProxyType({}),
    values: Mapping[str, JsonValue] = MappingProxyType({}),
) -> dict[str, Numbers]:
    """The visible memories by ascending `seq`, with `more` columns, given as the SQL and type of each."""
    selected = {**_COLUMNS, "asked": (f"({scope.asked})", "?"), "has_vector": (_OF_MODEL, "?"), **more}
    found = columns(
        connection,
        f"SELECT {', '.join(sql for sql, _ in selected.values())} FROM memories WHERE {_counts(scope)}",
        {name: kind for name, (_, kind) in selected.items()},
        {**scope.values, **values},
    )
    return _by_seq(found)


def _counts(scope: _Scope) -> str:
    return f"{scope.seen} AND (kind = 'outcome' OR {scope.asked})"


def _by_seq(found: dict[str, Numbers]) -> dict[str, Numbers]:
    import numpy as np

    if np.all(found["seq"][1:] > found["seq"][:-1]):
        return found
    order = np.argsort(found["seq"])
    return {name: column[order] for name, column in found.items()}


def _cosine(vectors: Sequence[Vector]) -> str:
    """The cosine with the nearest of the vectors, in SQL; `_texts` has its values."""
    each = (
        f"array_cosine_similarity(embedding, {given(f'vector{number}')}::FLOAT[{len(vector)}])"
        for number, vector in enumerate(vectors)
    )
    return f"greatest({', '.join(each)})"


def _texts(vectors: Sequence[Vector]) -> dict[str, JsonValue]:
    return {f"vector{number}": vector_text(vector) for number, vector in enumerate(vectors)}


def _fill_in(
    connection: Connection, seen: dict[str, Numbers], search: Search, vector: Vector, nearest: Nearest
) -> bool:
    """Fill in the cosines from the index and of newer memories; return whether enough near ones are visible."""
    import numpy as np

    newer = columns(
        connection,
        f"SELECT seq, {_cosine([vector])} FROM memories WHERE seq >= {int(nearest.up_to)} AND {_OF_MODEL}",
        {"seq": "i8", "cosine": "f4"},
        {**_texts([vector]), "model": search.model},
    )
    known = np.concatenate([nearest.seqs, newer["seq"]])
    cosines = np.concatenate([nearest.cosines, newer["cosine"]])
    places = np.minimum(np.searchsorted(seen["seq"], known), max(len(seen["seq"]) - 1, 0))
    here = np.flatnonzero(seen["seq"][places] == known) if len(seen["seq"]) else places[:0]
    seen["cosine"][places[here]] = cosines[here]
    is_old = seen["has_vector"] & seen["asked"] & (seen["seq"] < nearest.up_to)
    filled = int(np.count_nonzero(is_old & ~np.isnan(seen["cosine"])))
    return filled >= min(search.per_signal, int(np.count_nonzero(is_old)))


def _scope(search: Search) -> _Scope:
    seen, values = seen_by(search.views)
    if search.selection is not None:
        selected, chosen = search.selection.where(given)
        return _Scope(seen, f"coalesce({selected}, false)", {**values, "model": search.model, **chosen})
    values |= {"kinds": list(search.kinds), "user_id": search.user_id, "model": search.model}
    asked = f"(NOT archived AND list_contains({given_list('kinds')}, kind) AND {shown_to_user(given('user_id'))})"
    return _Scope(seen, asked, values)


def seen_by(views: Sequence[View]) -> tuple[str, dict[str, JsonValue]]:
    """The condition in SQL for memories that are seen through any of the views, and its values for `columns`."""
    values: dict[str, JsonValue] = {}

    def among(name: str, names: Iterable[str], column: str) -> str:
        values[name] = [*sorted(names)]
        return f"list_contains({given_list(name)}, {column})"

    seen = []
    for number, view in enumerate(views):
        if view.agent is None:
            condition = f"NOT {among(f'besides{number}', view.besides, 'agent')}"
        else:
            values[f"agent{number}"] = view.agent
            condition = f"agent = {given(f'agent{number}')}"
        if view.only is not None:
            condition += f" AND {among(f'only{number}', view.only, 'domain')}"
        if view.never:
            condition += f" AND NOT {among(f'never{number}', view.never, 'domain')}"
        seen.append(f"({condition})")
    return f"({' OR '.join(seen) or 'false'})", values
