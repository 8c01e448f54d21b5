"""Gives values to DuckDB and reads them back: rows and lists as one JSON text, vectors as numpy arrays.

DuckDB's Python binding looks for pandas at every single value it is given, at 0.1 ms each where that isn't installed,
and binds a list as a vector four times as slowly as the text of it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from alma_cli.core.records import JsonValue, Vector
from alma_cli.store.database.connection import Connection

if TYPE_CHECKING:
    import numpy as np

Numbers: TypeAlias = "np.ndarray[Any, Any]"

_DIGITS = 9
"""Enough to tell each number of single precision from any other."""


_MOST_LISTED = 512
"""So many numbers are looked through for each row."""

_MOST_WRITTEN = 20
"""So many texts are written out in a condition."""


def vector_text(vector: Vector) -> str:
    """One vector to compare with, as `?::VARCHAR::FLOAT[n]` takes it."""
    return "[" + ",".join(map(f"{{:.{_DIGITS}g}}".format, vector)) + "]"


def rows_from(types: Mapping[str, str], parameter: str = "?") -> str:
    """A table expression for a parameter of JSON rows with columns of these types."""
    return f"(SELECT unnest(from_json({parameter}, '{json.dumps([types])}'), recursive := true))"


def insert_rows(
    connection: Connection, table: str, types: Mapping[str, str], rows: Sequence[Mapping[str, JsonValue]]
) -> None:
    """Insert rows, given as JSON values by column; a column that a row doesn't have is NULL."""
    columns = ", ".join(types)
    connection.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {rows_from(types)}", [json.dumps(rows)])


def insert_with_vectors(
    connection: Connection,
    table: str,
    types: Mapping[str, str],
    rows: Sequence[Mapping[str, JsonValue]],
    vectors: Sequence[Vector | None],
) -> None:
    """Insert rows as `insert_rows` does, with a vector for each (or none) as `embedding`; all of one length."""
    if all(vector is None for vector in vectors):
        insert_rows(connection, table, types, rows)
        return
    numbered = [{**row, "number": number} for number, row in enumerate(rows)]
    there: set[str] = set().union(*rows)
    used = {name: types[name] for name in types if name in there}
    columns = ", ".join(used)
    with given_vectors(connection, vectors) as vectors_given:
        connection.execute(
            f"INSERT INTO {table} ({columns}, embedding) SELECT {columns}, embedding "
            f"FROM {rows_from({**used, 'number': 'INTEGER'})} LEFT JOIN {vectors_given} USING (number)",
            [json.dumps(numbered)],
        )


@contextmanager
def given_vectors(connection: Connection, vectors: Sequence[Vector | None]) -> Iterator[str]:
    """A table expression of the vectors that aren't None, with the columns `number` (the place) and `embedding`."""
    import numpy as np

    numbers = [number for number, vector in enumerate(vectors) if vector is not None]
    dimension = next(len(vector) for vector in vectors if vector is not None)
    columns = {
        "number": np.repeat(np.array(numbers, "i4"), dimension),
        "place": np.tile(np.arange(dimension, dtype="i4"), len(numbers)),
        "value": np.frombuffer(b"".join(vector for vector in vectors if vector is not None), "f4"),
    }
    connection.register("given_vectors", columns)
    try:
        yield (
            f"(SELECT number, list(value ORDER BY place)::FLOAT[{dimension}] AS embedding "
            "FROM given_vectors GROUP BY number)"
        )
    finally:
        connection.unregister("given_vectors")


def mean_vector(vectors: Numbers) -> Vector:
    """The mean of vectors, given as rows of numbers, of unit length; of a single one, itself."""
    from array import array

    import numpy as np

    if len(vectors) > 1:
        mean = vectors.mean(axis=0, dtype="f8")
        vectors = (mean / (np.linalg.norm(mean) or 1.0)).astype("f4")
    return array("f", vectors.tobytes())


