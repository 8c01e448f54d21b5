"""Folding operations into the store: each once, in the order it is given, within the caller's transaction.

The audit row that every change leaves carries the operation's id, which is how a second folding is recognised.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from alma_cli.core.codec import to_json
from alma_cli.core.hlc import HLC, next_stamp
from alma_cli.core.records import JsonValue, Record
from alma_cli.core.terms import terms
from alma_cli.store.operations import Entry, Forget, Insert, Operation, Refuse, Revise, Vector
from alma_cli.store.rows import RECORD_COLUMNS, ROW_TYPES, record_row, row_record

if TYPE_CHECKING:
    from _duckdb import DuckDBPyConnection as Connection

# Rows are bound as one JSON text: DuckDB's Python binding costs 0.1 ms and more for every single value.
_MEMORY_TYPES = {
    "seq": "BIGINT",
    "hlc": "VARCHAR",
    "acked_hlc": "VARCHAR",
    "n_terms": "INTEGER",
    "embedding_model": "VARCHAR",
    "embedding": "VARCHAR",
    **ROW_TYPES,
}
_AUDIT_TYPES = {
    "done_at": "TIMESTAMP",
    **dict.fromkeys(("done_by", "action", "id", "agent", "detail", "op_id"), "VARCHAR"),
}
_MAX_TF = 65_535


@dataclass(frozen=True, slots=True)
class Change:
    """What an operation did to one record: an audit row's `action`, and the record's id."""

    action: str
    id: str


@dataclass(slots=True)
class _Replica:
    """The counters of the one row of `replica`, as they stand within the transaction."""

    hlc: HLC
    next_seq: int
    dimension: int


def fold(connection: Connection, operations: Sequence[Operation], *, now_ms: int) -> dict[str, list[Change]]:
    """Apply the operations and return what each changed, by `op_id`; what was folded before is skipped, and absent."""
    ids = [entry.record.id for op in operations if isinstance(op, Insert) for entry in op.entries]
    folded, present, forgotten = _known(connection, [op.op_id for op in operations], ids)
    folding = _Folding(connection, present, forgotten, now_ms)
    changes: dict[str, list[Change]] = {}
    for operation in operations:
        if operation.op_id not in folded:
            folded.add(operation.op_id)
            changes[operation.op_id] = folding.apply(operation)
    folding.finish()
    return changes


def vector_text(vector: Vector | None) -> str | None:
    """The vector as DuckDB reads it fastest when bound: as text."""
    return None if vector is None else "[" + ",".join(map("{:.8g}".format, vector)) + "]"


class _Folding:
    """One transaction's changes, gathered so that each table is written in as few statements as there can be."""

    def __init__(self, connection: Connection, present: set[str], forgotten: set[str], now_ms: int) -> None:
        self._connection = connection
        self._present = present
        self._forgotten = forgotten
        self._now_ms = now_ms
        self._replica = _read_replica(connection)
        self._memories: list[dict[str, Any]] = []
        self._postings: list[dict[str, Any]] = []
        self._audit: list[dict[str, Any]] = []

    def apply(self, operation: Operation) -> list[Change]:
        match operation:
            case Insert():
                changes = [self._insert(entry, operation) for entry in operation.entries]
            case Revise():
                changes = [self._revise(operation.entry, operation)]
            case Forget():
                changes = [self._forget(id, operation) for id in operation.ids]
            case Refuse():
                changes = [self._note(operation, "refuse", "", operation.agent, operation.reason)]
            case _:
                raise TypeError(operation.name)
        return changes

    def finish(self) -> None:
        """Write what was gathered."""
        self._flush()
        insert_rows(self._connection, "audit", _AUDIT_TYPES, self._audit)
        self._connection.execute(
            "UPDATE replica SET hlc = ?, next_seq = ?", [str(self._replica.hlc), self._replica.next_seq]
        )

    def _flush(self) -> None:
        if self._memories:
            insert_rows(self._connection, "memories", _MEMORY_TYPES, self._memories)
            self._connection.execute(
                "INSERT INTO postings SELECT md5_number_lower(unnest(terms)), seq, unnest(tfs) FROM "
                + _rows_from_json({"seq": "BIGINT", "terms": "VARCHAR[]", "tfs": "USMALLINT[]"}),
                [json.dumps(self._postings)],
            )
            self._memories = []
            self._postings = []

    def _insert(self, entry: Entry, operation: Operation) -> Change:
        record = entry.record
        if record.id in self._forgotten:
            return self._note(operation, "skip-forgotten", record.id, record.agent)
        if record.id in self._present:
            return self._note(operation, "skip-present", record.id, record.agent)
        self._present.add(record.id)
        self._add_row(entry)
        return self._note(operation, "insert", record.id, record.agent, record.kind)

    def _revise(self, entry: Entry, operation: Operation) -> Change:
        record = entry.record
        replaced = self._take_out(record.id)
        if replaced is None:
            return self._note(operation, "skip-forgotten", record.id, record.agent)
        previous, hlc, acked_hlc = replaced
        self._connection.execute(
            "INSERT INTO history VALUES (?, ?, ?, ?, ?)",
            [record.id, _naive(operation.at), operation.by, hlc, json.dumps(to_json(previous))],
        )
        self._add_row(entry, acked_hlc=acked_hlc)
        return self._note(operation, "revise", record.id, record.agent, record.kind)

    def _forget(self, id: str, operation: Operation) -> Change:
        replaced = self._take_out(id)
        if replaced is None:
            return self._note(operation, "skip-forgotten", id, "")
        record, _, acked_hlc = replaced
        self._forgotten.add(id)
        self._connection.execute(
            "INSERT INTO tombstones VALUES (?, ?, ?, ?, ?, ?)",
            [id, record.kind, record.agent, self._stamp(), acked_hlc, _naive(operation.at)],
        )
        self._connection.execute("UPDATE history SET content = NULL WHERE id = ?", [id])
        return self._note(operation, "forget", id, record.agent, record.kind)

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

    def _add_row(self, entry: Entry, *, acked_hlc: str | None = None) -> None:
        counted = terms(search_text(entry.record))
        seq = self._replica.next_seq
        self._replica.next_seq += 1
        fits = entry.vector is not None and len(entry.vector) == self._replica.dimension
        self._memories.append(
            {
                "seq": seq,
                "hlc": self._stamp(),
                "acked_hlc": acked_hlc,
                "n_terms": counted.total(),
                "embedding_model": entry.model if fits else None,
                "embedding": vector_text(entry.vector) if fits else None,
                **record_row(entry.record),
            }
        )
        tfs = [min(_MAX_TF, tf) for tf in counted.values()]
        self._postings.append({"seq": seq, "terms": list(counted), "tfs": tfs})

    def _stamp(self) -> str:
        self._replica.hlc = next_stamp(self._replica.hlc, now_ms=self._now_ms)
        return str(self._replica.hlc)

    def _note(self, operation: Operation, action: str, id: str, agent: str, detail: str = "") -> Change:
        self._audit.append(
            {
                "done_at": _naive(operation.at).isoformat(),
                "done_by": operation.by,
                "action": action,
                "id": id,
                "agent": agent,
                "detail": detail,
                "op_id": operation.op_id,
            }
        )
        return Change(action, id)


