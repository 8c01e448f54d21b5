"""Finds DuckDB's vss extension, which the extra `vss` installs, and loads it."""

import os

from alma_cli.store.database.connection import Connection
from alma_cli.store.database.values import quoted


def unavailable() -> str:
    """Why DuckDB's vss extension can't be used; empty when it can."""
    from alma_cli.store.database import duckdb

    path = _path()
    if path is None:
        return "the extension isn't installed"
    if not os.path.exists(path):
        return f"the installed extension is not for DuckDB {duckdb.__version__}"
    return ""


def _path() -> str | None:
    """Where the extension for this DuckDB is if its package has it; None without the package."""
    from importlib.util import find_spec

    from alma_cli.store.database import duckdb

    package = find_spec("duckdb_extension_vss")
    if package is None or not package.submodule_search_locations:
        return None
    folder = package.submodule_search_locations[0]
    return f"{folder}/extensions/v{duckdb.__version__}/vss.duckdb_extension"


def connection_with_extension() -> Connection:
    """A connection to an empty database, with the extension loaded."""
    from alma_cli.store.database import duckdb

    connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})
    connection.execute(f"LOAD {quoted(str(_path()))}")
    return connection
