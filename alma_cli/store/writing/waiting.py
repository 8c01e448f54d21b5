"""Folds in what waits in the journal, some files per transaction, and removes each file once it is folded in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alma_cli.store.database.connection import Connection
from alma_cli.store.database.engine import transaction
from alma_cli.store.inbox.journal import Journal
from alma_cli.store.writing.changes import Folded, ProjectRules

if TYPE_CHECKING:
    from alma_cli.store.inbox.operations import Operation

_FOLDED_TOGETHER = 64
"""The number of files that are folded in one transaction, which bounds memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingOperations:
    """The operations in the `journal`; `own` are those that were just written here and needn't be read.

    `make_durable` is called after each transaction, before the files of its operations are removed.
    """

    journal: Journal
    own: Mapping[str, Operation]
    now_ms: Callable[[], int]
    rules: ProjectRules
    make_durable: Callable[[], None]

    def fold(self, connection: Connection) -> Folded:
        """Fold in all operations, in order."""
        folded = Folded()
        names = self.journal.names()
        for start in range(0, len(names), _FOLDED_TOGETHER):
            self._fold_files(connection, self._read(names[start : start + _FOLDED_TOGETHER], folded), folded)
        self.journal.sweep()
        return folded

    def _read(self, names: Sequence[str], folded: Folded) -> dict[str, Operation]:
        """The operations in these files, without those that can't be read."""
        from alma_cli.store.inbox.operations import MalformedError, NewerFormatError

        operations = {}
        for name in names:
            try:
                operation = self.own.get(name) or self.journal.read(name)
            except MalformedError:
                self._set_aside(name, folded)
            except NewerFormatError:
                folded.warnings.append(f"{name} in {self.journal.folder} waits for a newer ALMA, which wrote it")
            except OSError as error:
                folded.warnings.append(f"{name} in {self.journal.folder} can't be read: {error.strerror}")
            else:
                if operation is not None:
                    operations[name] = operation
        return operations

    def _fold_files(self, connection: Connection, operations: Mapping[str, Operation], folded: Folded) -> None:
        """Fold in one transaction; if that fails, each operation in its own, and set aside what can't be folded."""
        from alma_cli.store.database import duckdb
        from alma_cli.store.writing.fold import fold

        if not operations:
            return
        try:
            with transaction(connection):
                done = fold(connection, list(operations.values()), now_ms=self.now_ms(), rules=self.rules)
        except (
            duckdb.DataError,
            duckdb.IntegrityError,
            duckdb.InvalidInputException,
            ValueError,
            TypeError,
            ArithmeticError,
        ):
            if len(operations) > 1:
                for name, operation in operations.items():
                    self._fold_files(connection, {name: operation}, folded)
            else:
                self._set_aside(next(iter(operations)), folded)
            return
        self.make_durable()
        folded.changes |= done.changes
        folded.derived += done.derived
        folded.known_bad += done.known_bad
        self.journal.remove(operations)

    def _set_aside(self, name: str, folded: Folded) -> None:
        try:
            path = self.journal.set_aside(name)
        except OSError as error:
            folded.warnings.append(f"{name} in {self.journal.folder} can't be folded in: {error.strerror}")
        else:
            folded.warnings.append(f"a write that can't be read was set aside: {path}")
