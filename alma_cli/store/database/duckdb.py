"""The one import of DuckDB: its C module `_duckdb`, without the package around it, which saves half of the import.

Importing it takes about 50 ms, so callers import this module where they open a store, or for type checking only.
"""

from _duckdb import (
    BinderException,
    CatalogException,
    DataError,
    DuckDBPyConnection,
    Error,
    IntegrityError,
    InvalidInputException,
    __version__,
    connect,
)

__all__ = [
    "BinderException",
    "CatalogException",
    "DataError",
    "DuckDBPyConnection",
    "Error",
    "IntegrityError",
    "InvalidInputException",
    "__version__",
    "connect",
]
