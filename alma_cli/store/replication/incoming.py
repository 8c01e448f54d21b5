"""Taking in what arrived from the remote: its documents, what is derived anew from them, and the checkpoint, at once.

What has to be done about each record is decided by `core.plan`; here it is carried out for many in few statements.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any, TypeAlias

from alma_cli.core.records import Outcome
from alma_cli.core.replication.documents import Arrived, Cached, Embedding, TheMarker
from alma_cli.core.replication.hlc import HLC
from alma_cli.core.replication.merge import State, Tombstone, Version
from alma_cli.core.replication.plan import Action, Echo, Held, Keep, Refuse, Take, on_arrival
from alma_cli.store.database.engine import transaction
from alma_cli.store.database.rows import RECORD_COLUMNS, row_record
from alma_cli.store.database.values import any_of, rows_from, utc_text
from alma_cli.store.inbox.operations import Entry
from alma_cli.store.replication.known_documents import Remembered, remember_documents
from alma_cli.store.replication.quarantine import SetAside, release, set_aside
from alma_cli.store.writing.derived import Touched, derive_touched
from alma_cli.store.writing.keys import with_keys
from alma_cli.store.writing.rows_writer import Replaced, RowsWriter

if TYPE_CHECKING:
    from alma_cli.core.replication.documents import Body, Content
    from alma_cli.store.database.duckdb import Connection
    from alma_cli.store.inbox.operations import Vector
    from alma_cli.store.writing.changes import Learning

_BY = "sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readable:
    """A document that could be read, and the version of it that the remote has; `body` is it as it came."""

    agent: str
    id: str
    etag: str
    content: Content
    body: Body

    @property
    def raw(self) -> str:
        """Its JSON, always in the same form."""
        return json.dumps(dict(self.body), ensure_ascii=False, sort_keys=True)

    @property
    def name(self) -> str:
        """What a user may call it."""
        return f"{self.agent}/{self.id}"


Document: TypeAlias = Readable | SetAside


@dataclass(slots=True)
class TakenIn:
    """What was done about each record that arrived, and what was set aside for the first time."""

    actions: list[Action] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)


def held(connection: Connection, ids: Sequence[str]) -> dict[str, Held]:
    """What the store has of these records, derived memories left out."""
    given = json.dumps(list(ids))
    found: dict[str, Held] = {}
    rows = connection.execute(
        f"SELECT hlc, acked_hlc, {', '.join(RECORD_COLUMNS)} FROM memories WHERE id IN {any_of()} AND hlc <> ''",
        [given],
    ).fetchall()
    for hlc, acked, *columns in rows:
        version = Version(record=row_record(columns), hlc=HLC.parse(hlc))
        found[version.id] = Held(state=version, acked=_stamp(acked))
    rows = connection.execute(
        f"SELECT id, kind, agent, hlc, acked_hlc, deleted_at FROM tombstones WHERE id IN {any_of()}", [given]
    ).fetchall()
    for id, kind, agent, hlc, acked, deleted_at in rows:
        deleted = deleted_at.replace(tzinfo=UTC)
        tombstone = Tombstone(id=id, kind=kind, agent=agent, hlc=HLC.parse(hlc), deleted_at=deleted)
        found[id] = Held(state=tombstone, acked=_stamp(acked))
    return found


def texts_wanted(connection: Connection, documents: Sequence[Document], model: str) -> list[str]:
    """The texts whose vectors have to be made here before these documents can be taken in."""
    arrived = [document.content for document in documents if isinstance(document, Readable)]
    wanting = [content for content in arrived if isinstance(content, Arrived) and _may_want_vectors(content, model)]
    if not wanting:
        return []
    present = held(connection, [content.state.id for content in wanting])
    texts: dict[str, None] = {}
    outcomes: list[Outcome] = []
    for content in wanting:
        if not isinstance(on_arrival(content.state, present.get(content.state.id)), Take):
            continue
        record = _record(content.state)
        if not _is_by(content.embedding, model):
            texts[record.topic] = None
        if isinstance(record, Outcome) and record.strategy_key:
            outcomes.append(record)
    known = _known_strategies(connection, outcomes)
    unknown = {(one.agent, one.domain, one.strategy_key): one.strategy for one in reversed(outcomes)}
    return [*texts, *(text for key, text in unknown.items() if key not in known and text.strip())]


def _may_want_vectors(content: Arrived, model: str) -> bool:
    """Whether it may be that a vector has to be made before this can be taken in."""
    if isinstance(content.state, Tombstone) or content.state.kind == "credit":
        return False
    return content.state.kind == "outcome" or not _is_by(content.embedding, model)


def take_in(
    connection: Connection,
    documents: Sequence[Document],
    *,
    vectors: Mapping[str, Vector],
    model: str,
    pushed: Sequence[Remembered] = (),
    checkpoint: str | None = None,
    now_ms: int,
    learning: Learning,
) -> TakenIn:
    """Carry out what these documents call for, acknowledge what was `pushed`, and store the checkpoint: all or nothing.

    `vectors` are those made here, by text. Nothing is written when there is nothing to change.
    """
    with transaction(connection):
        rows = RowsWriter(connection, now_ms=now_ms)
        taking = _TakingIn(rows, vectors=vectors, model=model)
        taking.acknowledge(pushed)
        done = taking.take(documents)
        if checkpoint is not None:
            connection.execute(
                "UPDATE sync_state SET checkpoint = $new WHERE checkpoint IS DISTINCT FROM $new", {"new": checkpoint}
            )
        taking.write()
        if taking.has_changes:
            derive_touched(rows, taking.touched, learning)
            rows.finish()
    return done


class _TakingIn:
    """One portion of documents in one transaction."""

    def __init__(self, rows: RowsWriter, *, vectors: Mapping[str, Vector], model: str) -> None:
        self.touched = Touched()
        self.has_changes = False
        """Whether anything but what the remote is known to have has to be written."""
        self._rows = rows
        self._connection = rows.connection
        self._vectors = vectors
        self._model = model
        self._entries: dict[str, tuple[Entry, str]] = {}
        self._tombstones: dict[str, Tombstone] = {}
        self._gone: list[str] = []
        self._acked: dict[str, str | None] = {}
        self._history: list[Replaced] = []
        self._documents: dict[str, Remembered] = {}

    def acknowledge(self, pushed: Sequence[Remembered]) -> None:
        """Note that the remote has these; one that was changed meanwhile stays pending."""
        for one in pushed:
            if one.hlc is not None:
                self._acked[one.id] = str(one.hlc)
            self._documents[one.id] = one
        self._write_acknowledged()

    def take(self, documents: Sequence[Document]) -> TakenIn:
        """Decide about each document, and gather what has to be written."""
        done = TakenIn()
        readable = [document for document in documents if isinstance(document, Readable)]
        present = held(self._connection, [document.id for document in readable])
        derived = self._derived_among([document.id for document in readable])
        refused: list[SetAside] = [document for document in documents if isinstance(document, SetAside)]
        for document in readable:
            match document.content:
                case TheMarker():
                    continue
                case Cached():
                    self._note_document(document, has_vector=True)
                    continue
                case Arrived(state=state):
                    pass
            action = on_arrival(state, present.get(document.id))
            if document.id in derived:
                action = Refuse(state=state, reason="this id is derived here, so nobody can have recorded it")
            if isinstance(action, Refuse):
                refused.append(
                    SetAside(
                        name=document.name, agent=document.agent, id=document.id, raw=document.raw, reason=action.reason
                    )
                )
            else:
                present[document.id] = self._decided(action, document)
            done.actions.append(action)
        done.set_aside = set_aside(self._connection, refused, at=utc_text(self._rows.now))
        left = {one.name for one in refused}
        release(self._connection, [document.name for document in readable if document.name not in left])
        return done

    def _decided(self, action: Echo | Take | Keep, document: Readable) -> Held:
        """Note what the action calls for; what the store will hold then."""
        content = document.content
        assert isinstance(content, Arrived)
        is_memory = isinstance(content.state, Version) and content.state.kind != "credit"
        self._note_document(document, has_vector=content.embedding is not None or not is_memory)
        id = document.id
        match action:
            case Echo(state=state):
                if action.is_news:
                    self._acked[id] = str(state.hlc)
                return Held(state=state, acked=state.hlc)
            case Keep(state=state):
                self._acked[id] = None if action.acked is None else str(action.acked)
                if action.is_conflict:
                    self._lose(action.lost, forgotten=isinstance(state, Tombstone))
                    self._say("conflict", state, "what was here was kept; the other version is in history")
                return Held(state=state, acked=action.acked)
            case Take(state=state, replaced=replaced):
                self._replace(state, replaced, content.embedding)
                if action.is_conflict:
                    self._say("conflict", state, "what was here was replaced, and is in history")
                return Held(state=state, acked=state.hlc)

    def _replace(self, state: State, replaced: State | None, embedding: Embedding | None) -> None:
        id = state.id
        is_tombstone = isinstance(state, Tombstone)
        self._acked.pop(id, None)
        if isinstance(replaced, Version):
            self._gone.append(id)
            self._entries.pop(id, None)
            self._lose(replaced, forgotten=is_tombstone)
            if is_tombstone:
                self.touched.forget(replaced.record)
            else:
                self.touched.add(replaced.record)
        if isinstance(state, Tombstone):
            self._tombstones[id] = state
            self._say("pull-forget", state, state.kind)
            return
        record = state.record
        self.touched.add(record)
        vector = _usable(embedding, self._model) or self._vectors.get(record.topic)
        if record.kind == "credit":
            vector = None
        strategy_vector = self._vectors.get(record.strategy) if isinstance(record, Outcome) else None
        model = self._model if vector is not None or strategy_vector is not None else ""
        entry = Entry(record=record, vector=vector, strategy_vector=strategy_vector, model=model)
        self._entries[id] = (entry, str(state.hlc))
        self._say("pull", state, state.kind)

    def write(self) -> None:
        """Write what was gathered, but for what is derived from it."""
        self._rows.remove(self._gone)
        self._rows.add_history(self._history)
        self._rows.add_tombstones([(tombstone, str(tombstone.hlc)) for tombstone in self._tombstones.values()])
        keyed = [entry for entry, _ in self._entries.values() if _has_keys(entry)]
        if keyed:
            with_keys(self._connection, keyed, self._rows.dimension)  # the texts that stand for keys new here
        for entry, hlc in self._entries.values():
            self._rows.add(entry, hlc=hlc, acked_hlc=hlc)
        self._write_acknowledged()

    def _write_acknowledged(self) -> None:
        """Store what the remote has; where that is known already nothing is written."""
        if self._acked:
            given = json.dumps([{"id": id, "acked_hlc": acked} for id, acked in self._acked.items()])
            for table in ("memories", "tombstones"):
                self._connection.execute(
                    f"UPDATE {table} SET acked_hlc = given.acked_hlc "
                    f"FROM {rows_from({'id': 'VARCHAR', 'acked_hlc': 'VARCHAR'})} AS given "
                    f"WHERE {table}.id = given.id AND {table}.acked_hlc IS DISTINCT FROM given.acked_hlc",
                    [given],
                )
            self._acked = {}
        if self._documents:
            remember_documents(self._connection, list(self._documents.values()))
            self._documents = {}

    def _note_document(self, document: Readable, *, has_vector: bool) -> None:
        content = document.content
        kind = content.kind if isinstance(content, Cached) else content.state.kind  # type: ignore[union-attr]
        self._documents[document.id] = Remembered(
            id=document.id,
            agent=document.agent,
            kind=kind,
            etag=document.etag,
            has_vector=has_vector,
            content_hash=content.content_hash if isinstance(content, Cached) else None,
        )

    def _derived_among(self, ids: Sequence[str]) -> set[str]:
        rows = self._connection.execute(
            f"SELECT id FROM memories WHERE id IN {any_of()} AND hlc = ''", [json.dumps(list(ids))]
        ).fetchall()
        return {row[0] for row in rows}

    def _lose(self, lost: State, *, forgotten: bool) -> None:
        """Keep a version that doesn't hold in history, without its text when the memory is forgotten."""
        if isinstance(lost, Version):
            replaced = Replaced(record=lost.record, hlc=str(lost.hlc), at=self._rows.now, by=_BY, erased=forgotten)
            self._history.append(replaced)

    def _say(self, action: str, state: State, detail: str) -> None:
        self.has_changes = True
        self._rows.audit(action, id=state.id, agent=state.agent, detail=detail, by=_BY)


