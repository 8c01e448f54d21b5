"""Folds operations into the store: each once, in the given order, within the caller's transaction.

The audit row that every change leaves has the operation's id, by which a second folding is recognised.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from alma_cli.core.learning.moves import own_words
from alma_cli.core.records import FIELD_NAMES, UNCLEAR_LABEL, AntiPattern, Credit, Heuristic, Outcome, Record
from alma_cli.core.replication.merge import Tombstone
from alma_cli.store.database.connection import Connection
from alma_cli.store.database.rows import RECORD_COLUMNS, row_record
from alma_cli.store.database.values import any_of, quoted, text_in, utc_text
from alma_cli.store.inbox.operations import (
    Archive,
    Entry,
    Forget,
    GeneralWords,
    Insert,
    Operation,
    Refuse,
    Revise,
    Reword,
    Undo,
)
from alma_cli.store.writing.changes import Folded, ProjectRules, RecordChange
from alma_cli.store.writing.credits import Group, groups, is_own_group
from alma_cli.store.writing.derived import Touched, derive_touched
from alma_cli.store.writing.rows_writer import Replaced, RowsWriter
from alma_cli.store.writing.undoable import GRACE, changed_by, end_grace

_PLACE = frozenset({"domain", "task_key", "strategy_key", "target"})
"""The fields by which a correction or a credit belongs to a rule; what it says in the rule's words goes along."""


def fold(connection: Connection, operations: Sequence[Operation], *, now_ms: int, rules: ProjectRules) -> Folded:
    """Apply the operations, and derive again what they touch. Those that were folded before are left out."""
    ids = [entry.record.id for op in operations if isinstance(op, Insert) for entry in op.entries]
    known, present, forgotten = _known(connection, operations, ids)
    fresh = list({op.op_id: op for op in operations if op.op_id not in known}.values())
    rows = RowsWriter(connection, now_ms=now_ms)
    folding = _Folding(rows, present, forgotten, groups(connection, fresh))
    folded = Folded()
    for operation in fresh:
        folded.changes[operation.op_id] = folding.apply(operation)
    rows.flush()
    derivation = derive_touched(rows, folding.touched, rules)
    folded.derived = derivation.changed
    folded.known_bad = derivation.known_bad(folding.outcomes)
    if fresh:
        end_grace(connection, before=rows.now - GRACE)
    rows.finish()
    return folded


