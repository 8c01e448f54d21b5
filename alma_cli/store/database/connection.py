"""The type of an open database, for annotations: DuckDB itself is imported where a store is opened."""

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from alma_cli.store.database.duckdb import DuckDBPyConnection as Connection
else:
    Connection: TypeAlias = Any

__all__ = ["Connection"]
