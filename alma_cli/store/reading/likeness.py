"""Which memories an agent may see, and how like a task they are in meaning: the part of a search that costs.

The filter comes first, then every memory is compared exactly: while DuckDB scans, or with what the process kept of its
last searches; or, where an index knows the near ones, those and what is newer than the index.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from alma_cli.core.records import RETRIEVED_KINDS
from alma_cli.store.database.values import columns, given, given_list, vector_text
from alma_cli.store.reading.bm25 import Postings, read_postings
from alma_cli.store.reading.search_cache import Visible, keep, may_be_kept, recall

if TYPE_CHECKING:
    from alma_cli.core.records import JsonValue
    from alma_cli.store.database.duckdb import Connection
    from alma_cli.store.database.values import Numbers
    from alma_cli.store.inbox.operations import Vector
    from alma_cli.store.reading.hnsw import Nearest
    from alma_cli.store.reading.search import Search

_DIGITS = 6
"""Of a cosine, so that it is the same whoever computes it."""

_OF_MODEL = f"coalesce(embedding_model = {given('model')}, false)"
_NUMBERED = " ".join(f"WHEN '{kind}' THEN {number}" for number, kind in enumerate(RETRIEVED_KINDS))
_COLUMNS = {
    "seq": ("seq", "i8"),
    "n_terms": ("n_terms", "i4"),
    "kind": (f"CASE kind {_NUMBERED} END::UTINYINT", "u1"),
    "strategy": ("CASE WHEN strategy_key <> '' THEN hash(strategy_key) ELSE 0 END::UBIGINT", "u8"),
    "result": ("CASE outcome WHEN 'success' THEN 1.0 WHEN 'partial' THEN 0.5 ELSE 0.0 END::FLOAT", "f4"),
    "happened_s": ("coalesce(epoch(happened_at), 0.0)", "f8"),
}


class _Scope(NamedTuple):
    """What may be seen and counts, and what of that is asked for, as conditions with these values.

    Outcomes that are not asked for, or archived, are evidence all the same.
    """

    seen: str
    asked: str
    values: dict[str, JsonValue]


class Seen(NamedTuple):
    """Every memory that may be seen and counts: `columns` by ascending `seq`; `asked` is false of mere evidence.

    `strategy` is a number for its strategy's key, 0 for none; `result` (from 0 to 1) and `happened_s` are an outcome's.
    `cosine` is NaN where there is no vector by the present model or, with an index, where it isn't near; then the
    cosines of a `sample` are given. `postings` are theirs, where they were kept.
    """

    columns: dict[str, Numbers]
    sample: Numbers | None = None
    postings: Postings | None = None


def seen_by(connection: Connection, wanted: Search, path: str | None) -> Seen:
    """What the agent may see, compared with the task.

    Without an index, or where the scope leaves too few of what it found, all are measured. What was read is kept under
    the store's `path`, if one is given.
    """
    import numpy as np

    scope = _scope(wanted)
    if wanted.vector is None:
        seen = _unmeasured(_visible(connection, scope))
        return Seen({**seen, "has_vector": np.zeros_like(seen["asked"])})
    if wanted.nearest is not None:
        seen = _unmeasured(_visible(connection, scope))
        if _fill_in(connection, seen, wanted, wanted.vector, wanted.nearest):
            return Seen(seen, wanted.nearest.sample.astype("f8"))
    if path is None:
        return Seen(_scanned(connection, scope, wanted.vector))
    what = json.dumps(scope)
    known = recall(path, what)
    if isinstance(known, int) and may_be_kept(known):
        known = _read(connection, scope)
        keep(path, what, known)
    if isinstance(known, Visible):
        return Seen(_compared(known, wanted.vector), postings=known.postings)
    seen = _scanned(connection, scope, wanted.vector)
    keep(path, what, int(seen["has_vector"].sum()) * len(wanted.vector) * 4)
    return Seen(seen)


def cosines_of(connection: Connection, seqs: Numbers, vector: Vector) -> Numbers:
    """The cosines of these memories, in their (ascending) order."""
    found = columns(
        connection,
        f"SELECT seq, {_cosine(vector)} FROM memories WHERE list_contains({given_list('seqs', 'BIGINT')}, seq)",
        {"seq": "i8", "cosine": "f4"},
        {"seqs": seqs.tolist(), "vector": vector_text(vector)},
    )
    return _by_seq(found)["cosine"]


def _scanned(connection: Connection, scope: _Scope, vector: Vector) -> dict[str, Numbers]:
    """What is visible, compared while DuckDB scans."""
    cosine = f"CASE WHEN {_OF_MODEL} THEN {_cosine(vector)} ELSE 'nan' END"
    seen = _visible(connection, scope, {"cosine": (cosine, "f4")}, {"vector": vector_text(vector)})
    return _measured(seen, seen["cosine"])


def _read(connection: Connection, scope: _Scope) -> Visible:
    """What is visible, to be kept."""
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
    return Visible(
        columns=_visible(connection, scope),
        vectors=vectors,
        postings=read_postings(connection, f"seq IN ({seqs})", scope.values),
    )


def _compared(visible: Visible, vector: Vector) -> dict[str, Numbers]:
    """What is visible, compared by the vectors that were kept."""
    import numpy as np

    asked = np.array(vector, "f4")
    cosine = np.full(len(visible.columns["seq"]), np.nan, "f4")
    with np.errstate(invalid="ignore"):
        measured = visible.vectors @ (asked / np.linalg.norm(asked))
    cosine[visible.columns["has_vector"]] = np.nan_to_num(measured, nan=-1)  # what DuckDB says of a vector of zeros
    return _measured(visible.columns, cosine)


def _measured(seen: Mapping[str, Numbers], cosine: Numbers) -> dict[str, Numbers]:
    """What is seen with its cosines, to so many digits."""
    import numpy as np

    rounded = np.round(np.clip(cosine.astype("f8"), -1, 1), _DIGITS)
    return {**seen, "cosine": rounded, "has_vector": ~np.isnan(rounded)}


def _visible(
    connection: Connection,
    scope: _Scope,
    measured: Mapping[str, tuple[str, str]] = MappingProxyType({}),
    values: Mapping[str, JsonValue] = MappingProxyType({}),
) -> dict[str, Numbers]:
    """What is visible, by ascending `seq`, with what is `measured` of it: the SQL and type of each column."""
    wanted = {**_COLUMNS, "asked": (f"({scope.asked})", "?"), "has_vector": (_OF_MODEL, "?"), **measured}
    found = columns(
        connection,
        f"SELECT {', '.join(sql for sql, _ in wanted.values())} FROM memories WHERE {_counts(scope)}",
        {name: kind for name, (_, kind) in wanted.items()},
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


def _unmeasured(seen: Mapping[str, Numbers]) -> dict[str, Numbers]:
    import numpy as np

    return {**seen, "cosine": np.full(len(seen["seq"]), np.nan)}


def _cosine(vector: Vector) -> str:
    return f"array_cosine_similarity(embedding, {given('vector')}::FLOAT[{len(vector)}])"


def _fill_in(
    connection: Connection, seen: dict[str, Numbers], wanted: Search, vector: Vector, nearest: Nearest
) -> bool:
    """Put in the cosines that the index gave and those of newer memories; whether enough near ones are visible."""
    import numpy as np

    newer = columns(
        connection,
        f"SELECT seq, {_cosine(vector)} FROM memories WHERE seq >= {int(nearest.up_to)} AND {_OF_MODEL}",
        {"seq": "i8", "cosine": "f4"},
        {"vector": vector_text(vector), "model": wanted.model},
    )
    known = np.concatenate([nearest.seqs, newer["seq"]])
    cosines = np.concatenate([nearest.cosines, newer["cosine"]])
    places = np.minimum(np.searchsorted(seen["seq"], known), max(len(seen["seq"]) - 1, 0))
    here = np.flatnonzero(seen["seq"][places] == known) if len(seen["seq"]) else places[:0]
    seen["cosine"][places[here]] = cosines[here]
    is_old = seen["has_vector"] & seen["asked"] & (seen["seq"] < nearest.up_to)
    filled = int(np.count_nonzero(is_old & ~np.isnan(seen["cosine"])))
    return filled >= min(wanted.per_signal, int(np.count_nonzero(is_old)))


def _scope(wanted: Search) -> _Scope:
    values: dict[str, JsonValue] = {"kinds": list(wanted.kinds), "user_id": wanted.user_id, "model": wanted.model}

    def among(name: str, names: Iterable[str], column: str) -> str:
        values[name] = [*sorted(names)]
        return f"list_contains({given_list(name)}, {column})"

    seen = []
    for number, view in enumerate(wanted.views):
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
    asked = (
        f"(NOT archived AND list_contains({given_list('kinds')}, kind) "
        f"AND (kind <> 'preference' OR user_id = '' OR user_id = {given('user_id')}))"
    )
    return _Scope(f"({' OR '.join(seen) or 'false'})", asked, values)
