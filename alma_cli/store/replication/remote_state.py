"""The store's knowledge of its remote: its identity, how far it was read, its documents, and those set aside.

`acked_hlc` of a record is the stamp that the remote is known to have. A `?` before it says that the remote had it, and
may not have it any more: the record is pending, and a version that arrives is compared with that stamp.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from alma_cli.core.replication.documents import Unreadable
from alma_cli.core.replication.hlc import HLC
from alma_cli.core.replication.marker import Membership
from alma_cli.store.database.connection import Connection
from alma_cli.store.database.engine import transaction
from alma_cli.store.database.values import any_of, insert_rows, utc_text
from alma_cli.store.writing.rows_writer import read_replica

UNSURE = "?"
CONFLICT_KEPT = "what was here was kept; the other version is in history"
CONFLICT_LOST = "what was here was replaced, and is in history"

_TOLD, _COMPARED = "conflicts-told", "compare"
_UNSURE_NOW = f"'{UNSURE}' || ltrim(acked_hlc, '{UNSURE}')"
_DOCUMENT_TYPES = {
    **dict.fromkeys(("id", "agent", "kind", "etag", "content_hash"), "VARCHAR"),
    "has_vector": "BOOLEAN",
}
_QUARANTINE_TYPES = {
    **dict.fromkeys(("name", "agent", "id", "reason", "raw"), "VARCHAR"),
    "found_at": "TIMESTAMP",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncState:
    """The remote that this store belongs to, and how far it was read; `synced_at` is when a sync last ended well."""

    membership: Membership
    checkpoint: str | None = None
    synced_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDocument:
    """A document that the remote has: a record with this stamp, or (with a `content_hash`) a derived memory."""

    id: str
    agent: str
    kind: str
    etag: str
    has_vector: bool
    hlc: HLC | None = None
    content_hash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clashed:
    """A memory that changed on both sides; `kept` is true when the version that was here holds."""

    id: str
    agent: str
    kind: str
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A document of the remote that is set aside: its name, the agent and id of its place, the reason, and the time."""

    name: str
    agent: str
    id: str
    reason: str
    since: datetime


