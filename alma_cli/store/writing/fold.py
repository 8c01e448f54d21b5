"""Folding operations into the store: each once, in the order it is given, within the caller's transaction.

The audit row that every change leaves carries the operation's id, which is how a second folding is recognised.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import time_ns
from typing import TYPE_CHECKING, Any

from alma_cli.core.codec import to_json
from alma_cli.core.learning.derive import Task
from alma_cli.core.records import AntiPattern, Credit, Heuristic, Outcome, Record
from alma_cli.core.replication.hlc import HLC, next_stamp, stamp_after
from alma_cli.core.words import terms
from alma_cli.store.database.engine import transaction
from alma_cli.store.database.rows import RECORD_COLUMNS, ROW_TYPES, record_row, row_record
from alma_cli.store.database.values import insert_rows, insert_with_vectors, rows_from
from alma_cli.store.inbox.operations import Archive, Entry, Forget, Insert, Operation, Refuse, Revise
from alma_cli.store.writing.changes import Change, Learning
from alma_cli.store.writing.credits import Group, groups, is_own_group
from alma_cli.store.writing.derived import (
    DerivedChange,
    differences,
    in_steps,
    known_bad,
    renew_task_vectors,
    take_task_vectors,
    tasks_with_outcomes,
    update_numbers,
)
from alma_cli.store.writing.keys import drop_orphans, with_keys

if TYPE_CHECKING:
    from alma_cli.store.database.duckdb import Connection
    from alma_cli.store.inbox.operations import Vector

_MEMORY_TYPES = {
    "seq": "BIGINT",
    "hlc": "VARCHAR",
    "acked_hlc": "VARCHAR",
    "n_terms": "INTEGER",
    "embedding_model": "VARCHAR",
    **ROW_TYPES,
}
_AUDIT_TYPES = {
    "done_at": "TIMESTAMP",
    **dict.fromkeys(("done_by", "action", "id", "agent", "detail", "op_id"), "VARCHAR"),
}
_MAX_TF = 65_535


@dataclass(slots=True)
class _Replica:
    """The counters of the one row of `replica`, as they stand within the transaction."""

    hlc: HLC
    next_seq: int
    dimension: int


@dataclass(slots=True)
class Folded:
    """What folding did: each operation's changes by its `op_id`, and what was derived anew from all of them together.

    `known_bad` are anti-patterns that new outcomes ran into.
    """

    changes: dict[str, list[Change]] = field(default_factory=dict)
    derived: list[DerivedChange] = field(default_factory=list)
    known_bad: list[AntiPattern] = field(default_factory=list)


def fold(connection: Connection, operations: Sequence[Operation], *, now_ms: int, learning: Learning) -> Folded:
    """Apply the operations, and derive again what they touch; what was folded before is skipped, and absent."""
    ids = [entry.record.id for op in operations if isinstance(op, Insert) for entry in op.entries]
    known, present, forgotten = _known(connection, operations, ids)
    fresh = list({op.op_id: op for op in operations if op.op_id not in known}.values())
    folding = Folding(connection, present, forgotten, now_ms)
    folded = Folded()
    for operation in folding.prepared(fresh):
        folded.changes[operation.op_id] = folding.apply(operation)
    folding.derive(learning, folded)
    folding.finish()
    return folded


def rederive(connection: Connection, learning: Learning, *, on_progress: Callable[[int], None] | None = None) -> int:
    """Derive everything again, in portions of a transaction each; return how many derived memories changed."""
    changed = 0
    for portion in in_steps(tasks_with_outcomes(connection)):
        with transaction(connection):
            folding = Folding(connection, set(), set(), now_ms=time_ns() // 1_000_000)
            changed += len(folding.derive_tasks(portion, learning))
            folding.finish()
        if on_progress:
            on_progress(len(portion))
    return changed


class Folding:
    """One transaction's changes, gathered so that each table is written in as few statements as there can be."""

    def __init__(self, connection: Connection, present: set[str], forgotten: set[str], now_ms: int) -> None:
        self._connection = connection
        self._present = present
        self._forgotten = forgotten
        self._now_ms = now_ms
        self._replica = _read_replica(connection)
        self._memories: list[dict[str, Any]] = []
        self._embeddings: list[Vector | None] = []
        self._postings: list[dict[str, Any]] = []
        self._audit: list[dict[str, Any]] = []
        self._outcomes: list[Outcome] = []
        self._touched: set[Task] = set()
        self._forgot_in: set[tuple[str, str]] = set()
        self._groups: dict[str, Group] = {}

    def prepared(self, operations: Sequence[Operation]) -> list[Operation]:
        """The operations, with keys for the outcomes that they bring; what credits need to know of them is noted."""
        keyed = self._keyed(operations)
        self._groups = groups(self._connection, keyed)
        return keyed

    def _keyed(self, operations: Sequence[Operation]) -> list[Operation]:
        new: dict[str, Entry] = {}
        for operation in operations:
            for entry in operation.entries if isinstance(operation, Insert) else ():
                known = entry.record.id in self._present or entry.record.id in self._forgotten
                if not known and not _is_derived(entry.record):
                    new.setdefault(entry.record.id, entry)
        if not any(isinstance(entry.record, Outcome) for entry in new.values()):
            return list(operations)
        chosen = with_keys(self._connection, list(new.values()), self._replica.dimension)
        keyed = {id(entry): with_them for entry, with_them in zip(new.values(), chosen, strict=True)}
        return [
            replace(op, entries=tuple(keyed.get(id(entry), entry) for entry in op.entries))
            if isinstance(op, Insert)
            else op
            for op in operations
        ]

    def apply(self, operation: Operation) -> list[Change]:
        """Gather an operation's changes."""
        match operation:
            case Insert():
                changes = [self._insert(entry, operation) for entry in operation.entries]
            case Revise():
                changes = [self._revise(operation.entry, operation)]
            case Forget():
                changes = [self._forget(id, operation) for id in operation.ids]
            case Archive():
                changes = [self._archive(id, operation) for id in operation.ids]
            case Refuse():
                changes = [self._note(operation, "refuse", "", operation.agent, operation.reason)]
            case _:
                raise TypeError(operation.name)
        return changes

    def derive(self, learning: Learning, folded: Folded) -> None:
        """Make what is derived say what the outcomes say now."""
        self._flush()
        for agent, domain in sorted(self._forgot_in):
            drop_orphans(self._connection, agent, domain)
            renew_task_vectors(self._connection, agent, domain)
        if self._outcomes:
            folded.known_bad = known_bad(self._connection, self._outcomes)
        for tasks in in_steps(sorted(self._touched)):
            folded.derived += self.derive_tasks(tasks, learning)

    def derive_tasks(self, tasks: Sequence[Task], learning: Learning) -> list[DerivedChange]:
        """Derive these task likenesses again, and store what changed."""
        changed = differences(self._connection, tasks, learning.rules_of, project_id=learning.project_id)
        self._rewrite(changed)
        return changed

    def _rewrite(self, changed: Sequence[DerivedChange]) -> None:
        """Store derived memories as they are now; where only numbers changed, nothing else is written."""
        gone = [item.memory.id for item in changed if item.before and (item.is_reworded or item.change == "retired")]
        if gone:
            ids = json.dumps(gone)
            chosen = """(SELECT unnest(from_json(?, '["VARCHAR"]')))"""
            self._connection.execute(
                f"DELETE FROM postings WHERE seq IN (SELECT seq FROM memories WHERE id IN {chosen})", [ids]
            )
            self._connection.execute(f"DELETE FROM memories WHERE id IN {chosen}", [ids])
        kept = [item for item in changed if item.change != "retired"]
        worded = [item.memory for item in kept if item.is_reworded]
        for memory in worded:
            self._add_row(Entry(record=memory), hlc="")
        self._flush()
        if worded:
            take_task_vectors(self._connection, [memory.id for memory in worded])
        update_numbers(self._connection, [item.memory for item in kept if not item.is_reworded])
        at = datetime.fromtimestamp(self._now_ms / 1000, tz=UTC)
        for item in changed:
            memory = item.memory
            self._audit.append(
                _audit_row(at=at, by="alma", action=item.change, id=memory.id, agent=memory.agent, detail=memory.kind)
            )

    def finish(self) -> None:
        """Write what was gathered."""
        self._flush()
        insert_rows(self._connection, "audit", _AUDIT_TYPES, self._audit)
        self._connection.execute(
            "UPDATE replica SET hlc = ?, next_seq = ?", [str(self._replica.hlc), self._replica.next_seq]
        )

    def _flush(self) -> None:
        if self._memories:
            insert_with_vectors(self._connection, "memories", _MEMORY_TYPES, self._memories, self._embeddings)
            self._connection.execute(
                "INSERT INTO postings SELECT md5_number_lower(unnest(terms)), seq, unnest(tfs) FROM "
                + rows_from({"seq": "BIGINT", "terms": "VARCHAR[]", "tfs": "USMALLINT[]"}),
                [json.dumps(self._postings)],
            )
            self._memories, self._embeddings = [], []
            self._postings = []

    def _insert(self, entry: Entry, operation: Operation) -> Change:
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
        self._add_row(entry)
        self._touch(record)
        if isinstance(record, Outcome):
            self._outcomes.append(record)
        return self._note(operation, "insert", record.id, record.agent, record.kind)

    def _revise(self, entry: Entry, operation: Operation) -> Change:
        record = entry.record
        if _is_derived(record):
            return self._note(operation, "skip-derived", record.id, record.agent)
        replaced = self._take_out(record.id)
        if replaced is None:
            return self._note(operation, "skip-forgotten", record.id, record.agent)
        previous, hlc, acked_hlc = replaced
        self._connection.execute(
            "INSERT INTO history VALUES (?, ?, ?, ?, ?)",
            [record.id, _naive(operation.at), operation.by, hlc, json.dumps(to_json(previous))],
        )
        self._add_row(entry, acked_hlc=acked_hlc, hlc=self._stamp(after=hlc))
        self._touch(previous)
        self._touch(record)
        return self._note(operation, "revise", record.id, record.agent, record.kind)

    def _forget(self, id: str, operation: Operation) -> Change:
        replaced = self._take_out(id)
        if replaced is None:
            return self._note(operation, "skip-forgotten", id, "")
        record, hlc, acked_hlc = replaced
        self._forgotten.add(id)
        self._touch(record)
        self._forgot_in.add((record.agent, record.domain))
        self._connection.execute(
            "INSERT INTO tombstones VALUES (?, ?, ?, ?, ?, ?)",
            [id, record.kind, record.agent, self._stamp(after=hlc), acked_hlc, _naive(operation.at)],
        )
        self._connection.execute("UPDATE history SET content = NULL WHERE id = ?", [id])
        return self._note(operation, "forget", id, record.agent, record.kind)

    def _archive(self, id: str, operation: Operation) -> Change:
        self._flush()
        row = self._connection.execute(
            "SELECT hlc, agent, kind FROM memories WHERE id = ? AND NOT archived AND hlc <> ''", [id]
        ).fetchone()
        if row is None:
            return self._note(operation, "skip-archived", id, "")
        hlc, agent, kind = row
        self._connection.execute(
            "UPDATE memories SET archived = true, hlc = ? WHERE id = ?", [self._stamp(after=hlc), id]
        )
        return self._note(operation, "archive", id, agent, kind)

    def _take_out(self, id: str) -> tuple[Record, str, str | None] | None:
        """Remove a record and return it, with its stamps; None when it isn't there."""
        self._flush()
        row = self._connection.execute(
            f"SELECT seq, hlc, acked_hlc, {', '.join(RECORD_COLUMNS)} FROM memories WHERE id = ?", [id]
        ).fetchone()
        if row is None:
            return None
        seq, hlc, acked_hlc, *columns = row
        self._connection.execute("DELETE FROM memories WHERE seq = ?", [seq])
        self._connection.execute("DELETE FROM postings WHERE seq = ?", [seq])
        return row_record(columns), hlc, acked_hlc

    def _touch(self, record: Record) -> None:
        task_key = getattr(record, "task_key", "")
        if task_key:
            self._touched.add(Task(record.agent, record.domain, task_key))

    def _add_row(self, entry: Entry, *, acked_hlc: str | None = None, hlc: str | None = None) -> None:
        counted = terms(search_text(entry.record))
        seq = self._replica.next_seq
        self._replica.next_seq += 1
        fits = entry.vector is not None and len(entry.vector) == self._replica.dimension
        self._memories.append(
            {
                "seq": seq,
                "hlc": self._stamp() if hlc is None else hlc,
                "acked_hlc": acked_hlc,
                "n_terms": counted.total(),
                "embedding_model": entry.model if fits else None,
                **record_row(entry.record),
            }
        )
        self._embeddings.append(entry.vector if fits else None)
        tfs = [min(_MAX_TF, tf) for tf in counted.values()]
        self._postings.append({"seq": seq, "terms": list(counted), "tfs": tfs})

    def _stamp(self, *, after: str = "") -> str:
        """A new stamp, later than the one (`after`) of the version that is replaced, whoever gave that."""
        stamp = stamp_after(self._replica.hlc, HLC.parse(after) if after else None, now_ms=self._now_ms)
        # A stamp far ahead, pulled from a replica with a fast clock, moves the stamps of its own record only.
        self._replica.hlc = next_stamp(self._replica.hlc, now_ms=self._now_ms)
        return str(stamp)

    def _note(self, operation: Operation, action: str, id: str, agent: str, detail: str = "") -> Change:
        self._audit.append(
            _audit_row(
                at=operation.at,
                by=operation.by,
                action=action,
                id=id,
                agent=agent,
                detail=detail,
                op_id=operation.op_id,
            )
        )
        return Change(action, id)


