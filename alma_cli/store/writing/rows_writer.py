"""Writes all rows: memories with their postings, tombstones, history, audit, and the replica's counters.

That happens within the caller's transaction. Memories and audit rows are gathered, so that these tables are written in
as few statements as possible; `finish` writes the rest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from alma_cli.core.codec import to_json
from alma_cli.core.records import Record, Vector
from alma_cli.core.replication.hlc import HLC, next_stamp, stamp_after
from alma_cli.core.words import terms_of
from alma_cli.store.database.connection import Connection
from alma_cli.store.database.rows import ROW_TYPES, record_row
from alma_cli.store.database.values import any_of, insert_rows, insert_with_vectors, rows_from, utc_text

if TYPE_CHECKING:
    from alma_cli.core.replication.merge import Tombstone
    from alma_cli.store.inbox.operations import Entry

_MEMORY_TYPES = {
    "seq": "BIGINT",
    "hlc": "VARCHAR",
    "acked_hlc": "VARCHAR",
    "n_terms": "INTEGER",
    "embedding_model": "VARCHAR",
    **ROW_TYPES,
}
_TOMBSTONE_TYPES = {**dict.fromkeys(("id", "kind", "agent", "hlc", "acked_hlc"), "VARCHAR"), "deleted_at": "TIMESTAMP"}
_HISTORY_TYPES = {**dict.fromkeys(("id", "replaced_by", "hlc", "content"), "VARCHAR"), "replaced_at": "TIMESTAMP"}
_AUDIT_TYPES = {
    "done_at": "TIMESTAMP",
    **dict.fromkeys(("done_by", "action", "id", "agent", "detail", "op_id"), "VARCHAR"),
}
_MAX_TF = 65_535


@dataclass(slots=True)
class Replica:
    """The newest stamp given here, the next memory's `seq`, and the number of dimensions of a vector."""

    hlc: HLC
    next_seq: int
    dimension: int


