"""Which memories an agent may see, and how like a task they are in meaning: the part of a search that costs.

The filter comes first, then every memory is compared exactly while DuckDB scans; or, where an index knows the near
ones, those and what is newer than the index.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from alma_cli.core.records import RETRIEVED_KINDS
from alma_cli.store.binding import columns, listed, vector_text

if TYPE_CHECKING:
    from _duckdb import DuckDBPyConnection as Connection

    from alma_cli.store.binding import Numbers
    from alma_cli.store.hnsw import Nearest
    from alma_cli.store.search import Search


def seen_by(connection: Connection, wanted: Search) -> tuple[dict[str, Numbers], Numbers | None]:
    """Every memory that may be seen and counts, by ascending `seq`; `asked` is false of mere evidence.

    `cosine` is NaN where there is no vector by the present model or, with an index, where it isn't near. Then the
    cosines of a sample come with it; without an index, or where the scope leaves too few of what it found, all are
    measured.
    """
    import numpy as np

    if wanted.nearest is not None and wanted.vector is not None:
        seen = _read(connection, wanted, "'nan'::FLOAT", "coalesce(embedding_model = $model, false)")
        if _fill_in(connection, seen, wanted, wanted.nearest):
            return seen, wanted.nearest.sample.astype("f8")
    if wanted.vector is None:
        return _read(connection, wanted, "'nan'::FLOAT", "false"), None
    cosine = f"CASE WHEN embedding_model = $model THEN {_cosine(wanted)} ELSE 'nan' END"
    seen = _read(connection, wanted, cosine, "false")
    seen["has_vector"] = ~np.isnan(seen["cosine"])
    return seen, None


def _cosine(wanted: Search) -> str:
    return f"array_cosine_similarity(embedding, $vector::VARCHAR::FLOAT[{len(wanted.vector or ())}])"


def _read(connection: Connection, wanted: Search, cosine: str, has_vector: str) -> dict[str, Numbers]:
    import numpy as np

    seen, asked, parameters = _visible(wanted)
    if "$model" in cosine + has_vector:
        parameters["model"] = wanted.model
    if "$vector" in cosine:
        parameters["vector"] = vector_text(wanted.vector)
    numbered = " ".join(f"WHEN '{kind}' THEN {number}" for number, kind in enumerate(RETRIEVED_KINDS))
    result = connection.execute(
        f"""
        SELECT seq, n_terms, CASE kind {numbered} END::UTINYINT AS kind, {cosine} AS cosine, {asked} AS asked,
            {has_vector} AS has_vector
        FROM memories WHERE {seen} AND (kind = 'outcome' OR {asked})
        """,
        parameters,
    )
    types = {"seq": "i8", "n_terms": "i4", "kind": "u1", "cosine": "f8", "asked": "?", "has_vector": "?"}
    found = columns(result, types)
    if np.all(found["seq"][1:] > found["seq"][:-1]):
        return found
    order = np.argsort(found["seq"])
    return {name: column[order] for name, column in found.items()}


def _fill_in(connection: Connection, seen: dict[str, Numbers], wanted: Search, nearest: Nearest) -> bool:
    """Put in the cosines that the index gave and those of newer memories; whether enough near ones are visible."""
    import numpy as np

    newer = columns(
        connection.execute(
            f"SELECT seq, {_cosine(wanted)} FROM memories WHERE seq >= $up_to AND embedding_model = $model",
            {"up_to": nearest.up_to, "model": wanted.model, "vector": vector_text(wanted.vector)},
        ),
        {"seq": "i8", "cosine": "f8"},
    )
    known = np.concatenate([nearest.seqs, newer["seq"]])
    cosines = np.concatenate([nearest.cosines, newer["cosine"]])
    places = np.minimum(np.searchsorted(seen["seq"], known), max(len(seen["seq"]) - 1, 0))
    here = np.flatnonzero(seen["seq"][places] == known) if len(seen["seq"]) else places[:0]
    seen["cosine"][places[here]] = cosines[here]
    is_old = seen["has_vector"] & seen["asked"] & (seen["seq"] < nearest.up_to)
    filled = int(np.count_nonzero(is_old & ~np.isnan(seen["cosine"])))
    return filled >= min(wanted.per_signal, int(np.count_nonzero(is_old)))


def cosines_of(connection: Connection, seqs: Numbers, wanted: Search) -> Numbers:
    """The cosines of these memories, in their (ascending) order."""
    import numpy as np

    rows = connection.execute(
        f"SELECT {_cosine(wanted)} FROM memories "
        f"WHERE seq IN (SELECT unnest({listed('$seqs', 'BIGINT')})) ORDER BY seq",
        {"seqs": json.dumps(seqs.tolist()), "vector": vector_text(wanted.vector)},
    ).fetchall()
    return np.array([row[0] for row in rows])


def _visible(wanted: Search) -> tuple[str, str, dict[str, Any]]:
    """The conditions for what the agent may see and for what of that is asked for, and their parameters.

    Outcomes that are not asked for, or archived, are evidence all the same.
    """
    parameters: dict[str, Any] = {"kinds": json.dumps(list(wanted.kinds)), "user_id": wanted.user_id}

    def names(parameter: str, values: Iterable[str]) -> str:
        parameters[parameter] = json.dumps(sorted(values))
        return listed(f"${parameter}")

    seen = []
    for number, view in enumerate(wanted.views):
        if view.agent is None:
            condition = f"NOT list_contains({names(f'besides{number}', view.besides)}, agent)"
        else:
            parameters[f"agent{number}"] = view.agent
            condition = f"agent = $agent{number}"
        if view.only is not None:
            condition += f" AND list_contains({names(f'only{number}', view.only)}, domain)"
        if view.never:
            condition += f" AND NOT list_contains({names(f'never{number}', view.never)}, domain)"
        seen.append(f"({condition})")
    asked = (
        f"(NOT archived AND list_contains({listed('$kinds')}, kind) "
        "AND (kind <> 'preference' OR user_id = '' OR user_id = $user_id))"
    )
    return f"({' OR '.join(seen) or 'false'})", asked, parameters