def _audit_row(
    *, at: datetime, by: str, action: str, id: str, agent: str, detail: str, op_id: str = ""
) -> dict[str, Any]:
    return {
        "done_at": _naive(at).isoformat(),
        "done_by": by,
        "action": action,
        "id": id,
        "agent": agent,
        "detail": detail,
        "op_id": op_id,
    }


def _is_derived(record: Record) -> bool:
    """Whether only deriving it can put it into the store."""
    return record.origin == "derived" and isinstance(record, Heuristic | AntiPattern)


def search_text(record: Record) -> str:
    """All words by which a record can be found."""
    names = ("strategy", "feedback", "error", "why_bad", "better_alternative", "category", "source")
    return "\n".join([record.topic, *(getattr(record, name, "") for name in names)])


def _known(
    connection: Connection, operations: Sequence[Operation], ids: list[str]
) -> tuple[set[str], set[str], set[str]]:
    """Which operations were folded before, and which records are there or were forgotten.

    An operation's audit rows have its own time, so nothing older has to be looked through.
    """
    since = min((_naive(op.at) for op in operations), default=datetime.max)
    rows = connection.execute(
        """
        WITH op AS (SELECT unnest(from_json($op_ids, '["VARCHAR"]')) AS op_id),
        wanted AS (SELECT unnest(from_json($ids, '["VARCHAR"]')) AS id)
        SELECT 0, op_id FROM audit SEMI JOIN op USING (op_id) WHERE done_at >= $since::TIMESTAMP
        UNION ALL SELECT 1, id FROM memories SEMI JOIN wanted USING (id)
        UNION ALL SELECT 2, id FROM tombstones SEMI JOIN wanted USING (id)
        """,
        {"op_ids": json.dumps([op.op_id for op in operations]), "ids": json.dumps(ids), "since": since.isoformat()},
    ).fetchall()
    found: tuple[set[str], set[str], set[str]] = (set(), set(), set())
    for which, id in rows:
        found[which].add(id)
    return found


def _read_replica(connection: Connection) -> _Replica:
    row = connection.execute("SELECT hlc, next_seq, dimension FROM replica").fetchone()
    assert row is not None  # the first migration put it there
    return _Replica(HLC.parse(row[0]), row[1], row[2])


def _naive(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(tzinfo=None)