def _record(state: State) -> Any:
    assert isinstance(state, Version)
    return state.record


def _is_by(embedding: Embedding | None, model: str) -> bool:
    return embedding is not None and embedding.model == model


def _usable(embedding: Embedding | None, model: str) -> Vector | None:
    return array("f", embedding.vector) if embedding is not None and embedding.model == model else None


def _has_keys(entry: Entry) -> bool:
    """Whether this is an outcome whose keys were chosen where it was recorded, as they should be."""
    record = entry.record
    return isinstance(record, Outcome) and bool(
        record.task_key and (record.strategy_key or not record.strategy.strip())
    )


def _known_strategies(connection: Connection, outcomes: Sequence[Outcome]) -> set[tuple[str, str, str]]:
    types = dict.fromkeys(("agent", "domain", "key"), "VARCHAR")
    given = [{"agent": one.agent, "domain": one.domain, "key": one.strategy_key} for one in outcomes]
    rows = connection.execute(
        f"SELECT DISTINCT agent, domain, key FROM keys SEMI JOIN {rows_from(types)} USING (agent, domain, key) "
        "WHERE role = 'strategy'",
        [json.dumps(given)],
    ).fetchall()
    return set(rows)


def _stamp(text: str | None) -> HLC | None:
    return HLC.parse(text) if text else None
