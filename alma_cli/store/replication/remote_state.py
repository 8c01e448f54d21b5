"""Which remote this store belongs to, up to where its changes were applied, and the stamps given here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from alma_cli.core.replication.hlc import HLC, next_stamp, stamp_after
from alma_cli.core.replication.marker import Membership
from alma_cli.store.database.engine import transaction
from alma_cli.store.database.values import rows_from

if TYPE_CHECKING:
    from alma_cli.store.database.duckdb import Connection

_PENDING = "hlc <> '' AND acked_hlc IS DISTINCT FROM hlc"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncState:
    """The remote that this store belongs to, and how far it was read; `synced_at` is when a sync last was complete."""

    membership: Membership
    checkpoint: str | None = None
    synced_at: datetime | None = None


def sync_state(connection: Connection) -> SyncState:
    """What is known of the remote; nothing before the store first met one."""
    row = connection.execute("SELECT project_uid, seed, checkpoint, synced_at FROM sync_state").fetchone()
    has_memories = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM memories WHERE hlc <> '') OR EXISTS (SELECT 1 FROM tombstones)"
    ).fetchall() == [(True,)]
    replica_id = latest_stamp(connection).replica_id
    if row is None:
        return SyncState(membership=Membership(replica_id=replica_id, has_memories=has_memories))
    uid, seed, checkpoint, synced_at = row
    return SyncState(
        membership=Membership(project_uid=uid, seed=seed, replica_id=replica_id, has_memories=has_memories),
        checkpoint=checkpoint,
        synced_at=None if synced_at is None else synced_at.replace(tzinfo=UTC),
    )


def belong_to(connection: Connection, *, project_uid: str, seed: str) -> None:
    """Belong to this remote, of whose documents nothing is known: all will be compared, and what it lacks pushed."""
    with transaction(connection):
        connection.execute("DELETE FROM sync_state")
        connection.execute("INSERT INTO sync_state VALUES (?, ?, NULL, NULL)", [project_uid, seed])
        _know_nothing(connection)


def compare_all(connection: Connection) -> None:
    """Start from the beginning with the same remote: what it has is found out anew, and what it lacks pushed."""
    with transaction(connection):
        connection.execute("UPDATE sync_state SET checkpoint = NULL")
        _know_nothing(connection)


def _know_nothing(connection: Connection) -> None:
    connection.execute("UPDATE memories SET acked_hlc = NULL WHERE acked_hlc IS NOT NULL")
    connection.execute("UPDATE tombstones SET acked_hlc = NULL WHERE acked_hlc IS NOT NULL")
    connection.execute("DELETE FROM remote_documents")


def note_synced(connection: Connection, at: datetime) -> None:
    """Note that a sync came to its end."""
    with transaction(connection):
        connection.execute("UPDATE sync_state SET synced_at = ?", [at.astimezone(UTC).replace(tzinfo=None)])


def latest_stamp(connection: Connection) -> HLC:
    """The newest stamp that was given here."""
    row = connection.execute("SELECT hlc FROM replica").fetchone()
    assert row is not None  # the first migration put it there
    return HLC.parse(row[0])


def restamp(connection: Connection, *, now_ms: int) -> int:
    """Give what is pending new stamps by the present clock, for want of a right one before; how many were given."""
    with transaction(connection):
        last = latest_stamp(connection)
        stamp = HLC(now_ms, 0, last.replica_id) if last.wall_ms > now_ms else last
        given = 0
        for table in ("memories", "tombstones"):
            rows = connection.execute(f"SELECT id, acked_hlc FROM {table} WHERE {_PENDING} ORDER BY hlc, id").fetchall()
            new = []
            for id, acked in rows:
                stamp = next_stamp(stamp, now_ms=now_ms)
                after = stamp_after(stamp, HLC.parse(acked) if acked else None, now_ms=now_ms)
                new.append({"id": id, "hlc": str(after)})
            connection.execute(
                f"UPDATE {table} SET hlc = given.hlc "
                f"FROM {rows_from({'id': 'VARCHAR', 'hlc': 'VARCHAR'})} AS given WHERE {table}.id = given.id",
                [json.dumps(new)],
            )
            given += len(new)
        connection.execute("UPDATE replica SET hlc = ?", [str(next_stamp(stamp, now_ms=now_ms))])
    return given


def conflict_count(connection: Connection) -> int:
    """How many memories changed on both sides, as far as the audit goes back."""
    rows = connection.execute("SELECT count(*) FROM audit WHERE action = 'conflict'").fetchall()
    count: int = rows[0][0]
    return count
