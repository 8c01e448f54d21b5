"""How values reach DuckDB and come back: rows and lists as one JSON text, a vector as text, many as one numpy array.

DuckDB's Python binding looks for pandas at every single value it is given, at 0.1 ms each where that isn't installed,
and binds a list as a vector four times as slowly as the text of it. Of many vectors, texts take four times as long as
an array, which a process that has only a few doesn't import numpy for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np

    from alma_cli.core.records import JsonValue
    from alma_cli.store.database.duckdb import Connection
    from alma_cli.store.inbox.operations import Vector

    Numbers: TypeAlias = np.ndarray[Any, Any]

_VECTORS_WORTH_NUMPY = 32


def vector_text(vector: Vector | None) -> str | None:
    """A vector as `?::VARCHAR::FLOAT[n]` takes it."""
    return None if vector is None else "[" + ",".join(map("{:.8g}".format, vector)) + "]"


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
    if sum(vector is not None for vector in vectors) < _VECTORS_WORTH_NUMPY:
        texts = [{**row, "embedding": vector_text(vector)} for row, vector in zip(rows, vectors, strict=True)]
        insert_rows(connection, table, {**types, "embedding": "VARCHAR"}, texts)
        return
    numbered = [{**row, "number": number} for number, row in enumerate(rows)]
    there: set[str] = set().union(*rows)
    used = {name: types[name] for name in types if name in there}
    columns = ", ".join(used)
    with _given_vectors(connection, vectors) as given:
        connection.execute(
            f"INSERT INTO {table} ({columns}, embedding) SELECT {columns}, embedding "
            f"FROM {rows_from({**used, 'number': 'INTEGER'})} LEFT JOIN {given} USING (number)",
            [json.dumps(numbered)],
        )


@contextmanager
def _given_vectors(connection: Connection, vectors: Sequence[Vector | None]) -> Iterator[str]:
    """A table expression of those that aren't None: `number` in the sequence, `embedding`. Ends with the block."""
    import numpy as np

    numbers = [number for number, vector in enumerate(vectors) if vector is not None]
    dimension = next(len(vector) for vector in vectors if vector is not None)
    given = {
        "number": np.repeat(np.array(numbers, "i4"), dimension),
        "place": np.tile(np.arange(dimension, dtype="i4"), len(numbers)),
        "value": np.frombuffer(b"".join(vector for vector in vectors if vector is not None), "f4"),
    }
    connection.register("given_vectors", given)
    try:
        yield (
            f"(SELECT number, list(value ORDER BY place)::FLOAT[{dimension}] AS embedding "
            "FROM given_vectors GROUP BY number)"
        )
    finally:
        connection.unregister("given_vectors")


def quoted(text: str) -> str:
    """A text as it stands in a statement, where no parameter may be: a path to attach, say. It has no NUL."""
    return "'" + text.replace("'", "''") + "'"


def listed(parameter: str, of: str = "VARCHAR") -> str:
    """A parameter as a list: bound as JSON, because each bound value costs 0.1 ms in DuckDB's binding."""
    return f"from_json({parameter}, '[\"{of}\"]')"


def written(numbers: Iterable[int]) -> str:
    """Numbers as they stand in a statement: only what `IN` has written out is filtered while a column is read."""
    return ", ".join(str(int(number)) for number in numbers) or "NULL"
