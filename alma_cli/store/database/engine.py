"""Opens DuckDB briefly, keeps its costs down, and turns its errors into ours.

A file is attached with small row groups and detached without a checkpoint, because a checkpoint rewrites the last row
group; we checkpoint ourselves when the log has grown and nobody waits.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from alma_cli.errors import (
    AlmaError,
    LocksUnsupported,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreTooNew,
    StoreUnwritable,
)
from alma_cli.files import flush_folder, own
from alma_cli.flock import LOCKS_HINT
from alma_cli.store.database.connection import Connection
from alma_cli.store.database.instance import instance
from alma_cli.store.database.values import quoted

ROW_GROUP_SIZE = 8192
_MEMORY_LIMIT = "512MB"
CHECKPOINT_AT_BYTES = 32 * 1024
"""About 9 writes. Each costs 2 to 5 ms to replay at every opening, and a checkpoint costs 40 to 100 ms."""

_CORRUPT_SIGNS = (
    "not a valid duckdb",
    "corrupt",
    "checksum",
    "could not read enough bytes",
    "failure while replaying wal",
    "does not match database file",
)
_NO_LOCKS_SIGNS = ("file locks are not supported", "no locks available", "function not implemented")
"""As DuckDB says what a file system answers that has no POSIX locks, which flock may work on."""

_FULL_SIGNS = ("no space left", "disk full", "quota exceeded", "file too large", "could not write all bytes")
_DENIED_SIGNS = ("permission denied", "read-only file system", "operation not permitted", "in read-only mode")


@contextmanager
def connected(path: str, *, read_only: bool, spill_dir: str) -> Iterator[Connection]:
    """A connection whose default database is the file at `path`; let go without a checkpoint.

    DuckDB's errors leave here as `StoreCorrupt`, `StoreTooNew`, `StoreUnwritable`, `StoreBusy` or `StoreError`, and
    Ctrl-C as `KeyboardInterrupt`.
    """
    mode = ", READ_ONLY" if read_only else ""
    with explained(path), instance(spill_dir) as connection:
        connection.execute(
            f"ATTACH {quoted(path)} AS store (TYPE duckdb, ROW_GROUP_SIZE {ROW_GROUP_SIZE}{mode}); USE store"
        )
        if not read_only:
            connection.execute("PRAGMA disable_checkpoint_on_shutdown")
        yield connection


def bound_memory(connection: Connection) -> None:
    """Keep DuckDB from filling memory with what it has read or written, until the store is let go."""
    connection.execute(f"SET memory_limit = '{_MEMORY_LIMIT}'")


def leave_cores(connection: Connection) -> None:
    """Keep DuckDB to one core until the store is let go: others need them, and in all it takes less processor time."""
    connection.execute("SET threads = 1")


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """Commit all of the block's changes, or none if it raises."""
    from alma_cli.store.database import duckdb

    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        try:
            connection.execute("ROLLBACK")
        except duckdb.Error:
            pass  # it rolled back by itself, and the first error is the one that says why
        raise
    connection.execute("COMMIT")


def log_bytes(path: str) -> int:
    """The size of the log beside the file at `path`."""
    try:
        return os.path.getsize(path + ".wal")
    except FileNotFoundError:
        return 0


def own_log(path: str) -> None:
    """Flush the log that DuckDB has just made beside the file at `path`, and make it readable by its owner only.

    Raises `StoreUnwritable`.
    """
    if not log_bytes(path):
        return
    try:
        own(path + ".wal")
        flush_folder(os.path.dirname(path))
    except OSError as error:
        raise StoreUnwritable(
            f"cannot keep {path}.wal: {error.strerror}", hint="free some space on this disk"
        ) from error


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Turn DuckDB's errors about the file at `path` into ours."""
    from alma_cli.store.database import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise _explain(error, path) from error
    except RuntimeError as error:
        if "interrupted" in str(error):  # DuckDB's own word for Ctrl-C
            raise KeyboardInterrupt from error
        raise


def _explain(error: Exception, path: str) -> AlmaError:
    message = str(error).strip()
    said = message.replace(path, "").lower()
    shown = message.split("\n")[0]

    def says(signs: Iterable[str]) -> bool:
        return any(sign in said for sign in signs)

    if says(_NO_LOCKS_SIGNS):
        return LocksUnsupported(f"{path} can't be locked: this file system has no locks", hint=LOCKS_HINT)
    if says(["could not set lock", "conflicting lock"]):
        return StoreBusy(
            f"another program has {path} open",
            hint="close it (a DuckDB shell, perhaps) and try again; what was recorded meanwhile is kept",
        )
    if says(["newer version of duckdb", "we can only read versions"]):
        return StoreTooNew(f"{path} was written by a newer DuckDB; it was left untouched", hint="upgrade ALMA")
    if says(_FULL_SIGNS):
        return StoreUnwritable(f"no space left for {path}", hint="free some space on this disk and try again")
    if says(_DENIED_SIGNS):
        return StoreUnwritable(f"cannot open {path}: {shown}", hint="check the owner and rights of it and its folder")
    if says(_CORRUPT_SIGNS) or "Serialization" in type(error).__name__:
        return StoreCorrupt(
            f"{path} can't be read as a store: {shown}",
            hint="it was left untouched; run `alma doctor` for what can be done",
        )
    return StoreError(f"{path}: {shown}", hint="`alma doctor` checks the store")