class _Folding:
    """Folds the operations of one transaction: it knows which records are there or forgotten, and what to derive."""

    def __init__(self, rows: RowsWriter, present: set[str], forgotten: set[str], groups: Mapping[str, Group]) -> None:
        self.outcomes: list[Outcome] = []
        self.touched = Touched()
        self._rows = rows
        self._present = present
        self._forgotten = forgotten
        self._groups = groups

    def apply(self, operation: Operation) -> list[RecordChange]:
        """Make an operation's changes."""
        match operation:
            case Insert():
                changes = [self._insert(entry, operation) for entry in operation.entries]
            case Revise():
                changes = [self._revise(operation.entry, operation, changed=operation.changed)]
            case Reword():
                changes = self._reword(operation)
                changes += [self._revise(entry, operation, changed=_PLACE) for entry in operation.following]
            case Forget():
                changes = [self._forget(id, operation) for id in operation.ids]
                if operation.at_once:
                    end_grace(self._rows.connection)
            case Undo():
                changes = self._undo(operation)
            case Archive():
                changes = [self._archive(id, operation) for id in operation.ids]
            case Refuse():
                changes = [self._note(operation, "refuse", "", operation.agent, operation.reason)]
            case _:
                raise TypeError(operation.name())
        return changes

    def _insert(self, entry: Entry, operation: Operation) -> RecordChange:
        record = entry.record
        if record.id in self._forgotten:
            return self._note(operation, "skip-forgotten", record.id, record.agent)
        if record.id in self._present:
            return self._note(operation, "skip-present", record.id, record.agent)
        if _is_derived(record):
            return self._note(operation, "skip-derived", record.id, record.agent)
        if isinstance(record, Credit) and is_own_group(record, self._groups):
            return self._note(operation, "skip-own-group", record.id, record.agent)
        self._present.add(record.id)
        self._rows.add(entry, hlc=str(self._rows.stamp_of(record)))
        self.touched.add(record)
        if isinstance(record, Outcome):
            self.outcomes.append(record)
        return self._note(operation, "insert", record.id, record.agent, record.kind)

    def _revise(
        self,
        entry: Entry,
        operation: Operation,
        *,
        changed: Collection[str] = (),
        action: str = "revise",
        detail: str = "",
    ) -> RecordChange:
        record = entry.record
        if _is_derived(record):
            return self._note(operation, "skip-derived", record.id, record.agent)
        removed = self._remove(record.id)
        if removed is None:
            return self._note(operation, "skip-forgotten", record.id, record.agent)
        previous, hlc, acked_hlc = removed
        if changed:
            entry = _brought_up(entry, previous, changed)
        self._rows.add_history([Replaced(record=previous, hlc=hlc, at=operation.at, by=operation.by)])
        self._rows.add(entry, hlc=str(self._rows.stamp(after=hlc)), acked_hlc=acked_hlc)
        self.touched.add(previous)
        self.touched.add(entry.record)
        return self._note(operation, action, record.id, record.agent, detail or record.kind)

    def _reword(self, operation: Reword) -> list[RecordChange]:
        self._rows.flush()
        ids = [words.id for words in operation.words]
        rows = self._rows.connection.execute(
            f"SELECT hlc, acked_hlc, {RECORD_COLUMNS} FROM memories WHERE id IN {any_of()}",
            [json.dumps(ids)],
        ).fetchall()
        stored = {record.id: (record, *stamps) for *stamps, record in ((*row[:2], row_record(row[2:])) for row in rows)}
        changes: list[RecordChange] = []
        replaced: list[Replaced] = []
        entries: list[tuple[Entry, str, str | None]] = []
        for words in operation.words:
            record, hlc, acked_hlc = stored.pop(words.id, (None, "", None))
            action, entry = _reworded(record, words, operation)
            changes.append(self._note(operation, action, words.id, operation.agent))
            if record is not None and entry is not None:
                replaced.append(Replaced(record=record, hlc=hlc, at=operation.at, by=operation.by))
                entries.append((entry, hlc, acked_hlc))
                self.touched.add(record)
                self.touched.add(entry.record)
        self._rows.remove([entry.record.id for entry, _, _ in entries])
        self._rows.add_history(replaced)
        for entry, hlc, acked_hlc in entries:
            self._rows.add(entry, hlc=str(self._rows.stamp(after=hlc)), acked_hlc=acked_hlc)
        return changes

    def _forget(self, id: str, operation: Forget) -> RecordChange:
        removed = self._remove(id)
        if removed is None:
            return self._note(operation, "skip-forgotten", id, "")
        record, hlc, acked_hlc = removed
        if not operation.at_once:
            self._rows.add_history([Replaced(record=record, hlc=hlc, at=operation.at, by=operation.by)])
        self._bury(record, hlc, acked_hlc, operation, erasing=operation.at_once)
        return self._note(operation, "forget", id, record.agent, record.kind)

    def _bury(
        self, record: Record, hlc: str, acked_hlc: str | None, operation: Operation, *, erasing: bool = True
    ) -> None:
        self._forgotten.add(record.id)
        self.touched.add(record)
        stamp = self._rows.stamp(after=hlc)
        tombstone = Tombstone(id=record.id, kind=record.kind, agent=record.agent, hlc=stamp, deleted_at=operation.at)
        self._rows.add_tombstones([(tombstone, acked_hlc)], erasing=erasing)

    def _undo(self, operation: Undo) -> list[RecordChange]:
        self._rows.flush_audit()
        entries = {entry.record.id: entry for entry in operation.entries}
        changes: list[RecordChange] = []
        for action, id, agent in changed_by(self._rows.connection, operation.undone):
            if action == "insert":
                done = self._take_back(id, operation)
            elif action == "forget":
                done = id in entries and self._restore(entries[id])
            else:
                done = id in entries
                if done:
                    changes.append(self._revise(entries[id], operation, action="undo", detail=operation.undone))
                    continue
            changes.append(self._note(operation, "undo" if done else "skip-final", id, agent, operation.undone))
        return changes or [self._note(operation, "skip-final", "", "", operation.undone)]  # so that it counts as done

    def _take_back(self, id: str, operation: Operation) -> bool:
        """Remove what an operation added as if it had never been; with a tombstone where the remote may have it."""
        removed = self._remove(id)
        if removed is None:
            return False
        record, hlc, acked_hlc = removed
        self._present.discard(id)
        self.touched.add(record)
        if acked_hlc is None:
            self._rows.erase_history(json.dumps([id]))
        else:
            self._bury(record, hlc, acked_hlc, operation)
        return True

    def _restore(self, entry: Entry) -> bool:
        """Bring back what was forgotten, unless its text was erased since."""
        connection, id = self._rows.connection, entry.record.id
        buried = connection.execute(
            "SELECT hlc, acked_hlc, deleted_at FROM tombstones WHERE id = ? AND EXISTS (SELECT 1 FROM history "
            "WHERE history.id = tombstones.id AND replaced_at = deleted_at AND content IS NOT NULL)",
            [id],
        ).fetchone()
        if buried is None:
            return False
        hlc, acked_hlc, deleted_at = buried
        connection.execute("DELETE FROM tombstones WHERE id = ?", [id])
        connection.execute("DELETE FROM history WHERE id = ? AND replaced_at = ?", [id, deleted_at])
        self._forgotten.discard(id)
        self._present.add(id)
        self._rows.add(entry, hlc=str(self._rows.stamp(after=hlc)), acked_hlc=acked_hlc)
        self.touched.add(entry.record)
        return True

    def _archive(self, id: str, operation: Operation) -> RecordChange:
        self._rows.flush()
        connection = self._rows.connection
        row = connection.execute(
            "SELECT hlc, agent, kind FROM memories WHERE id = ? AND NOT archived AND hlc <> ''", [id]
        ).fetchone()
        if row is None:
            return self._note(operation, "skip-archived", id, "")
        hlc, agent, kind = row
        connection.execute(
            "UPDATE memories SET archived = true, hlc = ? WHERE id = ?", [str(self._rows.stamp(after=hlc)), id]
        )
        return self._note(operation, "archive", id, agent, kind)

    def _remove(self, id: str) -> tuple[Record, str, str | None] | None:
        """Remove a record and return it, with its stamps; None when it isn't there."""
        self._rows.flush()
        row = self._rows.connection.execute(
            f"SELECT hlc, acked_hlc, {RECORD_COLUMNS} FROM memories WHERE id = ?", [id]
        ).fetchone()
        if row is None:
            return None
        self._rows.remove([id])
        hlc, acked_hlc, *columns = row
        return row_record(columns), hlc, acked_hlc

    def _note(self, operation: Operation, action: str, id: str, agent: str, detail: str = "") -> RecordChange:
        self._rows.audit(
            action, id=id, agent=agent, detail=detail, by=operation.by, at=operation.at, op_id=operation.op_id
        )
        return RecordChange(action, id)


