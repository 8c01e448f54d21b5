"""What the remote has to be told: records and tombstones that it lacks, vectors, derived memories."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

from alma_cli.core.replication.documents import Embedding
from alma_cli.core.replication.hlc import HLC
from alma_cli.core.replication.merge import State, Tombstone, Version, content_hash
from alma_cli.store.database.rows import RECORD_COLUMNS, row_record
from alma_cli.store.database.values import columns, fewest_digits, given, given_list

if TYPE_CHECKING:
    from alma_cli.core.records import Kind, Record
    from alma_cli.store.database.duckdb import Connection

_PENDING = "hlc <> '' AND acked_hlc IS DISTINCT FROM hlc"
_NOT_ASIDE = (
    "NOT EXISTS (SELECT 1 FROM quarantine WHERE quarantine.id = {table}.id AND quarantine.agent = {table}.agent)"
)
_COLUMNS = ", ".join(f"memories.{name}" for name in RECORD_COLUMNS)
_HAS_VECTOR = "embedding_model = $model AND embedding IS NOT NULL"
_FETCHED_TOGETHER = 100
_PORTION_BYTES = 8_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A record's state that the remote doesn't have, the version that it has (None: none known), and the vector."""

    state: State
    etag: str | None
    embedding: Embedding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingDerived:
    """A derived memory that readers of the remote don't see as it is, or (without `record`) that isn't derived now."""

    id: str
    agent: str
    kind: Kind
    etag: str | None
    record: Record | None = None
    embedding: Embedding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingCounts:
    """How many records and tombstones wait to be pushed, by agent; how many can't, because theirs is set aside."""

    by_agent: dict[str, int]
    blocked: int
    foreign: int
    """Of another project id than the configuration's; they are never pushed."""

    @property
    def total(self) -> int:
        """All that will be pushed."""
        return sum(self.by_agent.values())


def pending_counts(connection: Connection, project_id: str) -> PendingCounts:
    """What waits to be pushed."""
    by_agent: dict[str, int] = {}
    blocked = foreign = 0
    for table, ours in (("memories", "project_id = $project_id"), ("tombstones", "$project_id <> ''")):
        not_aside = _NOT_ASIDE.format(table=table)
        rows = connection.execute(
            f"SELECT agent, count(*) FILTER (WHERE {ours} AND {not_aside}), "
            f"count(*) FILTER (WHERE {ours} AND NOT {not_aside}), count(*) FILTER (WHERE NOT ({ours})) "
            f"FROM {table} WHERE {_PENDING} GROUP BY agent ORDER BY agent",
            {"project_id": project_id},
        ).fetchall()
        for agent, waiting, aside, others in rows:
            if waiting:
                by_agent[agent] = by_agent.get(agent, 0) + waiting
            blocked += aside
            foreign += others
    return PendingCounts(by_agent=by_agent, blocked=blocked, foreign=foreign)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be pushed: of which project and (None: all) agents; with vectors by `model`, if that isn't empty.

    `everything` takes the remote for empty.
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
            condition += f" AND list_contains(from_json($agents, '[\"VARCHAR\"]'), {table}.agent)"
            parameters["agents"] = json.dumps(list(self.agents))
        return condition, parameters


def pending_records(connection: Connection, wanted: Wanted, *, after: int, limit: int) -> tuple[list[Pending], int]:
    """Records to push, of a `seq` (from 0) over `after`, at most `limit` or about 8 MB; and the last one's `seq`."""
    condition, parameters = wanted.where("memories")
    return _records(connection, wanted, condition, parameters, after=after, limit=limit)


def records_without_vector(
    connection: Connection, wanted: Wanted, *, after: int, limit: int
) -> tuple[list[Pending], int]:
    """Records that the remote has as they are, but without the vector that we have; and the last one's `seq`."""
    condition = (
        "memories.project_id = $project_id AND hlc <> '' AND acked_hlc = hlc AND NOT remote_documents.has_vector "
        f"AND {_HAS_VECTOR} AND {_NOT_ASIDE.format(table='memories')}"
    )
    parameters = {"project_id": wanted.project_id, "model": wanted.model}
    return _records(connection, wanted, condition, parameters, after=after, limit=limit)