def read_replica(connection: Connection) -> Replica:
    """The counters of this replica."""
    row = connection.execute("SELECT hlc, next_seq, dimension FROM replica").fetchone()
    assert row is not None  # the first migration put the row there
    return Replica(HLC.parse(row[0]), row[1], row[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """A version that doesn't hold any more; history keeps no text of an `erased` one."""

    record: Record
    hlc: str
    at: datetime
    by: str
    erased: bool = False


class RowsWriter:
    """Writes rows within one transaction on `connection`; `now_ms` is the time of new stamps."""

    def __init__(self, connection: Connection, *, now_ms: int) -> None:
        self.connection = connection
        self.now = datetime.fromtimestamp(now_ms / 1000, tz=UTC)
        self._now_ms = now_ms
        self._replica = read_replica(connection)
        self._memories: list[dict[str, Any]] = []
        self._embeddings: list[Vector | None] = []
        self._postings: list[dict[str, Any]] = []
        self._audit: list[dict[str, Any]] = []

    @property
    def dimension(self) -> int:
        """The number of dimensions of this store's vectors."""
        return self._replica.dimension

    def stamp(self, *, after: str = "") -> HLC:
        """A new stamp, later than that of the replaced version (`after`), whichever replica gave that."""
        stamp = stamp_after(self._replica.hlc, HLC.parse(after) if after else None, now_ms=self._now_ms)
        # A stamp far ahead, from a replica with a fast clock, moves the stamps of its own record only.
        self._replica.hlc = next_stamp(self._replica.hlc, now_ms=self._now_ms)
        return stamp

    def stamp_of(self, record: Record) -> HLC:
        """The stamp of a record that is new here: the time of its own last change, which an imported one brings along.

        So it is never later than an edit that others made of the same record. A time in the future counts as now.
        """
        changed_ms = int(record.updated_at.timestamp() * 1000)
        now = self.stamp()
        return HLC(max(0, changed_ms), 0, now.replica_id) if changed_ms < now.wall_ms else now

    def add(self, entry: Entry, *, hlc: str, acked_hlc: str | None = None) -> int:
        """Add a memory with its stamp (None for a derived one), and return its `seq`; `flush` writes it."""
        counted = terms_of(entry.record)
        seq = self._replica.next_seq
        self._replica.next_seq += 1
        fits = entry.vector is not None and len(entry.vector) == self.dimension
        self._memories.append(
            {
                "seq": seq,
                "hlc": hlc,
                "acked_hlc": acked_hlc,
                "n_terms": counted.total(),
                "embedding_model": entry.model if fits else None,
                **record_row(entry.record),
            }
        )
        self._embeddings.append(entry.vector if fits else None)
        tfs = [min(_MAX_TF, tf) for tf in counted.values()]
        self._postings.append({"seq": seq, "terms": list(counted), "tfs": tfs})
        return seq

    def flush(self) -> None:
        """Write the memories that were added."""
        if self._memories:
            insert_with_vectors(self.connection, "memories", _MEMORY_TYPES, self._memories, self._embeddings)
            self.connection.execute(
                "INSERT INTO postings SELECT md5_number_lower(unnest(terms)), seq, unnest(tfs) FROM "
                + rows_from({"seq": "BIGINT", "terms": "VARCHAR[]", "tfs": "USMALLINT[]"}),
                [json.dumps(self._postings)],
            )
            self._memories, self._embeddings = [], []
            self._postings = []

    def remove(self, ids: Sequence[str]) -> None:
        """Remove memories and their postings."""
        self.flush()
        if not ids:
            return
        rows = self.connection.execute(f"DELETE FROM memories WHERE id IN {any_of()} RETURNING seq", [json.dumps(ids)])
        seqs = json.dumps([row[0] for row in rows.fetchall()])
        self.connection.execute(f"DELETE FROM postings WHERE seq IN {any_of(of='BIGINT')}", [seqs])

    def add_tombstones(self, tombstones: Sequence[tuple[Tombstone, str | None]], *, erasing: bool = True) -> None:
        """Add tombstones, each with the stamp that the remote is known to have, and erase the texts in history.

        Where nothing is erased, a grace begins (see `undoable`).
        """
        if not tombstones:
            return
        rows: list[dict[str, Any]] = [
            {
                "id": tombstone.id,
                "kind": tombstone.kind,
                "agent": tombstone.agent,
                "hlc": str(tombstone.hlc),
                "acked_hlc": acked_hlc,
                "deleted_at": utc_text(tombstone.deleted_at),
            }
            for tombstone, acked_hlc in tombstones
        ]
        ids = json.dumps([row["id"] for row in rows])
        self.connection.execute(f"DELETE FROM tombstones WHERE id IN {any_of()}", [ids])
        insert_rows(self.connection, "tombstones", _TOMBSTONE_TYPES, rows)
        if erasing:
            self.erase_history(ids)

    def erase_history(self, ids: str) -> None:
        """Erase the texts that history has of these ids, a JSON list."""
        self.connection.execute(f"UPDATE history SET content = NULL WHERE id IN {any_of()}", [ids])

    def add_history(self, replaced: Sequence[Replaced]) -> None:
        """Keep versions that don't hold any more in history."""
        if not replaced:
            return
        rows: list[dict[str, Any]] = [
            {
                "id": one.record.id,
                "replaced_at": utc_text(one.at),
                "replaced_by": one.by,
                "hlc": one.hlc,
                "content": None if one.erased else json.dumps(to_json(one.record)),
            }
            for one in replaced
        ]
        insert_rows(self.connection, "history", _HISTORY_TYPES, rows)

    def audit(
        self, action: str, *, id: str, agent: str, detail: str, by: str, at: datetime | None = None, op_id: str = ""
    ) -> None:
        """Add an audit row (at the present time, unless `at` is given); `finish` writes it."""
        self._audit.append(
            {
                "done_at": utc_text(at or self.now),
                "done_by": by,
                "action": action,
                "id": id,
                "agent": agent,
                "detail": detail,
                "op_id": op_id,
            }
        )

    def finish(self) -> None:
        """Write the gathered rows, and the replica's counters."""
        self.flush()
        self.flush_audit()
        self.connection.execute(
            "UPDATE replica SET hlc = ?, next_seq = ?", [str(self._replica.hlc), self._replica.next_seq]
        )

    def flush_audit(self) -> None:
        """Write the audit rows that were added."""
        insert_rows(self.connection, "audit", _AUDIT_TYPES, self._audit)
        self._audit = []