class RemoteState:
    """Reads and writes what an open store knows of its remote."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def sync_state(self) -> SyncState:
        """The remote that the store belongs to, and how far it was read; empty before the store met a remote."""
        connection = self._connection
        row = connection.execute("SELECT project_uid, seed, checkpoint, synced_at FROM sync_state").fetchone()
        has_memories = connection.execute(
            "SELECT EXISTS (SELECT 1 FROM memories WHERE hlc <> '') OR EXISTS (SELECT 1 FROM tombstones)"
        ).fetchall() == [(True,)]
        replica_id = read_replica(connection).hlc.replica_id
        if row is None:
            return SyncState(membership=Membership(replica_id=replica_id, has_memories=has_memories))
        uid, seed, checkpoint, synced_at = row
        return SyncState(
            membership=Membership(project_uid=uid, seed=seed, replica_id=replica_id, has_memories=has_memories),
            checkpoint=checkpoint,
            synced_at=None if synced_at is None else synced_at.replace(tzinfo=UTC),
        )

    def other_projects(self, project_id: str) -> list[str]:
        """The ids of other projects that memories here have, those of most memories first."""
        rows = self._connection.execute(
            "SELECT project_id FROM memories WHERE hlc <> '' AND project_id <> ? "
            "GROUP BY project_id ORDER BY count(*) DESC, project_id",
            [project_id],
        ).fetchall()
        return [row[0] for row in rows]

    def belong_to(self, *, project_uid: str, seed: str) -> None:
        """Belong to this remote, and know nothing of its documents: all are compared, and missing ones pushed."""
        with transaction(self._connection):
            before = self._connection.execute("DELETE FROM sync_state RETURNING project_uid").fetchall()
            self._connection.execute("INSERT INTO sync_state VALUES (?, ?, NULL, NULL)", [project_uid, seed])
            self._know_nothing(met_before=before == [(project_uid,)])

    def move(self) -> None:
        """Belong to the same project under another name, and know nothing of what is there, in a transaction."""
        self._connection.execute("UPDATE sync_state SET seed = '', checkpoint = NULL")
        self._connection.execute("DELETE FROM quarantine")
        self._know_nothing(met_before=True)

    def compare_all(self) -> None:
        """Start from the beginning with the same remote: all documents are compared, and missing ones pushed."""
        with transaction(self._connection):
            self._connection.execute("UPDATE sync_state SET checkpoint = NULL")
            self._know_nothing(met_before=True)

    def missing(self, ids: Collection[str]) -> list[str]:
        """The ids of documents that the remote is known to have and that aren't among these, which it has now."""
        rows = self._connection.execute(
            f"SELECT id FROM remote_documents WHERE id NOT IN {any_of()} ORDER BY id", [json.dumps(list(ids))]
        )
        return [row[0] for row in rows.fetchall()]

    def knows_all(self, ids: Collection[str]) -> bool:
        """True when the remote's documents with these ids were all taken in or set aside."""
        rows = self._connection.execute(
            "SELECT count(*) FROM (SELECT id FROM remote_documents UNION SELECT id FROM quarantine) "
            f"WHERE id IN {any_of()}",
            [json.dumps(list(ids))],
        ).fetchall()
        return rows == [(len(ids),)]

    def lose(self, ids: Sequence[str]) -> None:
        """Know that the remote doesn't have these documents any more: what is in them here is pending again."""
        given = json.dumps(list(ids))
        with transaction(self._connection):
            self.forget_documents(ids)
            for table in ("memories", "tombstones"):
                self._connection.execute(
                    f"UPDATE {table} SET acked_hlc = {_UNSURE_NOW} WHERE acked_hlc IS NOT NULL AND id IN {any_of()}",
                    [given],
                )

    def drop_quarantined_but(self, ids: Collection[str]) -> None:
        """Forget documents that were set aside and whose id isn't among these, which the remote has now."""
        if self._connection.execute("SELECT 1 FROM quarantine LIMIT 1").fetchone() is not None:
            self._connection.execute(
                f"DELETE FROM quarantine WHERE id <> '' AND id NOT IN {any_of()}", [json.dumps(list(ids))]
            )

    def compared_at(self) -> datetime | None:
        """When all documents were last compared, by the clock of then; None when that isn't known."""
        rows = self._connection.execute(
            "SELECT arg_max(done_at, rowid) FROM audit WHERE action = ?", [_COMPARED]
        ).fetchall()
        at: datetime | None = rows[0][0]
        return None if at is None else at.replace(tzinfo=UTC)

    def note_compared(self, at: datetime) -> None:
        """Note that all documents were compared."""
        self._connection.execute("INSERT INTO audit VALUES (?, 'sync', ?, '', '', '', '')", [utc_text(at), _COMPARED])

    def _know_nothing(self, *, met_before: bool) -> None:
        acked = _UNSURE_NOW if met_before else "NULL"
        for table in ("memories", "tombstones"):
            self._connection.execute(f"UPDATE {table} SET acked_hlc = {acked} WHERE acked_hlc IS NOT NULL")
        self._connection.execute("DELETE FROM remote_documents")

    def advance(self, checkpoint: str) -> None:
        """Note up to where the remote's changes were applied; nothing is written if that is known already."""
        self._connection.execute(
            "UPDATE sync_state SET checkpoint = $new WHERE checkpoint IS DISTINCT FROM $new", {"new": checkpoint}
        )

    def note_synced(self, at: datetime) -> None:
        """Note that a sync came to its end."""
        with transaction(self._connection):
            self._connection.execute("UPDATE sync_state SET synced_at = ?::TIMESTAMP", [utc_text(at)])

    def conflict_count(self) -> int:
        """The number of memories that changed on both sides, as far back as the audit goes."""
        rows = self._connection.execute("SELECT count(*) FROM audit WHERE action = 'conflict'").fetchall()
        count: int = rows[0][0]
        return count

    def untold_conflicts(self) -> list[Clashed]:
        """The memories that changed on both sides since conflicts were last told, in the order of meeting."""
        rows = self._connection.execute(
            """
            SELECT audit.id, audit.agent, coalesce(memories.kind, tombstones.kind, ''), detail
            FROM audit LEFT JOIN memories USING (id) LEFT JOIN tombstones ON tombstones.id = audit.id
            WHERE action = 'conflict'
                AND audit.rowid > (SELECT coalesce(max(rowid), -1) FROM audit WHERE action = $told)
            ORDER BY audit.rowid
            """,
            {"told": _TOLD},
        ).fetchall()
        return [
            Clashed(id=id, agent=agent, kind=kind, kept=detail == CONFLICT_KEPT) for id, agent, kind, detail in rows
        ]

    def note_told(self, at: datetime) -> None:
        """Note that all conflicts were told."""
        self._connection.execute("INSERT INTO audit VALUES (?, 'sync', ?, '', '', '', '')", [utc_text(at), _TOLD])

    def know(self, documents: Sequence[KnownDocument]) -> None:
        """Note the present versions of documents, one for each id, so that each is written only over the version seen.

        Versions that are known already aren't written.
        """
        columns = ", ".join(_DOCUMENT_TYPES)
        found = self._connection.execute(
            f"SELECT {columns} FROM remote_documents WHERE id IN {any_of()}",
            [json.dumps([one.id for one in documents])],
        ).fetchall()
        known = {row[0]: row for row in found}
        rows = [tuple(getattr(document, name) for name in _DOCUMENT_TYPES) for document in documents]
        fresh = [dict(zip(_DOCUMENT_TYPES, row, strict=True)) for row in rows if known.get(row[0]) != row]
        if fresh:
            self.forget_documents([row["id"] for row in fresh if row["id"] in known])
            insert_rows(self._connection, "remote_documents", _DOCUMENT_TYPES, fresh)

    def forget_documents(self, ids: Sequence[str]) -> None:
        """Forget documents that the remote doesn't have any more, so that they are written as new ones."""
        if ids:
            given = json.dumps(list(ids))
            self._connection.execute(f"DELETE FROM remote_documents WHERE id IN {any_of()}", [given])

    def quarantined(self) -> list[Quarantined]:
        """The documents that are set aside, oldest first."""
        rows = self._connection.execute(
            "SELECT name, agent, id, reason, found_at FROM quarantine ORDER BY found_at, name"
        )
        return [
            Quarantined(name=name, agent=agent, id=id, reason=reason, since=at.replace(tzinfo=UTC))
            for name, agent, id, reason, at in rows.fetchall()
        ]

    def set_aside(self, documents: Sequence[Unreadable], *, at: datetime) -> list[Unreadable]:
        """Keep documents as they came until they can be used; return those that weren't set aside before."""
        if not documents:
            return []
        rows = self._connection.execute("SELECT name, raw, reason FROM quarantine").fetchall()
        known = set(rows)
        fresh = [one for one in documents if (one.name, one.raw, one.reason) not in known]
        self.drop_quarantined([one.name for one in fresh])
        given = [{**asdict(one), "found_at": utc_text(at)} for one in fresh]
        insert_rows(self._connection, "quarantine", _QUARANTINE_TYPES, given)
        return fresh

    def drop_quarantined(self, names: Sequence[str]) -> None:
        """Forget documents that were set aside and aren't there any more."""
        self._connection.execute(f"DELETE FROM quarantine WHERE name IN {any_of()}", [json.dumps(list(names))])

    def release(self, names: Collection[str]) -> None:
        """Forget that documents (named AGENT/ID) were set aside, once they can be read."""
        if self._connection.execute("SELECT 1 FROM quarantine LIMIT 1").fetchone() is None:
            return
        ids = json.dumps(list(names))
        self._connection.execute(
            f"DELETE FROM quarantine WHERE id <> '' AND concat(agent, '/', id) IN {any_of()}", [ids]
        )
