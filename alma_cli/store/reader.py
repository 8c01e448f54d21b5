"""Reads the store: searches, records, their history, counts."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from alma_cli.core.records import FIELDS, MAIN_FIELDS, RETRIEVED_KINDS, Kind, Outcome, Record, Vector
from alma_cli.core.scopes.visibility import View
from alma_cli.core.text import shown
from alma_cli.errors import AmbiguousId, InvalidInput, NotFound
from alma_cli.store.database.connection import Connection
from alma_cli.store.database.engine import bound_memory
from alma_cli.store.database.rows import LATEST, RECORD_COLUMNS, RELEVANT_AT, SUCCESS, row_record
from alma_cli.store.database.values import any_of, rows_from, seq_in, utc_text, vector_text
from alma_cli.store.reading import met_errors
from alma_cli.store.reading.general_words import KnownWords
from alma_cli.store.reading.query import Search, SearchResult, Selection
from alma_cli.store.reading.search import search

if TYPE_CHECKING:
    from alma_cli.core.learning.derive import Derived
    from alma_cli.core.replication.marker import Membership
    from alma_cli.store.replication.remote_state import Quarantined
    from alma_cli.store.writing.undoable import PastWrite

_ID_DIGITS = frozenset("0123456789abcdef")
_NAMED = 5
"""The most memories that are named whose ids start alike."""
_FETCHED_TOGETHER = 1024
_LARGE_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One row of the audit: the time, who did it, the action, and the record."""

    at: datetime
    by: str
    action: str
    id: str
    agent: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PastVersion:
    """A version of a record that was replaced; `content` is its JSON, None once forgotten."""

    id: str
    replaced_at: datetime
    replaced_by: str
    content: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The number of records of a kind that one agent has in one domain."""

    agent: str
    domain: str
    kind: Kind
    count: int
    archived: int


def _membership_of_none() -> Membership:
    from alma_cli.core.replication.marker import Membership

    return Membership()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """The store's relation to the shared copy: whether it joined, its last whole sync, and the records that wait."""

    membership: Membership = field(default_factory=_membership_of_none)
    synced_at: datetime | None = None
    pending: Mapping[str, int] = field(default_factory=dict)
    """The number of records and tombstones that wait to be pushed, by agent."""
    blocked: int = 0
    conflicts: int = 0
    set_aside: Sequence[Quarantined] = ()
    other_projects: Sequence[str] = ()
    """The ids of other projects that memories here have, as when `project_id` was only edited."""

    @property
    def joined(self) -> bool:
        """True when the store met its shared copy."""
        return bool(self.membership.project_uid)


