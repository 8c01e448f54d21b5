"""Opens the store: makes a missing one, migrates an older one, refuses a newer one."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import time_ns

from alma_cli.core.replication.hlc import HLC
from alma_cli.errors import StoreCorrupt, StoreTooNew, StoreUnwritable
from alma_cli.files import flush_file, flush_folder, make_folder, own, remove_if_there, to_write_it
from alma_cli.store.database.checkpoint import undo_path, undo_unfinished
from alma_cli.store.database.connection import Connection
from alma_cli.store.database.engine import connected, transaction
from alma_cli.store.database.schema import MIGRATIONS, Migration, views


class OutdatedError(StoreUnwritable):
    """The store has an older schema, and may not be migrated in passing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFile:
    """Where a store is, and the `dimension` of the vectors that a new one is made for.

    `after_migrating` brings what new fields and rules change up to date in an older store, in the same transaction.
    """

    path: str
    backup_dir: str
    spill_dir: str
    dimension: int
    after_migrating: Callable[[Connection], None]
    migrations: Sequence[Migration] = MIGRATIONS

    def exists(self) -> bool:
        """True when anything was ever stored."""
        return os.path.exists(self.path) and os.path.getsize(self.path) > 0

    def identity(self) -> tuple[int, int] | None:
        """The device and inode of the file, or None without one."""
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    @contextmanager
    def opened(self, *, read_only: bool) -> Iterator[Connection]:
        """A connection to a store of the present schema.

        A new store is made and an older one migrated (a copy is kept in `backup_dir`) unless `read_only`, where an
        older one raises `OutdatedError`. A newer one raises `StoreTooNew` and is not touched.
        """
        if not read_only:
            self._mend_or_make()
        with connected(self.path, read_only=read_only, spill_dir=self.spill_dir) as connection:
            version = self._version(connection)
            if version == len(self.migrations):
                if not read_only:
                    self._own(connection)
                yield connection
                return
        if read_only:
            raise OutdatedError(
                f"{self.path} has to be brought from schema {version} to {len(self.migrations)} first",
                hint="run any command where it may be written, such as `alma stats`",
            )
        self._keep_copy(version)
        with connected(self.path, read_only=False, spill_dir=self.spill_dir) as connection:
            self._migrate(connection, version)
            self._own(connection)
            yield connection

    def was_left_open(self) -> bool:
        """True when a process died while it rewrote parts of the file; opening the store for writing repairs it."""
        return os.path.exists(undo_path(self.path))

    def _mend_or_make(self) -> None:
        try:
            if self.exists():
                undo_unfinished(self.path)
            else:
                self._make()
        except OSError as error:
            raise StoreUnwritable(
                f"cannot make {self.path}: {error.strerror}",
                hint=to_write_it(error),
            ) from error

    def _make(self) -> None:
        """Make an empty store beside its place and rename it there, so that it is there whole or not at all."""
        unfinished = self.path + ".new"
        for leftover in (unfinished, unfinished + ".wal", undo_path(self.path)):
            remove_if_there(leftover)
        self._set_log_aside()
        with connected(unfinished, read_only=False, spill_dir=self.spill_dir) as connection:
            self._migrate(connection, 0)
            connection.execute("CHECKPOINT store")
        own(unfinished)
        os.rename(unfinished, self.path)
        flush_folder(os.path.dirname(self.path))

    def _set_log_aside(self) -> None:
        """Move the log of a store that is gone into the backups: DuckDB would take it for the new store's."""
        if os.path.exists(self.path + ".wal"):
            make_folder(self.backup_dir)
            os.replace(self.path + ".wal", os.path.join(self.backup_dir, f"memory-{time_ns()}.duckdb.wal"))

    def _version(self, connection: Connection) -> int:
        """The store's schema version."""
        from alma_cli.store.database import duckdb

        try:
            rows = connection.execute("SELECT schema_version FROM store.replica").fetchall()
        except (duckdb.CatalogException, duckdb.BinderException):
            rows = []
        if len(rows) != 1 or not isinstance(rows[0][0], int):
            raise StoreCorrupt(
                f"{self.path} doesn't say which schema it has, so it isn't a store of ALMA's",
                hint="restore the newest copy in .alma/backup/, or move the file away and import an export",
            )
        version: int = rows[0][0]
        if version > len(self.migrations):
            raise StoreTooNew(
                f"{self.path} has schema {version}, and this ALMA knows schemas up to {len(self.migrations)}; "
                "it was left untouched",
                hint="upgrade ALMA",
            )
        return version

    def _migrate(self, connection: Connection, version: int) -> None:
        """Bring the store up at once: tables first, as DuckDB alters none whose rows the transaction has changed."""
        missing = self.migrations[version:]
        with transaction(connection):
            for statements in missing:
                if isinstance(statements, str):
                    connection.execute(statements.replace("{dimension}", str(self.dimension)))
            if not version:
                replica_id = os.urandom(8).hex()
                connection.execute(
                    "INSERT INTO replica VALUES (1, ?, ?, ?, ?, 0, ?)",
                    [replica_id, os.uname().nodename, self.path, str(HLC(0, 0, replica_id)), self.dimension],
                )
            for change_rows in missing:
                if not isinstance(change_rows, str):
                    change_rows(connection)
            connection.execute("UPDATE replica SET schema_version = ?", [len(self.migrations)])
            for view in views():
                connection.execute(view)
            if version:
                self.after_migrating(connection)

    def _own(self, connection: Connection) -> None:
        """Make a store that was copied to another place or host a replica of its own."""
        row = connection.execute("SELECT replica_id, hlc, host, path FROM replica").fetchone()
        assert row is not None
        replica_id, hlc, host, path = row
        if (host, path) == (os.uname().nodename, self.path):
            return
        replica_id = os.urandom(8).hex()
        last = HLC.parse(hlc)
        connection.execute(
            "UPDATE replica SET replica_id = ?, hlc = ?, host = ?, path = ?",
            [replica_id, str(HLC(last.wall_ms, last.counter, replica_id)), os.uname().nodename, self.path],
        )

    def _keep_copy(self, version: int) -> None:
        """Copy the store and its log, on disk before anything is changed."""
        try:
            make_folder(self.backup_dir)
            for suffix in ("", ".wal"):
                copy = os.path.join(self.backup_dir, f"memory-schema-{version}.duckdb{suffix}")
                remove_if_there(copy)
                if os.path.exists(self.path + suffix):
                    shutil.copyfile(self.path + suffix, copy)
                    own(copy)
                    flush_file(copy)
            flush_folder(self.backup_dir)
        except OSError as error:
            raise StoreUnwritable(
                f"cannot keep a copy of the store in {self.backup_dir} before migrating it: {error.strerror}",
                hint="the store was left untouched; free some space or fix the folder's rights",
            ) from error
