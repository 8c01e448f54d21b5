"""DuckDB, opened briefly: what it costs is kept down here, and what it raises is explained here.

The C module is imported without the package around it, which saves half of the import and is all that we use. A file is
attached with small row groups and closed without a checkpoint, because a checkpoint rewrites the last row group; we
checkpoint ourselves when the log has grown and nobody waits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from alma_cli.errors import AlmaError, StoreBusy, StoreCorrupt, StoreError, StoreTooNew, StoreUnwritable

if TYPE_CHECKING:
    from _duckdb import DuckDBPyConnection as Connection

ROW_GROUP_SIZE = 8192
CHECKPOINT_AT_BYTES = 256 * 1024
"""A log of this size costs about 10 ms to replay at each opening."""


@contextmanager
def connected(path: str, *, read_only: bool, spill_dir: str) -> Iterator[Connection]:
    """A connection whose default database is the file at `path`; closed without a checkpoint.

    DuckDB's errors leave here as `StoreCorrupt`, `StoreTooNew`, `StoreUnwritable`, `StoreBusy` or `StoreError`.
    """
    import _duckdb

    with explained(path):
        connection = _duckdb.connect(
            ":memory:",
            config={
                "threads": str(min(4, os.cpu_count() or 1)),
                "temp_directory": spill_dir,
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            },
        )
        try:
            mode = ", READ_ONLY" if read_only else ""
            connection.execute(f"ATTACH {_quoted(path)} AS store (ROW_GROUP_SIZE {ROW_GROUP_SIZE}{mode}); USE store")
            if not read_only:
                connection.execute("PRAGMA disable_checkpoint_on_shutdown")
            yield connection
        finally:
            connection.close()


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """All of the block's changes or none."""
    import _duckdb

    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        try:
            connection.execute("ROLLBACK")
        except _duckdb.Error:
            pass  # it rolled back by itself, and the first error is the one that says why
        raise
    connection.execute("COMMIT")


def checkpoint(connection: Connection) -> None:
    """Move the log into the file."""
    connection.execute("CHECKPOINT store")


def log_bytes(path: str) -> int:
    """The size of the log beside the file at `path`."""
    try:
        return os.path.getsize(path + ".wal")
    except FileNotFoundError:
        return 0


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Turn DuckDB's errors about the file at `path` into ours."""
    import _duckdb

    try:
        yield
    except _duckdb.Error as error:
        raise _explain(error, path) from error


def _explain(error: Exception, path: str) -> AlmaError:
    message = str(error).strip().split("\n")[0]
    said = message.lower()
    if "could not set lock" in said or "conflicting lock" in said:
        return StoreBusy(
            f"another program has {path} open",
            hint="close it (a DuckDB shell, perhaps) and try again; what was recorded meanwhile is kept",
        )
    if "newer version of duckdb" in said or "we can only read versions" in said:
        return StoreTooNew(f"{path} was written by a newer DuckDB; it was left untouched", hint="upgrade alma-memory")
    if any(sign in said for sign in ("no space left", "disk full", "quota exceeded", "file too large")):
        return StoreUnwritable(f"no space left for {path}", hint="free some space on this disk and try again")
    if "permission denied" in said or "read-only" in said or "cannot open file" in said:
        return StoreUnwritable(f"cannot write {path}: {message}", hint="check the owner and rights of its folder")
    if any(sign in said for sign in ("not a valid duckdb", "corrupt", "checksum", "serializ", "wal", "truncated")):
        return StoreCorrupt(
            f"{path} can't be read as a store: {message}",
            hint="it was left untouched; run `alma doctor` for what can be done",
        )
    return StoreError(f"{path}: {message}", hint="`alma doctor` checks the store")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