def insert_rows(
    connection: Connection, table: str, types: Mapping[str, str], rows: Sequence[Mapping[str, JsonValue]]
) -> None:
    """Insert rows, given as JSON values by column; a column that a row doesn't have is NULL."""
    columns = ", ".join(types)
    connection.execute(
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {_rows_from_json(types)}", [json.dumps(rows)]
    )


def _rows_from_json(types: Mapping[str, str]) -> str:
    return f"(SELECT unnest(from_json(?, '{json.dumps([types])}'), recursive := true))"


def search_text(record: Record) -> str:
    """All words by which a record can be found."""
    names = ("strategy", "feedback", "error", "why_bad", "better_alternative", "category", "source")
    return "\n".join([record.topic, *(getattr(record, name, "") for name in names)])


def _known(connection: Connection, op_ids: list[str], ids: list[str]) -> tuple[set[str], set[str], set[str]]:
    """Which operations were folded before, and which records are there or were forgotten."""
    rows = connection.execute(
        """
        WITH op AS (SELECT unnest(from_json($op_ids, '["VARCHAR"]')) AS op_id),
        wanted AS (SELECT unnest(from_json($ids, '["VARCHAR"]')) AS id)
        SELECT 0, op_id FROM audit SEMI JOIN op USING (op_id)
        UNION ALL SELECT 1, id FROM memories SEMI JOIN wanted USING (id)
        UNION ALL SELECT 2, id FROM tombstones SEMI JOIN wanted USING (id)
        """,
        {"op_ids": json.dumps(op_ids), "ids": json.dumps(ids)},
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
