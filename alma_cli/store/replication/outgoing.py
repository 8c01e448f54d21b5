"""Lists what the remote lacks: records and tombstones, vectors, derived memories."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from alma_cli.core.records import Kind, Record
from alma_cli.core.replication.hlc import HLC, next_stamp, stamp_after
from alma_cli.core.replication.merge import State, Tombstone, Version, content_hash
from alma_cli.store.database.connection import Connection
from alma_cli.store.database.engine import transaction
from alma_cli.store.database.rows import LATEST, RECORD_COLUMNS, TIME_COLUMNS, row_record
from alma_cli.store.database.values import columns, given, given_list, listed, rows_from, utc_text
from alma_cli.store.replication.remote_state import UNSURE
from alma_cli.store.replication.vectors_in_json import in_json
from alma_cli.store.writing.rows_writer import read_replica
from alma_cli.store.writing.undoable import end_grace

_PENDING = "hlc <> '' AND acked_hlc IS DISTINCT FROM hlc"
_NOT_ASIDE = (
    "NOT EXISTS (SELECT 1 FROM quarantine WHERE quarantine.id = {table}.id AND quarantine.agent = {table}.agent)"
)
_HAS_VECTOR = "embedding_model = $model AND embedding IS NOT NULL"
_PORTION = 1000
"""The entries of a listing that are read together, since each question costs."""

_FETCHED_TOGETHER = 100
_PORTION_BYTES = 8_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A record's state that the remote lacks, the version that it has (None when none is known), and the vector.

    The vector is in JSON, and empty when there is none to write.
    """

    state: State
    etag: str | None
    vector: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingDerived:
    """A derived memory that differs at the remote or (without `record`) isn't derived any more."""

    id: str
    agent: str
    kind: Kind
    etag: str | None
    record: Record | None = None
    vector: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingCounts:
    """The records and tombstones that wait to be pushed, by agent, and those that can't be: theirs is set aside."""

    by_agent: dict[str, int]
    blocked: int

    @property
    def total(self) -> int:
        """The number of all that will be pushed."""
        return sum(self.by_agent.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class PushFilter:
    """The records to push: of a project and of some agents (None: all), with vectors by `model`, if that isn't empty.

    `everything` assumes that the remote is empty.
    """

    project_id: str
    agents: Sequence[str] | None = None
    model: str = ""
    everything: bool = False

    def where(self, table: str) -> tuple[str, dict[str, Any]]:
        """The condition in SQL, and its parameters."""
        condition = _NOT_ASIDE.format(table=table)
        condition += " AND hlc <> ''" if self.everything else f" AND {_PENDING}"
        parameters: dict[str, Any] = {}
        if table == "memories":
            condition += " AND memories.project_id = $project_id"
            parameters["project_id"] = self.project_id
        if self.agents is not None:
            condition += f" AND list_contains({listed('$agents')}, {table}.agent)"
            parameters["agents"] = json.dumps(list(self.agents))
        return condition, parameters


class Position(NamedTuple):
    """The place where a listing is: the `seq` of its last memory, then the id of its last entry without one."""

    seq: int = -1
    id: str = ""


class Outgoing:
    """Lists what the remote lacks of an open store, in portions, each with the position after it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def end_grace(self) -> None:
        """Erase the text of what was forgotten: once a tombstone leaves, no forget can be undone."""
        end_grace(self._connection)

    def counts(self, project_id: str) -> PendingCounts:
        """The numbers of records that wait to be pushed."""
        by_agent: dict[str, int] = {}
        blocked = 0
        for table, ours in (("memories", "project_id = $project_id"), ("tombstones", "$project_id <> ''")):
            not_aside = _NOT_ASIDE.format(table=table)
            rows = self._connection.execute(
                f"SELECT agent, count(*) FILTER (WHERE {ours} AND {not_aside}), "
                f"count(*) FILTER (WHERE {ours} AND NOT {not_aside}) "
                f"FROM {table} WHERE {_PENDING} GROUP BY agent ORDER BY agent",
                {"project_id": project_id},
            ).fetchall()
            for agent, waiting, aside in rows:
                if waiting:
                    by_agent[agent] = by_agent.get(agent, 0) + waiting
                blocked += aside
        return PendingCounts(by_agent=by_agent, blocked=blocked)

    def pending(self, wanted: PushFilter, after: Position, *, limit: int = _PORTION) -> tuple[list[Pending], Position]:
        """The next pending entries, at most `limit` or about 8 MB: first records, then tombstones.

        Tombstones come last, so that the records that they are about are there before.
        """
        condition, parameters = wanted.where("memories")
        records, after = self._records(wanted, condition, parameters, after, limit=limit)
        if records:
            return records, after
        condition, parameters = wanted.where("tombstones")
        rows = self._connection.execute(
            "SELECT tombstones.id, tombstones.kind, tombstones.agent, hlc, deleted_at, etag "
            "FROM tombstones LEFT JOIN remote_documents USING (id) "
            f"WHERE tombstones.id > $after AND {condition} ORDER BY tombstones.id LIMIT {int(limit)}",
            {**parameters, "after": after.id},
        ).fetchall()
        tombstones = []
        for id, kind, agent, hlc, deleted_at, etag in rows:
            deleted = deleted_at.replace(tzinfo=UTC)
            state = Tombstone(id=id, kind=kind, agent=agent, hlc=HLC.parse(hlc), deleted_at=deleted)
            tombstones.append(Pending(state=state, etag=etag))
            after = after._replace(id=id)
        return tombstones, after

    def lacking_vectors(
        self, wanted: PushFilter, after: Position, *, limit: int = _PORTION
    ) -> tuple[list[Pending], Position]:
        """The next records that the remote has in this version, but without the vector that we have."""
        condition = (
            "memories.project_id = $project_id AND hlc <> '' AND acked_hlc = hlc AND NOT remote_documents.has_vector "
            f"AND {_HAS_VECTOR} AND {_NOT_ASIDE.format(table='memories')}"
        )
        parameters = {"project_id": wanted.project_id, "model": wanted.model}
        return self._records(wanted, condition, parameters, after, limit=limit)

    def derived(
        self, wanted: PushFilter, after: Position, *, limit: int = _PORTION
    ) -> tuple[list[PendingDerived], Position]:
        """The next derived memories that differ at the remote; then those that only the remote has."""
        while True:
            rows = self._connection.execute(
                f"SELECT memories.seq, etag, content_hash, has_vector, {_HAS_VECTOR}, {RECORD_COLUMNS} "
                "FROM memories LEFT JOIN remote_documents USING (id) WHERE hlc = '' AND "
                f"memories.project_id = $project_id AND memories.seq > $after ORDER BY memories.seq LIMIT {int(limit)}",
                {"project_id": wanted.project_id, "after": after.seq, "model": wanted.model},
            ).fetchall()
            if not rows:
                return self._retired(after, limit=limit)
            after = after._replace(seq=rows[-1][0])
            found = {seq: one for seq, *row in rows if (one := _differing(row)) is not None}
            if found:
                vectors = self._embeddings(list(found), wanted.model)
                return [replace(one, vector=vectors.get(seq, "")) for seq, one in found.items()], after

    def latest_stamp(self) -> HLC:
        """The newest stamp that was given here."""
        return read_replica(self._connection).hlc

    def restamp(self, *, now_ms: int) -> int:
        """Give what a clock that was ahead stamped or dated the present time; return how many records.

        Those are the pending records that are stamped in the future, and all that have a time there.
        """
        with transaction(self._connection):
            now = utc_text(datetime.fromtimestamp(now_ms / 1000, tz=UTC))
            last = self.latest_stamp()
            stamp = HLC(now_ms, 0, last.replica_id) if last.wall_ms > now_ms else last
            given = 0
            for table, at in (("memories", LATEST), ("tombstones", "NULL")):
                rows = self._connection.execute(
                    f"SELECT id, acked_hlc FROM {table} WHERE ({_PENDING} AND hlc > $stamp) "
                    f"OR (hlc <> '' AND {at} > $now::TIMESTAMP) ORDER BY hlc, id",
                    {"stamp": str(HLC(now_ms, 0, "")), "now": now},
                ).fetchall()
                new = []
                for id, acked in rows:
                    stamp = next_stamp(stamp, now_ms=now_ms)
                    after = stamp_after(stamp, HLC.parse(acked.removeprefix(UNSURE)) if acked else None, now_ms=now_ms)
                    new.append({"id": id, "hlc": str(after)})
                self._connection.execute(
                    f"UPDATE {table} SET hlc = given.hlc "
                    f"FROM {rows_from({'id': 'VARCHAR', 'hlc': 'VARCHAR'})} AS given WHERE {table}.id = given.id",
                    [json.dumps(new)],
                )
                given += len(new)
            for name in TIME_COLUMNS:
                self._connection.execute(
                    f"UPDATE memories SET {name} = $now::TIMESTAMP WHERE {_PENDING} AND {name} > $now::TIMESTAMP",
                    {"now": now},
                )
            self._connection.execute("UPDATE replica SET hlc = ?", [str(next_stamp(stamp, now_ms=now_ms))])
        return given

    def _records(
        self, wanted: PushFilter, condition: str, parameters: dict[str, Any], after: Position, *, limit: int
    ) -> tuple[list[Pending], Position]:
        cursor = self._connection.execute(
            f"SELECT memories.seq, hlc, etag, {RECORD_COLUMNS} "
            f"FROM memories LEFT JOIN remote_documents USING (id) WHERE memories.seq > $after AND {condition} "
            f"ORDER BY memories.seq LIMIT {int(limit)}",
            {**parameters, "after": after.seq},
        )
        found: dict[int, tuple[State, str | None]] = {}
        size = 0
        for seq, hlc, etag, *row in _fetched(cursor):
            record = row_record(row)
            size += sum(len(value) for value in row if isinstance(value, str))
            if found and size > _PORTION_BYTES:
                break
            found[seq] = Version(record=record, hlc=HLC.parse(hlc)), etag
        vectors = self._embeddings(list(found), wanted.model)
        pending = [Pending(state=state, etag=etag, vector=vectors.get(seq, "")) for seq, (state, etag) in found.items()]
        return pending, after._replace(seq=max(found, default=after.seq))

    def _retired(self, after: Position, *, limit: int = _PORTION) -> tuple[list[PendingDerived], Position]:
        """The next derived memories of the remote that aren't derived here."""
        rows = self._connection.execute(
            "SELECT id, agent, kind, etag FROM remote_documents WHERE content_hash <> '' AND id > $after "
            "AND NOT EXISTS (SELECT 1 FROM memories WHERE memories.id = remote_documents.id) "
            f"ORDER BY id LIMIT {int(limit)}",
            {"after": after.id},
        ).fetchall()
        retired = [PendingDerived(id=id, agent=agent, kind=kind, etag=etag) for id, agent, kind, etag in rows]
        return retired, after._replace(id=rows[-1][0] if rows else after.id)

    def _embeddings(self, seqs: Sequence[int], model: str) -> dict[int, str]:
        """The vectors by this model of these memories, in JSON, where they have one; none when the model is empty."""
        if not model or not seqs:
            return {}
        found = columns(
            self._connection,
            f"SELECT seq, embedding FROM memories WHERE seq IN (SELECT unnest({given_list('seqs', 'BIGINT')})) "
            f"AND embedding_model = {given('model')} AND embedding IS NOT NULL",
            {"seq": "i8", "embedding": "f4"},
            {"seqs": list(seqs), "model": model},
        )
        return dict(zip(found["seq"].tolist(), in_json(found["embedding"]), strict=True))


def _differing(row: Sequence[Any]) -> PendingDerived | None:
    """The derived memory in a row, if it differs at the remote, or lacks there the vector that we have."""
    etag, known, remote_has_vector, has_vector, *columns = row
    record = row_record(columns)
    if known == content_hash(record) and (remote_has_vector or not has_vector):
        return None
    return PendingDerived(id=record.id, agent=record.agent, kind=record.kind, etag=etag, record=record)


def _fetched(cursor: Connection) -> Iterator[Any]:
    while rows := cursor.fetchmany(_FETCHED_TOGETHER):
        yield from rows
