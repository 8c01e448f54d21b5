"""The kept texts of keys that are nearest in meaning to new ones: for a few, DuckDB compares; for many, numpy.

DuckDB copies both vectors of each pair, which numpy's matrix product does without, but it has to read them all first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from alma_cli.core.keys import LEAST_COSINE, Role
from alma_cli.store.arrays import columns, given
from alma_cli.store.binding import listed, rows_from, vector_text

if TYPE_CHECKING:
    from _duckdb import DuckDBPyConnection as Connection

    from alma_cli.store.binding import Numbers
    from alma_cli.store.operations import Vector

_NEAREST = 12
"""Kept texts that are looked at; the nearest that is the same wins."""

_DIGITS = 6
_FEW = 8
_TOGETHER = 256
"""Texts that are compared at once, which bounds memory."""


class Place(NamedTuple):
    """Where keys are compared: never across agents or domains."""

    agent: str
    domain: str
    role: Role


class NewText(NamedTuple):
    """A text that is compared with those kept at its place, and with those of lower numbers that are new there too."""

    number: int
    place: Place
    text: str
    vector: Vector
    model: str


class Near(NamedTuple):
    """A text near to another: one that is kept, with its key, or the new one of this number."""

    key: str | None
    number: int
    text: str
    cosine: float


def nearest(connection: Connection, texts: Sequence[NewText]) -> dict[int, list[Near]]:
    """The nearest texts of each of these, by its number."""
    found: dict[int, list[Near]] = {}
    for number, near in _by_duckdb(connection, texts) if len(texts) <= _FEW else _by_numpy(connection, texts):
        found.setdefault(number, []).append(near)
    return found


def _by_duckdb(connection: Connection, texts: Sequence[NewText]) -> list[tuple[int, Near]]:
    if not texts:
        return []
    rows_given = [
        {
            **text.place._asdict(),
            "number": text.number,
            "text": text.text,
            "model": text.model,
            "vector": vector_text(text.vector),
        }
        for text in texts
    ]
    types = dict.fromkeys(("agent", "domain", "role", "text", "model", "vector"), "VARCHAR")
    rows = connection.execute(
        f"""
        WITH wanted AS MATERIALIZED (
            SELECT agent, domain, role, number, text, model, vector::FLOAT[{len(texts[0].vector)}] AS embedding
            FROM {rows_from({**types, "number": "INTEGER"})}
        ),
        kept AS (
            SELECT agent, domain, role, key, -1 AS number, text, embedding_model AS model, embedding
            FROM keys WHERE embedding IS NOT NULL
            UNION ALL SELECT agent, domain, role, NULL, number, text, model, embedding FROM wanted
        ),
        compared AS (
            SELECT wanted.number, kept.key, kept.number AS other, kept.text,
                round(array_cosine_similarity(wanted.embedding, kept.embedding), {_DIGITS}) AS cosine
            FROM wanted JOIN kept USING (agent, domain, role, model)
            WHERE kept.number < wanted.number
        )
        SELECT number, unnest(arg_max((key, other, text, cosine), cosine, {_NEAREST}))
        FROM compared WHERE cosine >= {LEAST_COSINE} GROUP BY number
        """,
        [json.dumps(rows_given)],
    ).fetchall()
    return [(number, Near(*(near.values() if isinstance(near, dict) else near))) for number, near in rows]


def _by_numpy(connection: Connection, texts: Sequence[NewText]) -> Iterator[tuple[int, Near]]:
    groups: dict[tuple[Place, str], list[NewText]] = {}
    for text in texts:
        groups.setdefault((text.place, text.model), []).append(text)
    for (place, model), new in groups.items():
        yield from _of_one_place(connection, place, model, new)


def _of_one_place(
    connection: Connection, place: Place, model: str, new: Sequence[NewText]
) -> Iterator[tuple[int, Near]]:
    import numpy as np

    kept = columns(
        connection,
        f"SELECT rowid, embedding FROM keys WHERE agent = {given('agent')} AND domain = {given('domain')} "
        f"AND role = {given('role')} AND embedding_model = {given('model')} AND embedding IS NOT NULL",
        {"row": "i8", "embedding": "f4"},
        {**place._asdict(), "model": model},
    )
    vectors = _units(np.array([text.vector for text in new], "f4"))
    all_vectors = np.concatenate([_units(kept["embedding"].reshape(-1, vectors.shape[1])), vectors])
    numbers = np.array([text.number for text in new])
    all_numbers = np.concatenate([np.full(len(kept["row"]), -1), numbers])
    pairs = [
        (start + row, column, cosine)
        for start in range(0, len(new), _TOGETHER)
        for row, column, cosine in _best(
            vectors[start : start + _TOGETHER] @ all_vectors.T, numbers[start : start + _TOGETHER], all_numbers
        )
    ]
    rows = kept["row"].tolist()
    known = _kept_texts(connection, {rows[column] for _, column, _ in pairs if column < len(rows)})
    for row, column, cosine in pairs:
        if column < len(rows):
            key, text = known[rows[column]]
            yield new[row].number, Near(key, -1, text, cosine)
        else:
            other = new[column - len(rows)]
            yield new[row].number, Near(None, other.number, other.text, cosine)


def _units(vectors: Numbers) -> Numbers:
    import numpy as np

    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    units: Numbers = vectors / np.maximum(lengths, np.finfo("f4").tiny)[:, None]
    return units


def _best(cosines: Numbers, numbers: Numbers, all_numbers: Numbers) -> Iterator[tuple[int, int, float]]:
    """Row, column and cosine of the nearest of each row among those of lower numbers."""
    import numpy as np

    cosines[all_numbers[None, :] >= numbers[:, None]] = -1
    is_near = cosines >= LEAST_COSINE - 10**-_DIGITS
    crowded = np.flatnonzero(np.count_nonzero(is_near, axis=1) > _NEAREST)
    if len(crowded):
        is_near[crowded] = False
        is_near[crowded[:, None], np.argpartition(cosines[crowded], -_NEAREST, axis=1)[:, -_NEAREST:]] = True
    rounded = np.round(cosines[is_near].astype("f8"), _DIGITS)
    for (row, column), cosine in zip(np.argwhere(is_near).tolist(), rounded.tolist(), strict=True):
        if cosine >= LEAST_COSINE:
            yield row, column, cosine


def _kept_texts(connection: Connection, rows: set[int]) -> dict[int, tuple[str, str]]:
    """Key and text of kept texts, by their rows."""
    found = connection.execute(
        f"SELECT rowid, key, text FROM keys WHERE rowid IN (SELECT unnest({listed('?', 'BIGINT')}))",
        [json.dumps(sorted(rows))],
    ).fetchall()
    return {row: (key, text) for row, key, text in found}