class Reader:
    """Reads an open store; without a connection the store is empty. `warnings` say which writes it lacks.

    `path` is given for a store that nobody may write meanwhile.
    """

    def __init__(self, connection: Connection | None, warnings: Sequence[str] = (), *, path: str | None = None) -> None:
        self._connection = connection
        self._path = path
        self._seqs: Mapping[str, int] = {}
        self.warnings = warnings
        self.words = KnownWords(self._rows)

    def search(self, wanted: Search) -> SearchResult:
        """The candidates for one retrieve, with their signals (see `search.search`)."""
        if self._connection is None:
            return SearchResult()
        # Scanned blocks aren't read again, so keeping them only fills memory: 1.6 GB for a million memories, else 0.6.
        if self._path is None or os.path.getsize(self._path) > _LARGE_BYTES:
            bound_memory(self._connection)
        if wanted.vector is not None and not self._compares(wanted.vector):
            wanted = replace(wanted, vector=None)
        found = search(self._connection, wanted, self._path)
        self._seqs = found.seqs
        return found

    def records(self, ids: Sequence[str]) -> dict[str, Record]:
        """The records with these ids, in no order; ids without a record are left out."""
        if self._seqs.keys() >= set(ids):
            condition, parameters = seq_in([self._seqs[id] for id in ids]), []
        else:
            condition, parameters = f"id IN {any_of()}", [json.dumps(list(ids))]
        rows = self._rows(f"SELECT {RECORD_COLUMNS} FROM memories WHERE {condition}", parameters)
        return {record.id: record for record in map(row_record, rows)}

    def record(self, prefix: str) -> Record:
        """The one record whose id has this prefix. Raises `NotFound`, `AmbiguousId`, or `InvalidInput`."""
        wanted = prefix.strip().lower() if isinstance(prefix, str) else ""
        if not 1 <= len(wanted) <= 32 or not _ID_DIGITS.issuperset(wanted):
            raise InvalidInput(
                f"id: expected up to 32 hex digits, got {shown(prefix)}",
                hint="`alma list` and `alma search WORDS` show the ids",
            )
        rows = self._rows(
            f"SELECT {RECORD_COLUMNS} FROM memories WHERE starts_with(id, ?) ORDER BY id LIMIT {_NAMED + 1}", [wanted]
        )
        if not rows:
            raise NotFound(f"no memory has an id that starts with {wanted}", hint="`alma list` shows the ids")
        found = [row_record(row) for row in rows]
        if len(found) > 1:
            digits = next(digits for digits in (12, 32) if len({record.id[:digits] for record in found}) == len(found))
            some = ", ".join(record.id[:digits] for record in found[:_NAMED]) + (", ..." if len(found) > _NAMED else "")
            raise AmbiguousId(f"several memories have an id that starts with {wanted}: {some}", hint="add more digits")
        return found[0]

    def listed(
        self,
        selection: Selection,
        *,
        limit: int | None = None,
        offset: int = 0,
        newest_first: bool = True,
        by_change: bool = True,
    ) -> Iterator[Record]:
        """The selected records by the time of their last change, or that of their recency; all without a `limit`."""
        if self._connection is None:
            return
        condition, values = selection.where(lambda name: f"${name}")
        order = "DESC" if newest_first else "ASC"
        time = "updated_at" if by_change else RELEVANT_AT
        cursor = self._connection.execute(
            f"SELECT {RECORD_COLUMNS} FROM memories WHERE {condition} ORDER BY {time} {order}, seq {order}"
            + ("" if limit is None else f" LIMIT {int(limit)} OFFSET {int(offset)}"),
            values,
        )
        while rows := cursor.fetchmany(_FETCHED_TOGETHER):
            yield from map(row_record, rows)

    def audit(self, id: str | None = None, *, limit: int) -> list[AuditRow]:
        """The rows of the audit, newest first: of one record, or all."""
        rows = self._rows(
            "SELECT done_at, done_by, action, id, agent, detail FROM audit WHERE $id IS NULL OR id = $id "
            "ORDER BY rowid DESC LIMIT $limit",
            {"id": id, "limit": limit},
        )
        return [
            AuditRow(at=row[0].replace(tzinfo=UTC), by=row[1], action=row[2], id=row[3], agent=row[4], detail=row[5])
            for row in rows
        ]

    def audited_id(self, prefix: str) -> str:
        """The one id with this prefix among all that were ever stored. Raises like `record`."""
        rows = self._rows("SELECT DISTINCT id FROM audit WHERE starts_with(id, ?) LIMIT 2", [prefix.strip().lower()])
        return rows[0][0] if len(rows) == 1 and prefix.strip() else self.record(prefix).id

    def versions(self, id: str) -> list[PastVersion]:
        """The versions of a record that were replaced, newest first."""
        rows = self._rows(
            "SELECT id, replaced_at, replaced_by, CASE WHEN id NOT IN (SELECT id FROM tombstones) THEN content END "
            "FROM history WHERE id = ? "
            "ORDER BY rowid DESC",
            [id],
        )
        return [
            PastVersion(id=row[0], replaced_at=row[1].replace(tzinfo=UTC), replaced_by=row[2], content=row[3])
            for row in rows
        ]

    def writes_by(self, by: str, *, about: str = "", limit: int) -> list[PastWrite]:
        """The last writes of a user that nobody undid, newest first; only those about an id that starts so."""
        from alma_cli.store.writing.undoable import writes_by

        return [] if self._connection is None else writes_by(self._connection, by, about=about, limit=limit)

    def replaced_versions(self, write: PastWrite) -> dict[str, str]:
        """The versions, as JSON, that a write replaced or forgot, by their ids, as far as their text is there."""
        from alma_cli.store.writing.undoable import replaced_versions

        return {} if self._connection is None else replaced_versions(self._connection, write)

    def tallies(self) -> list[Tally]:
        """The number of records by agent, domain and kind."""
        rows = self._rows(
            "SELECT agent, domain, kind, count(*), count(*) FILTER (WHERE archived) FROM memories "
            "GROUP BY ALL ORDER BY agent, domain, kind",
            [],
        )
        return [Tally(agent=row[0], domain=row[1], kind=row[2], count=row[3], archived=row[4]) for row in rows]

    def outcome_results(self) -> dict[str, dict[str, int]]:
        """The number of outcomes by agent and result."""
        rows = self._rows(
            "SELECT agent, outcome, count(*) FROM memories WHERE kind = 'outcome' GROUP BY ALL ORDER BY ALL", []
        )
        results: dict[str, dict[str, int]] = {}
        for agent, outcome, count in rows:
            results.setdefault(agent, {})[outcome] = count
        return results

    def rule_marks(self) -> dict[str, str]:
        """A mark of each rule that retrieve considers, by id, which changes with the rule; the newest rules first."""
        rows = self._rows(
            "SELECT id, concat_ws(' ', epoch_ms(updated_at), occurrences, successes) FROM memories "
            "WHERE kind IN ('heuristic', 'anti_pattern') AND NOT archived ORDER BY updated_at DESC, seq DESC",
            [],
        )
        return dict(rows)

    def last_outcomes(self, label: str, *, now: datetime) -> list[tuple[str, str]]:
        """The id and result of the outcome that happened last, and of those with the same value of a label.

        What happens only after this time, as a clock that was ahead said, is not the last while there is anything else.
        """
        order = "ORDER BY happened_at > $now::TIMESTAMP, happened_at DESC, seq DESC"
        return self._rows(
            "WITH newest AS (SELECT id AS last, labels[$label] AS session FROM memories WHERE kind = 'outcome' "
            f"{order} LIMIT 1) SELECT id, outcome FROM memories, newest "
            f"WHERE kind = 'outcome' AND (id = last OR labels[$label] = session) {order}",
            {"label": label, "now": utc_text(now)},
        )

    def project_ids(self) -> Mapping[str, int]:
        """The number of records by the project that they were recorded in; one that was renamed has several names."""
        return dict(self._rows("SELECT project_id, count(*) FROM memories GROUP BY 1 ORDER BY 1", []))

    def worked_by_label(self, name: str) -> dict[str, tuple[int, float]]:
        """The number of outcomes, and of those that worked, by what they have under a label."""
        rows = self._rows(
            f"SELECT labels[$name], count(*), sum({SUCCESS}) FROM memories "
            "WHERE kind = 'outcome' AND map_contains(labels, $name) GROUP BY 1",
            {"name": name},
        )
        return {value: (count, worked) for value, count, worked in rows}

    def tombstones(self) -> int:
        """The number of records that were forgotten."""
        rows = self._rows("SELECT count(*) FROM tombstones", [])
        return rows[0][0] if rows else 0

    def models(self) -> Mapping[str, int]:
        """The number of memories by the embedding model of their vectors; the empty name counts those without one."""
        rows = self._rows(
            "SELECT coalesce(embedding_model, ''), count(*) FROM memories WHERE kind <> 'credit' GROUP BY 1", []
        )
        return dict(rows)

    def main_texts_beyond_ascii(self) -> list[str]:
        """The main text of every memory where that has more than ASCII's characters."""
        text = f"coalesce({', '.join(FIELDS[MAIN_FIELDS[kind]].column for kind in RETRIEVED_KINDS)})"
        return [
            text for (text,) in self._rows(f"SELECT {text} FROM memories WHERE strlen({text}) > length({text})", [])
        ]

    def nearest(self, record: Record, vector: Vector, model: str, *, limit: int = 3) -> list[tuple[Record, float]]:
        """The memories of the same kind, agent, domain and user nearest in meaning, with their cosine."""
        if not self._compares(vector):
            return []
        rows = self._rows(
            f"SELECT {RECORD_COLUMNS}, "
            f"array_cosine_similarity(embedding, $vector::VARCHAR::FLOAT[{len(vector)}]) AS cosine "
            "FROM memories WHERE embedding_model = $model AND kind = $kind AND agent = $agent AND domain = $domain "
            "AND user_id IS NOT DISTINCT FROM $user_id AND NOT archived ORDER BY cosine DESC, id LIMIT $limit",
            {
                "vector": vector_text(vector),
                "model": model,
                "kind": record.kind,
                "agent": record.agent,
                "domain": record.domain,
                "user_id": getattr(record, "user_id", None),
                "limit": limit,
            },
        )
        return [(row_record(row[:-1]), row[-1]) for row in rows]

    def evidence_ids(self, derived: Derived) -> list[str]:
        """The ids of the outcomes from which a memory was derived."""
        rows = self._rows(
            """
            SELECT id FROM memories AS outcomes WHERE kind = 'outcome' AND agent = $agent AND domain = $domain
                AND strategy_key = $strategy_key AND (task_key = $task_key OR ($task_key = '' AND NOT EXISTS (
                    SELECT * FROM memories AS rules WHERE rules.origin = 'derived' AND rules.agent = $agent
                        AND rules.domain = $domain AND rules.strategy_key = $strategy_key
                        AND rules.task_key = outcomes.task_key
                )))
            ORDER BY id
            """,
            {name: getattr(derived, name) for name in ("agent", "domain", "task_key", "strategy_key")},
        )
        return [row[0] for row in rows]

    def with_errors(self, views: Sequence[View], words: Collection[str], *, limit: int) -> list[Outcome]:
        """The visible outcomes with an error that share most of these words, in any of their texts."""
        if self._connection is None:
            return []
        return met_errors.with_errors(self._connection, views, words, limit=limit)

    def worked_near(self, views: Sequence[View], failed: Outcome, *, limit: int) -> list[tuple[Outcome, float]]:
        """The visible outcomes that worked and are nearest to one that failed, with their cosines, nearest first."""
        if self._connection is None:
            return []
        return met_errors.worked_near(self._connection, views, failed, limit=limit)

    def evidence(self, derived: Derived, *, limit: int) -> list[Outcome]:
        """The newest outcomes from which a memory was derived, newest first."""
        ids = self.evidence_ids(derived)
        rows = self._rows(
            f"SELECT {RECORD_COLUMNS} FROM memories WHERE id IN {any_of()} ORDER BY happened_at DESC, id DESC "
            f"LIMIT {int(limit)}",
            [json.dumps(ids)],
        )
        return [record for record in map(row_record, rows) if isinstance(record, Outcome)]

    def stale_ids(self, *, before: Mapping[Kind, datetime]) -> list[str]:
        """The ids of memories that are older than the time given for their kind, and were never credited.

        Derived memories are left out: they are as fresh as their evidence.
        """
        given = [{"kind": kind, "time": utc_text(time)} for kind, time in before.items()]
        rows = self._rows(
            f"""
            SELECT id FROM memories JOIN {rows_from({"kind": "VARCHAR", "time": "TIMESTAMP"})} USING (kind)
            WHERE NOT archived AND origin <> 'derived'
                AND {RELEVANT_AT} < time
                AND id NOT IN (
                    SELECT target FROM memories WHERE kind = 'credit' AND NOT archived
                    GROUP BY target HAVING sum(value) > 0
                )
            ORDER BY id
            """,
            [json.dumps(given)],
        )
        return [row[0] for row in rows]

    def to_come(self, now: datetime, *, any_time: bool) -> list[str]:
        """The ids of memories whose recency (or with `any_time` any other time) is after this one."""
        time = LATEST if any_time else RELEVANT_AT
        rows = self._rows(
            f"SELECT id FROM memories WHERE hlc <> '' AND {time} > ?::TIMESTAMP ORDER BY id", [utc_text(now)]
        )
        return [row[0] for row in rows]

    def shared(self, project_id: str) -> Shared:
        """The store's relation to the shared copy, as far as it is known here."""
        from alma_cli.store.replication.outgoing import Outgoing
        from alma_cli.store.replication.remote_state import RemoteState

        if self._connection is None:
            return Shared()
        remote = RemoteState(self._connection)
        state = remote.sync_state()
        counts = Outgoing(self._connection).counts(project_id)
        return Shared(
            membership=state.membership,
            synced_at=state.synced_at,
            pending=counts.by_agent,
            blocked=counts.blocked,
            conflicts=remote.conflict_count(),
            set_aside=remote.quarantined(),
            other_projects=remote.other_projects(project_id),
        )

    def outdated(self, model: str, *, limit: int) -> list[Record]:
        """Some memories that have no vector by this model."""
        from alma_cli.store.writing.reindex import Vectors

        return [] if self._connection is None else Vectors(self._connection).outdated(model, limit=limit)

    def _compares(self, vector: Vector) -> bool:
        """True when the store's vectors are as long: those of the model before may not be, until `alma reindex`."""
        return self._rows("SELECT dimension FROM replica", []) == [(len(vector),)]

    def _rows(self, sql: str, parameters: object) -> list[Any]:
        return [] if self._connection is None else self._connection.execute(sql, parameters).fetchall()
