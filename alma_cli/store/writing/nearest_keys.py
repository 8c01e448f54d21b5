"""Finds the kept texts of keys that are nearest in meaning to new ones."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from alma_cli.core.learning.keys import LEAST_COSINE, Role
from alma_cli.store.database.values import any_of, columns, given

if TYPE_CHECKING:
    from alma_cli.core.records import Vector
    from alma_cli.store.database.duckdb import Connection
    from alma_cli.store.database.values import Numbers

_NEAREST = 12
"""The number of kept texts that are looked at; the nearest that means the same wins."""

_DIGITS = 6
_TOGETHER = 256
"""The number of texts that are compared at once, which bounds memory."""

_FEW_COLUMNS = 16


class Place(NamedTuple):
    """Where keys are compared: never across agents or domains."""

    agent: str
    domain: str
    role: Role


class KeyAt(NamedTuple):
    """A key and its place."""

    place: Place
    key: str


class NewText(NamedTuple):
    """A text to compare with those kept at its place, and with new ones there of lower numbers."""

    number: int
    place: Place
    text: str
    vector: Vector
    model: str


class Near(NamedTuple):
    """A text near to another: a kept one with its key, or the new one of this number."""

    key: str | None
    number: int
    text: str
    cosine: float


class NearTexts(NamedTuple):
    """The texts near to each number, nearest first and made when they are asked for, and the keys that they have."""

    near: Mapping[int, Iterable[Near]]
    keys: AbstractSet[KeyAt]

    def to(self, number: int) -> Iterable[Near]:
        """The texts near to this number."""
        return self.near.get(number, ())


def nearest(connection: Connection, texts: Sequence[NewText]) -> NearTexts:
    """The nearest texts of each of these."""
    groups: dict[tuple[Place, str], list[NewText]] = {}
    for text in texts:
        groups.setdefault((text.place, text.model), []).append(text)
    near_to: dict[int, _Ranking] = {}
    keys: set[KeyAt] = set()
    for (place, model), new in groups.items():
        compared, rankings = _of_one_place(connection, place, model, new)
        near_to |= rankings
        keys |= {KeyAt(place, key) for key, _ in compared.kept.values()}
    return NearTexts(near_to, keys)


@dataclass(slots=True)
class _Compared:
    """The texts with which those of one place are compared, in columns: kept ones in these rows, then new ones."""

    rows: Sequence[int]
    kept: Mapping[int, tuple[str, str]]
    new: Sequence[NewText]

    def near(self, column: int, cosine: float) -> Near:
        """The text in a column, with its cosine."""
        if column < len(self.rows):
            key, text = self.kept[self.rows[column]]
            return Near(key, -1, text, cosine)
        other = self.new[column - len(self.rows)]
        return Near(None, other.number, other.text, cosine)


@dataclass(slots=True)
class _Ranking:
    """The columns that are nearest to one text, nearest first."""

    compared: _Compared
    columns: Numbers
    cosines: Numbers

    def __iter__(self) -> Iterator[Near]:
        return map(self.compared.near, self.columns.tolist(), self.cosines.tolist())


def _of_one_place(
    connection: Connection, place: Place, model: str, new: Sequence[NewText]
) -> tuple[_Compared, dict[int, _Ranking]]:
    import numpy as np

    kept = columns(
        connection,
        f"SELECT rowid, embedding FROM keys WHERE agent = {given('agent')} AND domain = {given('domain')} "
        f"AND role = {given('role')} AND embedding_model = {given('model')} AND embedding IS NOT NULL",
        {"row": "i8", "embedding": "f4"},
        {**place._asdict(), "model": model},
    )
    vectors = _units(np.frombuffer(b"".join(text.vector for text in new), "f4").reshape(len(new), -1))
    all_vectors = np.concatenate([_units(kept["embedding"].reshape(-1, vectors.shape[1])), vectors])
    numbers = np.array([text.number for text in new])
    all_numbers = np.concatenate([np.full(len(kept["row"]), -1), numbers])
    ranked = []
    for start in range(0, len(new), _TOGETHER):
        some = slice(start, start + _TOGETHER)
        ranked += _ranked(vectors[some] @ all_vectors.T, numbers[some], all_numbers)
    rows = kept["row"].tolist()
    found = set().union(*(columns.tolist() for columns, _ in ranked))
    known = _kept_texts(connection, [rows[column] for column in sorted(found) if column < len(rows)])
    compared = _Compared(rows, known, new)
    return compared, {text.number: _Ranking(compared, *best) for text, best in zip(new, ranked, strict=True)}


def _units(vectors: Numbers) -> Numbers:
    import numpy as np

    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    units: Numbers = vectors / np.maximum(lengths, np.finfo("f4").tiny)[:, None]
    return units


def _ranked(cosines: Numbers, numbers: Numbers, all_numbers: Numbers) -> list[tuple[Numbers, Numbers]]:
    """For each row the columns and cosines of its nearest texts of lower numbers, nearest first."""
    import numpy as np

    cosines[all_numbers[None, :] >= numbers[:, None]] = -1
    least = np.maximum(_least_of_many(cosines), LEAST_COSINE - 10**-_DIGITS)
    row_of, column_of = np.nonzero(cosines >= least[:, None])
    rounded = np.round(cosines[row_of, column_of].astype("f8"), _DIGITS)
    order = np.lexsort((-rounded, row_of))
    order = order[rounded[order] >= LEAST_COSINE]
    starts = np.searchsorted(row_of[order], np.arange(len(cosines)))
    each = [some[:_NEAREST] for some in np.split(order, starts[1:])]
    return [(column_of[some], rounded[some]) for some in each]


def _least_of_many(cosines: Numbers) -> Numbers:
    """For each row a cosine that at least `_NEAREST` of its columns reach, and few more; none if there are few columns.

    It is found among the greatest of each few columns (without NaN), in a third of the time of partitioning them all.
    """
    import numpy as np

    rows, columns = cosines.shape
    width = columns // _FEW_COLUMNS
    if width < _NEAREST:
        return np.full(rows, -1, cosines.dtype)
    parts = cosines[:, : width * _FEW_COLUMNS].reshape(rows, _FEW_COLUMNS, width)
    least: Numbers = np.partition(np.fmax.reduce(parts, axis=1), -_NEAREST, axis=1)[:, -_NEAREST]
    return least


def _kept_texts(connection: Connection, rows: Sequence[int]) -> dict[int, tuple[str, str]]:
    """The keys and texts of kept texts, by their rows."""
    found = connection.execute(
        f"SELECT rowid, key, text FROM keys WHERE rowid IN {any_of(of='BIGINT')}",
        [json.dumps(rows)],
    ).fetchall()
    return {row: (key, text) for row, key, text in found}