def pending_tombstones(connection: Connection, wanted: Wanted, *, after: str, limit: int) -> list[Pending]:
    """Tombstones to push, of an id over `after`, by id."""
    condition, parameters = wanted.where("tombstones")
    rows = connection.execute(
        "SELECT tombstones.id, tombstones.kind, tombstones.agent, hlc, deleted_at, etag "
        "FROM tombstones LEFT JOIN remote_documents USING (id) "
        f"WHERE tombstones.id > $after AND {condition} ORDER BY tombstones.id LIMIT {int(limit)}",
        {**parameters, "after": after},
    ).fetchall()
    found = []
    for id, kind, agent, hlc, deleted_at, etag in rows:
        deleted = deleted_at.replace(tzinfo=UTC)
        state = Tombstone(id=id, kind=kind, agent=agent, hlc=HLC.parse(hlc), deleted_at=deleted)
        found.append(Pending(state=state, etag=etag))
    return found


def pending_derived(
    connection: Connection, wanted: Wanted, *, after: int, limit: int
) -> tuple[list[PendingDerived], int]:
    """The next derived memories of a `seq` over `after` that the remote has otherwise; and the last one's `seq`."""
    while True:
        rows = connection.execute(
            f"SELECT memories.seq, etag, content_hash, has_vector, {_HAS_VECTOR}, {_COLUMNS} "
            "FROM memories LEFT JOIN remote_documents USING (id) WHERE hlc = '' "
            f"AND memories.project_id = $project_id AND memories.seq > $after ORDER BY memories.seq LIMIT {int(limit)}",
            {"project_id": wanted.project_id, "after": after, "model": wanted.model},
        ).fetchall()
        found = {seq: one for seq, *row in rows if (one := _differing(row)) is not None}
        after = rows[-1][0] if rows else after
        if found or not rows:
            vectors = _embeddings(connection, list(found), wanted.model)
            return [replace(one, embedding=vectors.get(seq)) for seq, one in found.items()], after


def _differing(row: Sequence[Any]) -> PendingDerived | None:
    """The derived memory in a row, if the remote has it otherwise, or without the vector that we have."""
    etag, known, remote_has_vector, has_vector, *columns = row
    record = row_record(columns)
    if known == content_hash(record) and (remote_has_vector or not has_vector):
        return None
    return PendingDerived(id=record.id, agent=record.agent, kind=record.kind, etag=etag, record=record)


def retired_derived(connection: Connection, *, limit: int) -> list[PendingDerived]:
    """Memories that the remote has as derived and that aren't derived here."""
    rows = connection.execute(
        "SELECT id, agent, kind, etag FROM remote_documents WHERE content_hash <> '' "
        "AND NOT EXISTS (SELECT 1 FROM memories WHERE memories.id = remote_documents.id) "
        f"ORDER BY id LIMIT {int(limit)}"
    ).fetchall()
    return [PendingDerived(id=id, agent=agent, kind=kind, etag=etag) for id, agent, kind, etag in rows]


def _records(
    connection: Connection, wanted: Wanted, condition: str, parameters: dict[str, Any], *, after: int, limit: int
) -> tuple[list[Pending], int]:
    cursor = connection.execute(
        f"SELECT memories.seq, hlc, etag, {_COLUMNS} "
        f"FROM memories LEFT JOIN remote_documents USING (id) WHERE memories.seq > $after AND {condition} "
        f"ORDER BY memories.seq LIMIT {int(limit)}",
        {**parameters, "after": after},
    )
    found: dict[int, Pending] = {}
    size = 0
    for seq, hlc, etag, *row in _fetched(cursor):
        record = row_record(row)
        size += sum(len(value) for value in row if isinstance(value, str))
        if found and size > _PORTION_BYTES:
            break
        found[seq] = Pending(state=Version(record=record, hlc=HLC.parse(hlc)), etag=etag)
    vectors = _embeddings(connection, list(found), wanted.model)
    return [replace(one, embedding=vectors.get(seq)) for seq, one in found.items()], max(found, default=after)


def _fetched(cursor: Connection) -> Iterator[Any]:
    while rows := cursor.fetchmany(_FETCHED_TOGETHER):
        yield from rows


def _embeddings(connection: Connection, seqs: Sequence[int], model: str) -> dict[int, Embedding]:
    """The vectors by this model (none by an empty one) of these memories, where they have one."""
    if not model or not seqs:
        return {}
    found = columns(
        connection,
        f"SELECT seq, embedding FROM memories WHERE seq IN (SELECT unnest({given_list('seqs', 'BIGINT')})) "
        f"AND embedding_model = {given('model')} AND embedding IS NOT NULL",
        {"seq": "i8", "embedding": "f4"},
        {"seqs": list(seqs), "model": model},
    )
    vectors = zip(found["seq"].tolist(), fewest_digits(found["embedding"]).tolist(), strict=True)
    return {seq: Embedding(model=model, vector=vector) for seq, vector in vectors}
