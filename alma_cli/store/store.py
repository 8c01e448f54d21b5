"""The store of one project: what it acknowledges is durable, and many processes share it.

A write is in the journal before anything else is tried, and folding it into the database can be repeated. A process
that gets the lock folds first. So a lock that can't be had, or a disk that fills up, costs a delay and never a memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from time import time_ns
from types import MappingProxyType
from typing import TYPE_CHECKING

from alma_cli.core.records import AntiPattern
from alma_cli.core.text import counted, one_line
from alma_cli.errors import LocksUnsupported, StoreBusy, StoreError
from alma_cli.logs import debug, info
from alma_cli.project import BACKUP, JOURNAL
from alma_cli.store.database.checkpoint import checkpoint
from alma_cli.store.database.connection import Connection
from alma_cli.store.database.engine import (
    CHECKPOINT_AT_BYTES,
    bound_memory,
    leave_cores,
    log_bytes,
    own_log,
)
from alma_cli.store.database.opening import OutdatedError, StoreFile
from alma_cli.store.inbox.journal import Journal
from alma_cli.store.inbox.lock import hold, is_awaited
from alma_cli.store.kept_open import KeptOpen
from alma_cli.store.reader import Reader
from alma_cli.store.reading.general_words import Near
from alma_cli.store.writing.changes import Folded, ProjectRules, RecordChange
from alma_cli.store.writing.waiting import WaitingOperations

if TYPE_CHECKING:
    from alma_cli.store.inbox.operations import Entry, Operation
    from alma_cli.store.writer import Writer
    from alma_cli.store.writing.derived import DerivedChange

_LOG_LIMIT_BYTES = 16 * CHECKPOINT_AT_BYTES
"""A log of this size is moved into the file even when others wait; else a busy store would get slower and slower."""

_SIMILAR = 20
"""Labels near an outcome that a receipt names, for the reader of their words to choose from."""

_BULK_LOG_BYTES = 8 * 1024 * 1024
"""The same in bulk: replaying that much takes a tenth of a second, and rewriting vectors more often takes longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The result of a write: it is in the store with `changes`, or `queued` safely in the journal, for a `reason`.

    `derived` are the memories derived anew, also from other writes that were folded in on the way; `known_bad` are the
    anti-patterns that new outcomes confirm, and `similar` what the agent knows that is nearest to the outcome that was
    asked about. `warnings` tell of writes that couldn't be folded in.
    """

    changes: tuple[RecordChange, ...] = ()
    derived: tuple[DerivedChange, ...] = ()
    known_bad: tuple[AntiPattern, ...] = ()
    similar: tuple[Near, ...] = ()
    queued: bool = False
    reason: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The store, journal and lock at their paths; `wait_s` bounds each wait for the lock, in seconds.

    `kept` is there in a block of many writes, see `bulk`.
    """

    file: StoreFile
    journal: Journal
    lock_path: str
    wait_s: float
    rules: ProjectRules
    now_ms: Callable[[], int] = field(default=lambda: time_ns() // 1_000_000)
    kept: KeptOpen | None = None

    def submit(self, operations: Sequence[Operation], *, similar_to: Entry | None = None) -> Receipt:
        """Make the operations durable, then fold them in with all others that wait.

        If one of the outcomes is given, the labels nearest to it are in the receipt, should its own words be new.

        Raises `StoreUnwritable` when the journal can't be written; then nothing was recorded. After that, operations
        that can't be folded in now are `queued`; one that can never be raises `StoreError`, and its file is kept.
        """
        if not operations:
            return Receipt()
        names = self._write(operations)
        similar: Sequence[Near] = ()
        try:
            own = dict(zip(names, operations, strict=True))
            with self._opened_and_folded(own, wait_s=self.wait_s) as (connection, folded):
                changes = _in_order(connection, operations, folded.changes)
                if similar_to and RecordChange("skip-forgotten", similar_to.record.id) not in changes:
                    similar = Reader(connection).words.similar_to(similar_to, limit=_SIMILAR)
        except (StoreBusy, StoreError, OSError, MemoryError, ImportError) as error:  # no memory to load DuckDB, say
            reason = one_line(str(error), 400) or "there is too little memory"
            waits = f"kept in the journal, to be folded in by the next command: {reason}"
            return Receipt(queued=True, reason=reason, warnings=(waits,))
        if refused := self.journal.damaged_among(names):
            raise StoreError(
                f"what was to be recorded could not be stored, and is kept in {refused[0]}",
                hint="please report this, with the file if there is nothing private in it",
            )
        return Receipt(
            changes=changes,
            derived=tuple(folded.derived),
            known_bad=tuple(folded.known_bad),
            similar=tuple(similar),
            warnings=tuple(folded.warnings),
        )

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """A reader of the store, once the journal is folded in; if that can't be done now, the store is read as it is.

        The reader's `warnings` tell of writes that weren't folded in. Raises `StoreBusy`, `StoreCorrupt`,
        `StoreTooNew`, `LocksUnsupported`.
        """
        if self.kept:
            with self._opened_and_folded(wait_s=self.wait_s) as (connection, folded):
                yield Reader(connection, folded.warnings)
            return
        warnings, wait_s = self._fold_waiting()
        if not self.file.exists():
            yield Reader(None, warnings)
            return
        with ExitStack() as opened:
            try:
                connection = opened.enter_context(self._opened_as_it_is(wait_s))
                path = self.file.path
            except OutdatedError:
                if not self.writable():
                    raise
                connection, _ = opened.enter_context(self._opened_and_folded(wait_s=self.wait_s))
                path = None
            yield Reader(connection, warnings, path=path)

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """A writer of the store, with the journal folded in, for changes that need no journal (vectors, say)."""
        from alma_cli.store.writer import Writer

        with self._opened_and_folded(wait_s=self.wait_s) as (connection, _):
            if self.kept:
                bound_memory(connection)
            yield Writer(connection, now_ms=self.now_ms, rules=self.rules)

    @contextmanager
    def bulk(self) -> Iterator[Store]:
        """This store, for a block of many writes in a row: they take less memory, and less time altogether.

        In the block the store stays open from one write to the next, unless somebody waits for it, and the log is moved
        into the file only when it is long. The rest of it is moved at the end, if that can be done then, else by a
        later write.
        """
        with KeptOpen(
            partial(self._opened_to_write, self.wait_s), partial(is_awaited, self.lock_path), self.file.identity
        ) as kept:
            try:
                yield replace(self, kept=kept)
            finally:
                if log_bytes(self.file.path) > CHECKPOINT_AT_BYTES:
                    with suppress(StoreBusy, StoreError), kept.opened() as connection:
                        self._checkpoint_if_due(connection, CHECKPOINT_AT_BYTES)

    def alone(self, activity: str) -> AbstractContextManager[None]:
        """Let only one process at a time do this with the store, while others use it. Raises `StoreBusy` at once."""
        return hold(f"{os.path.dirname(self.file.path)}/{activity}.lock", shared=False, wait_s=0)

    def writable(self) -> bool:
        """True when this process may write where the store is."""
        folder = os.path.dirname(self.file.path)
        return os.access(folder, os.W_OK) and (not os.path.exists(self.file.path) or os.access(self.file.path, os.W_OK))

    def bytes_on_disk(self) -> int:
        """The size of the database and its log."""
        return (os.path.getsize(self.file.path) if self.file.exists() else 0) + log_bytes(self.file.path)

    def _write(self, operations: Sequence[Operation]) -> list[str]:
        """Write all to the journal and return their names, or none and raise."""
        names: list[str] = []
        try:
            for operation in operations:
                names.append(self.journal.write(operation))  # noqa: PERF401 (what was written is removed on an error)
        except BaseException:
            self.journal.remove(names)
            raise
        debug("wrote to the journal: %s", ", ".join(names))
        return names

    def _fold_waiting(self) -> tuple[list[str], float]:
        """Fold the journal in if that can be done; return warnings if it can't, and the seconds left to wait."""
        waiting = self.journal.names()
        if not waiting and not self.file.was_left_open():
            return [], self.wait_s
        if not self.writable():
            return [f"{_waits(waiting)} in {self.journal.folder}, which can't be folded in here"], self.wait_s
        patience_s = self.wait_s / 2
        try:
            with self._opened_and_folded(wait_s=patience_s) as (_, folded):
                return folded.warnings, patience_s
        except LocksUnsupported:  # now and later
            raise
        except (StoreBusy, StoreError) as error:
            return [f"{_waits(waiting)} in {self.journal.folder}: {error.message}"], patience_s

    def _locked(self, *, shared: bool, wait_s: float) -> AbstractContextManager[None]:
        return hold(self.lock_path, shared=shared, wait_s=wait_s)

    @contextmanager
    def _opened_as_it_is(self, wait_s: float) -> Iterator[Connection]:
        with self._locked(shared=True, wait_s=wait_s), self.file.opened(read_only=True) as connection:
            info("opened %s to read", self.file.path)
            yield connection

    @contextmanager
    def _opened_to_write(self, wait_s: float) -> Iterator[Connection]:
        with self._locked(shared=False, wait_s=wait_s):
            is_new_log = not log_bytes(self.file.path)
            with self.file.opened(read_only=False) as connection:
                info("opened %s to write", self.file.path)
                if is_new_log:
                    own_log(self.file.path)
                yield connection

    @contextmanager
    def _opened_and_folded(
        self, own: Mapping[str, Operation] = MappingProxyType({}), *, wait_s: float
    ) -> Iterator[tuple[Connection, Folded]]:
        """Open the store and fold the journal in; the `own` files of it were just written here."""
        with self.kept.opened() if self.kept else self._opened_to_write(wait_s) as connection:
            is_new_log = not log_bytes(self.file.path)

            def own_new_log() -> None:
                if is_new_log:
                    own_log(self.file.path)

            waiting = WaitingOperations(
                journal=self.journal, own=own, now_ms=self.now_ms, rules=self.rules, make_durable=own_new_log
            )
            if own and self.kept:  # while the next ones are being embedded
                leave_cores(connection)
            folded = waiting.fold(connection)
            info("operations folded in: %d; rules changed: %d", len(folded.changes), len(folded.derived))
            yield connection, folded
            own_new_log()
            self._checkpoint_if_due(connection, _BULK_LOG_BYTES if self.kept else CHECKPOINT_AT_BYTES)

    def _checkpoint_if_due(self, connection: Connection, at_bytes: int) -> None:
        """Move a long log into the file; if that fails, for want of space, the log stays and is tried again later."""
        from alma_cli.store.database import duckdb

        size = log_bytes(self.file.path)
        if size > max(_LOG_LIMIT_BYTES, at_bytes) or (size > at_bytes and not is_awaited(self.lock_path)):
            try:
                checkpoint(connection, self.file.path)
            except (duckdb.Error, OSError, StoreError) as error:
                info("the log of %d bytes stays, since it can't be moved: %s", size, type(error).__name__)
            else:
                info("moved the log of %d bytes into the file", size)


def open_store(home: Path, *, dimension: int, wait_s: float, rules: ProjectRules) -> Store:
    """The store in a `.alma` folder; nothing is touched until it is used."""
    folder = str(home)
    return Store(
        file=StoreFile(
            path=f"{folder}/memory.duckdb",
            backup_dir=f"{folder}/{BACKUP}",
            spill_dir=f"{folder}/spill",
            dimension=dimension,
            after_migrating=lambda connection: _bring_up_to_date(connection, rules),
        ),
        journal=Journal(f"{folder}/{JOURNAL}"),
        lock_path=f"{folder}/lock",
        wait_s=wait_s,
        rules=rules,
    )


def _bring_up_to_date(connection: Connection, rules: ProjectRules) -> None:
    from alma_cli.store.writing.derived import derive_anew
    from alma_cli.store.writing.kept_fields import take_up_kept_fields

    now_ms = time_ns() // 1_000_000
    take_up_kept_fields(connection, now_ms=now_ms)
    derive_anew(connection, rules, now_ms=now_ms)


def _in_order(
    connection: Connection, operations: Sequence[Operation], done: dict[str, list[RecordChange]]
) -> tuple[RecordChange, ...]:
    """The changes of the operations: those just made, or from the audit when another process made them."""
    from alma_cli.store.writing.fold import changes_of

    elsewhere = [operation.op_id for operation in operations if operation.op_id not in done]
    known = done | changes_of(connection, elsewhere) if elsewhere else done
    return tuple(change for operation in operations for change in known.get(operation.op_id, []))


def _waits(waiting: Sequence[str]) -> str:
    return counted(len(waiting), "write waits", "writes wait")