def _reworded(record: Record | None, words: GeneralWords, operation: Reword) -> tuple[str, Entry | None]:
    """The change of an outcome that is given general words, and the outcome if it changes."""
    if not isinstance(record, Outcome):
        return "skip-forgotten", None
    if record.agent != operation.agent:
        return "skip-foreign", None
    if not words.replaces and (record.do or (record.when and not words.do)):
        return "skip-present", None
    labels = {name: value for name, value in record.labels.items() if name != UNCLEAR_LABEL}
    if words.unclear:
        labels[UNCLEAR_LABEL] = "unclear"
    worded = replace(
        record,
        when=words.when,
        do=words.do,
        earlier_words=words.earlier_words,
        domain=words.domain or record.domain,
        labels=labels,
        updated_at=max(record.updated_at, operation.at),
    )
    if worded == replace(record, updated_at=worded.updated_at):
        return "skip-same", None
    is_made_for_it = words.task == record.task and words.vector is not None
    entry = Entry(record=worded, vector=words.vector, model=words.model) if is_made_for_it else Entry(record=worded)
    return "reword", entry


def _brought_up(entry: Entry, present: Record, changed: Collection[str]) -> Entry:
    """The new version with all else as the present version has it; without a vector where that is of another topic."""
    new = entry.record
    if new.kind != present.kind:
        return entry
    given = {*changed, "id", "updated_at", *(own_words(present) if changed is _PLACE else ())}
    kept = {name: getattr(present, name) for name in FIELD_NAMES[new.kind] if name not in given}
    record = replace(new, **kept, updated_at=max(new.updated_at, present.updated_at))
    return replace(entry, record=record) if record.topics[0] == new.topics[0] else Entry(record=record)


def _is_derived(record: Record) -> bool:
    """True when only deriving may put the record into the store."""
    return record.origin == "derived" and isinstance(record, Heuristic | AntiPattern)


def changes_of(connection: Connection, op_ids: Sequence[str]) -> dict[str, list[RecordChange]]:
    """The changes by operations that were folded before, by `op_id`."""
    changes: dict[str, list[RecordChange]] = {}
    for op_id, action, id in connection.execute(
        f"SELECT op_id, action, id FROM audit WHERE op_id IN {any_of()} ORDER BY rowid",
        [json.dumps(list(op_ids))],
    ).fetchall():
        changes.setdefault(op_id, []).append(RecordChange(action, id))
    return changes


def _known(
    connection: Connection, operations: Sequence[Operation], ids: list[str]
) -> tuple[set[str], set[str], set[str]]:
    """The ids of operations that were folded before, of records that are there, and of forgotten ones.

    An operation's audit rows have its own time, so older ones needn't be searched.
    """
    since = min((op.at for op in operations), default=datetime.max.replace(tzinfo=UTC))
    rows = connection.execute(
        f"""
        SELECT 0, op_id FROM audit WHERE {text_in("op_id", {op.op_id for op in operations})}
            AND done_at >= {quoted(utc_text(since))}::TIMESTAMP
        UNION ALL SELECT 1, id FROM memories WHERE {text_in("id", ids)}
        UNION ALL SELECT 2, id FROM tombstones WHERE {text_in("id", ids)}
        """
    ).fetchall()
    found: tuple[set[str], set[str], set[str]] = (set(), set(), set())
    for which, id in rows:
        found[which].add(id)
    return found
