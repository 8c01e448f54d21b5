"""The store of one project: durable for the one who writes, and shared by many processes.

A write is in the journal before anything else is tried; folding it into the database can be repeated. Whoever holds the
lock folds first. So a lock that can't be had, or a disk that fills up meanwhile, costs a delay and never a memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from time import time_ns
from typing import TYPE_CHECKING

from alma_cli.errors import StoreBusy, StoreError
from alma_cli.store.engine import CHECKPOINT_AT_BYTES, checkpoint, log_bytes, transaction
from alma_cli.store.fold import Change, fold
from alma_cli.store.journal import Journal
from alma_cli.store.lock import hold, is_awaited
from alma_cli.store.opening import StoreFile
from alma_cli.store.operations import Operation
from alma_cli.store.reader import Reader, changes_of

if TYPE_CHECKING:
    from _duckdb import DuckDBPyConnection as Connection

_FOLDED_TOGETHER = 64
"""Files of the journal that are folded in one transaction, which bounds memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a write: in the store with `changes`, or (`queued`) safe in the journal, and why."""

    changes: tuple[Change, ...] = ()
    queued: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The store, journal and lock at their paths; `wait_s` bounds each wait for the lock, in seconds."""

    file: StoreFile
    journal: Journal
    lock_path: str
    wait_s: float
    now_ms: Callable[[], int] = field(default=lambda: time_ns() // 1_000_000)

    def submit(self, operations: Sequence[Operation]) -> Receipt:
        """Make the operations durable, then fold them in with all that waits.

        Raises `StoreUnwritable` when the journal can't be written: nothing was recorded then. After that nothing
        fails: what can't be folded in now is `queued`.
        """
        names = [self.journal.write(operation) for operation in operations]
        try:
            with self._locked(shared=False):
                if not set(names).isdisjoint(self.journal.names()):
                    with self.file.opened(read_only=False) as connection:
                        done = self._fold_pending(connection)
                        changes = _in_order(connection, operations, done)
                else:
                    with self.file.opened(read_only=True) as connection:
                        changes = _in_order(connection, operations, {})
        except (StoreBusy, StoreError) as error:
            return Receipt(queued=True, reason=error.message)
        return Receipt(changes=changes)

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """What is stored, with all that waited in the journal.

        Where nothing may be written, as it is. Raises `StoreBusy`, `StoreCorrupt` and `StoreTooNew`.
        """
        if self.journal.names() and self.writable():
            with self.writing() as connection:
                yield Reader(connection)
        elif self.file.exists():
            with self._locked(shared=True), self.file.opened(read_only=True) as connection:
                yield Reader(connection)
        else:
            yield Reader(None)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The database with the journal folded in, for changes that need no journal (vectors, say)."""
        with self._locked(shared=False), self.file.opened(read_only=False) as connection:
            self._fold_pending(connection)
            yield connection
            self._checkpoint_if_due(connection)

    def writable(self) -> bool:
        """Whether this process may write where the store is."""
        folder = os.path.dirname(self.file.path)
        return os.access(folder, os.W_OK) and (not os.path.exists(self.file.path) or os.access(self.file.path, os.W_OK))

    def bytes_on_disk(self) -> int:
        """The size of the database and its log."""
        return (os.path.getsize(self.file.path) if self.file.exists() else 0) + log_bytes(self.file.path)

    def _locked(self, *, shared: bool) -> AbstractContextManager[None]:
        return hold(self.lock_path, shared=shared, wait_s=self.wait_s)

    def _fold_pending(self, connection: Connection) -> dict[str, list[Change]]:
        names = self.journal.names()
        done: dict[str, list[Change]] = {}
        for start in range(0, len(names), _FOLDED_TOGETHER):
            done |= self._fold_files(connection, names[start : start + _FOLDED_TOGETHER])
        self._checkpoint_if_due(connection)
        return done

    def _fold_files(self, connection: Connection, names: list[str]) -> dict[str, list[Change]]:
        """Fold files in one transaction or, when one of them can't be, each in its own, setting aside which can't."""
        import _duckdb

        read = [(name, self.journal.read(name)) for name in names]
        waiting = [(name, operation) for name, operation in read if operation is not None]
        try:
            with transaction(connection):
                done = fold(connection, [operation for _, operation in waiting], now_ms=self.now_ms())
        except (_duckdb.DataError, _duckdb.IntegrityError, ValueError, TypeError, RuntimeError):
            if len(waiting) > 1:
                done = {}
                for name, _ in waiting:
                    done |= self._fold_files(connection, [name])
                return done
            self.journal.set_aside(waiting[0][0])
            return {}
        self.journal.remove([name for name, _ in waiting])
        return done

    def _checkpoint_if_due(self, connection: Connection) -> None:
        if log_bytes(self.file.path) > CHECKPOINT_AT_BYTES and not is_awaited(self.lock_path):
            checkpoint(connection)


def _in_order(
    connection: Connection, operations: Sequence[Operation], done: dict[str, list[Change]]
) -> tuple[Change, ...]:
    """The operations' changes: as just made, or from the audit when another process made them."""
    elsewhere = [operation.op_id for operation in operations if operation.op_id not in done]
    known = done | changes_of(connection, elsewhere) if elsewhere else done
    return tuple(change for operation in operations for change in known.get(operation.op_id, []))