def columns(
    connection: Connection, sql: str, types: Mapping[str, str], values: Mapping[str, JsonValue] | None = None
) -> dict[str, Numbers]:
    """The result's columns as arrays of these names and types, in this order; a `FLOAT[n]` gives rows of n numbers.

    The statement has the `values` by `given` and `given_list`. Raises `TypeError` for a column of another type, or one
    with a NULL in it.
    """
    if values is not None:
        # Written out, since the first parameter of a process has DuckDB import decimal and uuid and look for pandas,
        # which takes 3 ms. It is ASCII without control characters, so quotes are all there is to see to.
        connection.execute(f"SET VARIABLE given = {quoted(json.dumps(dict(values)))}")
    found = connection.execute(sql).fetchnumpy()
    return {name: _plain(column, kind) for (name, kind), column in zip(types.items(), found.values(), strict=True)}


def _plain(column: Numbers, kind: str) -> Numbers:
    import numpy as np

    if type(column) is np.ndarray and column.dtype == object:  # an array for each row
        column = np.stack(column.tolist()) if len(column) else np.empty(0, kind)
    if type(column) is not np.ndarray or column.dtype != kind:
        raise TypeError(f"expected a column of {kind} without NULL, got {type(column).__name__} of {column.dtype}")
    return column


def given(name: str) -> str:
    """A value in a statement for `columns`: with a parameter DuckDB would keep the whole result as rows first."""
    return f"(getvariable('given')->>'{name}')"


def given_list(name: str, of: str = "VARCHAR") -> str:
    """A value that is a list."""
    return f"from_json(getvariable('given')->'{name}', '[\"{of}\"]')"


def quoted(text: str) -> str:
    """A text (without NUL) quoted for a statement, where a parameter isn't possible: a path to attach, say."""
    return "'" + text.replace("'", "''") + "'"


def listed(parameter: str, of: str = "VARCHAR") -> str:
    """A parameter as a list: bound as JSON, because each bound value costs 0.1 ms in DuckDB's binding."""
    return f"from_json({parameter}, '[\"{of}\"]')"


def any_of(parameter: str = "?", of: str = "VARCHAR") -> str:
    """The right side of `IN` for a parameter that is a list, bound as `listed` binds it."""
    return f"(SELECT unnest({listed(parameter, of)}))"


def utc_text(time: datetime) -> str:
    """A time as text for a TIMESTAMP, which is in UTC here: without its zone."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat()


def seq_in(seqs: Collection[int]) -> str:
    """The condition that a row's `seq` is one of these.

    A function is applied before other columns are read, where `IN` only rules out whole row groups: 50 vectors of
    100,000 take 17 ms instead of 200. But it looks through the list for each row, so there is a limit to it.
    """
    if len(seqs) > _MOST_LISTED:
        return f"seq IN ({written(seqs)})"
    return f"list_contains([{written(seqs)}]::BIGINT[], seq)"


def text_in(name: str, texts: Collection[str]) -> str:
    """The condition that a column is one of these texts, where hardly any row is.

    A few are written out, as NUL can't be: only then does DuckDB look for them while it reads the column, which takes
    two thirds of the time.
    """
    if len(texts) > _MOST_WRITTEN or any("\0" in text for text in texts):
        return f"{name} IN {any_of(quoted(json.dumps(list(texts))))}"
    return f"{name} IN ({', '.join(map(quoted, texts)) or 'NULL'})"


def key_in(name: str, keys: Collection[str]) -> str:
    """The condition that a column is one of these few keys; a function, for the reason that `seq_in` gives."""
    return f"list_contains([{', '.join(map(quoted, keys))}]::VARCHAR[], {name})"


def written(numbers: Iterable[int]) -> str:
    """Numbers written out for `IN`: only then does DuckDB filter while it reads a column."""
    return ", ".join(str(int(number)) for number in numbers) or "NULL"
