"""How values reach DuckDB: rows and lists as one JSON text, vectors as text.

DuckDB's Python binding looks for pandas at every single value it is given, at 0.1 ms each where that isn't installed,
and binds a list as a vector four times as slowly as the text of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from _duckdb import DuckDBPyConnection as Connection

    from alma_cli.core.records import JsonValue
    from alma_cli.store.operations import Vector

    Numbers: TypeAlias = np.ndarray[Any, Any]


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


def listed(parameter: str, of: str = "VARCHAR") -> str:
    """A parameter as a list: bound as JSON, because each bound value costs 0.1 ms in DuckDB's binding."""
    return f"from_json({parameter}, '[\"{of}\"]')"


def written(numbers: Iterable[int]) -> str:
    """Numbers as they stand in a statement: only what `IN` has written out is filtered while a column is read."""
    return ", ".join(str(int(number)) for number in numbers) or "NULL"
