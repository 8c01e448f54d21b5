"""Takes in what arrived from the remote: documents, memories derived from them, and the checkpoint, all at once.

`core.replication.plan` decides about each record; here that is carried out for many of them in few statements.
"""

import json
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TypeAlias

from alma_cli.core.records import Kind, Vector
from alma_cli.core.replication.documents import (
    Arrived,
    Cached,
    Document,
    Embedding,
    Readable,
    Received,
    Unreadable,
    read,
)
from alma_cli.core.replication.hlc import HLC
from alma_cli.core.replication.merge import State, Tombstone, Version, says_the_same
from alma_cli.core.replication.plan import Action, Echo, Held, Keep, Reject, Take, plan
from alma_cli.store.database.connection import Connection
from alma_cli.store.database.engine import transaction
from alma_cli.store.database.rows import RECORD_COLUMNS, row_record
from alma_cli.store.database.values import any_of, rows_from
from alma_cli.store.inbox.operations import Entry
from alma_cli.store.replication.remote_state import (
    CONFLICT_KEPT,
    CONFLICT_LOST,
    UNSURE,
    KnownDocument,
    Quarantined,
    RemoteState,
)
from alma_cli.store.writing.changes import ProjectRules
from alma_cli.store.writing.derived import Touched, derive_touched
from alma_cli.store.writing.rows_writer import Replaced, RowsWriter, read_replica

_BY = "sync"
_COVERING = "this id was recorded here, so nobody can have derived it"
_IS_BLOCKING = " OR ".join(
    f"EXISTS (SELECT 1 FROM {table} WHERE {table}.id = quarantine.id AND {table}.agent = quarantine.agent "
    "AND hlc <> '' AND acked_hlc IS DISTINCT FROM hlc)"
    for table in ("memories", "tombstones")
)

DecidedDocument: TypeAlias = tuple[Document, Arrived, Action]
"""A document, the record's state in it, and the action for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """The actions for the records that arrived, and the documents that were set aside for the first time."""

    actions: list[Action]
    set_aside: list[Unreadable]


class Incoming:
    """Takes documents into an open store; `now_ms` and `rules` are those of the store."""

    def __init__(self, connection: Connection, *, now_ms: Callable[[], int], rules: ProjectRules) -> None:
        self._connection = connection
        self._now_ms = now_ms
        self._rules = rules

    def planned(self, documents: Sequence[Received], *, is_new: bool = False) -> list[DecidedDocument]:
        """The actions for those of the documents that are records; nothing is changed.

        With `is_new` the store is new to the remote, so no record counts as pushed.
        """
        arrived = [
            (one.document, one.content)
            for one in documents
            if isinstance(one, Readable) and isinstance(one.content, Arrived)
        ]
        if not arrived:
            return []
        ids = json.dumps([document.id for document, _ in arrived])
        held = _held(self._connection, ids)
        if is_new:
            held = {id: replace(one, acked=None, base=one.acked or one.base) for id, one in held.items()}
        rows = self._connection.execute(f"SELECT id FROM memories WHERE id IN {any_of()} AND hlc = ''", [ids])
        derived = {row[0] for row in rows.fetchall()}
        now = datetime.fromtimestamp(self._now_ms() / 1000, tz=UTC)
        actions = plan([content.state for _, content in arrived], held, derived=derived, now=now)
        return [(*one, action) for one, action in zip(arrived, actions, strict=True)]

    def worth_another_look(self, project_id: str) -> list[Quarantined]:
        """The documents set aside that may be taken in now, as by a newer ALMA, or that keep something from the remote.

        Anything that changes at the remote comes by itself; this is what only changed here, or may be gone there.
        """
        rows = self._connection.execute(f"SELECT name, raw, {_IS_BLOCKING} FROM quarantine").fetchall()
        wanted = {name for name, _, is_blocking in rows if is_blocking}
        aside = RemoteState(self._connection).quarantined() if rows else []
        raws = {name: raw for name, raw, _ in rows}
        candidates = {one.name: found for one in aside if (found := _as_kept(one, raws[one.name], project_id))}
        planned = self.planned(list(candidates.values()))
        refused = {document.name for document, _, action in planned if isinstance(action, Reject)}
        refused |= {document.name for document in self._covering(list(candidates.values()))}
        wanted |= {name for name, one in candidates.items() if one.document.name not in refused}
        return [one for one in aside if one.name in wanted]

    def _covering(self, documents: Sequence[Received]) -> list[Document]:
        """The documents that say that they are derived, in the places of what was recorded or forgotten here."""
        cached = [one.document for one in documents if isinstance(one, Readable) and isinstance(one.content, Cached)]
        if not cached:
            return []
        rows = self._connection.execute(
            f"SELECT id FROM memories WHERE id IN {any_of()} AND hlc <> '' "
            f"UNION SELECT id FROM tombstones WHERE id IN {any_of()}",
            [json.dumps([one.id for one in cached])] * 2,
        ).fetchall()
        recorded = {row[0] for row in rows}
        return [one for one in cached if one.id in recorded]

    def texts_wanted(self, documents: Sequence[Received], model: str) -> list[str]:
        """The texts that need a vector made here before these documents can be taken in."""
        dimension = read_replica(self._connection).dimension
        wanting = [
            one
            for one in documents
            if isinstance(one, Readable)
            and isinstance(one.content, Arrived)
            and _wants_vector(one.content, model, dimension)
        ]
        if not wanting:
            return []
        taken = [action.state for _, _, action in self.planned(wanting) if isinstance(action, Take)]
        return list(
            dict.fromkeys(text for state in taken if isinstance(state, Version) for text in state.record.topics)
        )

    def take_in(
        self,
        documents: Sequence[Received],
        *,
        vectors: Mapping[str, Vector] = MappingProxyType({}),
        model: str,
        pushed: Sequence[KnownDocument] = (),
        checkpoint: str | None = None,
    ) -> TakenIn:
        """Carry out the actions for these documents, acknowledge `pushed` ones, store the checkpoint: all or nothing.

        `vectors` were made here, by text. Nothing is written when there is nothing to change.
        """
        with transaction(self._connection):
            remote = RemoteState(self._connection)
            rows = RowsWriter(self._connection, now_ms=self._now_ms())
            portion = _Portion(rows, remote, vectors=vectors, model=model)
            portion.acknowledge(pushed)
            readable = [one for one in documents if isinstance(one, Readable)]
            unreadable = [one for one in documents if isinstance(one, Unreadable)]
            covering = self._covering(readable)
            unreadable += [one.unreadable(_COVERING) for one in covering]
            for one in readable:
                if isinstance(one.content, Cached) and one.document not in covering:
                    portion.note(one.document, kind=one.content.kind, content_hash=one.content.content_hash)
            planned = self.planned(readable)
            for document, content, action in planned:
                if isinstance(action, Reject):
                    unreadable.append(document.unreadable(action.reason))
                else:
                    portion.carry_out(action, document, content)
            news = remote.set_aside(unreadable, at=rows.now)
            remote.release({one.document.name for one in readable} - {one.name for one in unreadable})
            if checkpoint is not None:
                remote.advance(checkpoint)
            portion.write()
            if portion.has_changes:
                derive_touched(rows, portion.touched, self._rules)
                rows.finish()
        return TakenIn(actions=[action for _, _, action in planned], set_aside=news)


class _Portion:
    """The changes of one portion of documents, gathered to be written in few statements."""

    def __init__(self, rows: RowsWriter, remote: RemoteState, *, vectors: Mapping[str, Vector], model: str) -> None:
        self.touched = Touched()
        self.has_changes = False
        """True when more has to be written than the versions that the remote has."""
        self._rows = rows
        self._remote = remote
        self._vectors = vectors
        self._model = model
        self._entries: dict[str, tuple[Entry, str]] = {}
        self._tombstones: dict[str, Tombstone] = {}
        self._gone: list[str] = []
        self._history: list[Replaced] = []
        self._acked: dict[str, str | None] = {}
        self._documents: dict[str, KnownDocument] = {}

    def acknowledge(self, pushed: Sequence[KnownDocument]) -> None:
        """Store that the remote has these records; one that was changed meanwhile stays pending."""
        for one in pushed:
            if one.hlc is not None:
                self._acked[one.id] = str(one.hlc)
            self._documents[one.id] = one
        self._write_acknowledged()

    def note(self, document: Document, *, kind: Kind, has_vector: bool = True, content_hash: str | None = None) -> None:
        """Note the remote's version of a document."""
        self._documents[document.id] = KnownDocument(
            id=document.id,
            agent=document.agent,
            kind=kind,
            etag=document.etag,
            has_vector=has_vector,
            content_hash=content_hash,
        )

    def carry_out(self, action: Echo | Take | Keep, document: Document, content: Arrived) -> None:
        """Gather the changes that the action calls for."""
        is_memory = isinstance(content.state, Version) and content.state.kind != "credit"
        self.note(document, kind=content.state.kind, has_vector=content.embedding is not None or not is_memory)
        match action:
            case Echo(state=state):
                if action.is_news:
                    self._acked[state.id] = str(state.hlc)
            case Keep(state=state):
                self._acked[state.id] = None if action.acked is None else str(action.acked)
                if action.is_conflict:
                    self._lose(action.lost, erased=isinstance(state, Tombstone))
                    self._say("conflict", state, CONFLICT_KEPT)
            case Take(state=state):
                self._take(action, content.embedding)
                if action.is_conflict:
                    self._say("conflict", state, CONFLICT_LOST)

    def _take(self, action: Take, embedding: Embedding | None) -> None:
        state, replaced = action.state, action.replaced
        self._acked.pop(state.id, None)
        if isinstance(replaced, Version):
            self._gone.append(state.id)
            self._entries.pop(state.id, None)
            if not says_the_same(replaced, state):
                self._lose(replaced, erased=isinstance(state, Tombstone))
            self.touched.add(replaced.record)
        if isinstance(state, Tombstone):
            self._tombstones[state.id] = state
            if isinstance(replaced, Version):
                self.touched.add(replaced.record)
            self._say("pull-forget", state, state.kind)
            return
        record = state.record
        self.touched.add(record)
        if record.kind != "credit" and embedding is not None and _serves(embedding, self._model, self._rows.dimension):
            entry = Entry(record=record, vector=array("f", embedding.vector), model=self._model)
        else:
            entry = Entry.of(record, self._vectors, self._model)
        self._entries[state.id] = (entry, str(state.hlc))
        self._say("pull", state, state.kind)

    def write(self) -> None:
        """Write the gathered changes; deriving comes later."""
        self._rows.remove(self._gone)
        self._rows.add_history(self._history)
        self._rows.add_tombstones([(tombstone, str(tombstone.hlc)) for tombstone in self._tombstones.values()])
        for entry, hlc in self._entries.values():
            self._rows.add(entry, hlc=hlc, acked_hlc=hlc)
        self._write_acknowledged()

    def _write_acknowledged(self) -> None:
        """Store the versions that the remote has; versions that are known already aren't written."""
        if self._acked:
            given = json.dumps([{"id": id, "acked_hlc": acked} for id, acked in self._acked.items()])
            for table in ("memories", "tombstones"):
                self._rows.connection.execute(
                    f"UPDATE {table} SET acked_hlc = given.acked_hlc "
                    f"FROM {rows_from({'id': 'VARCHAR', 'acked_hlc': 'VARCHAR'})} AS given "
                    f"WHERE {table}.id = given.id AND {table}.acked_hlc IS DISTINCT FROM given.acked_hlc",
                    [given],
                )
            self._acked = {}
        if self._documents:
            self._remote.know(list(self._documents.values()))
            self._documents = {}

    def _lose(self, lost: State, *, erased: bool) -> None:
        """Keep a version that lost in history, without its text when the memory is forgotten."""
        if isinstance(lost, Version):
            replaced = Replaced(record=lost.record, hlc=str(lost.hlc), at=self._rows.now, by=_BY, erased=erased)
            self._history.append(replaced)

    def _say(self, action: str, state: State, detail: str) -> None:
        self.has_changes = True
        self._rows.audit(action, id=state.id, agent=state.agent, detail=detail, by=_BY)


def _held(connection: Connection, ids: str) -> dict[str, Held]:
    """The store's states of the records with these ids, a JSON list; derived memories are left out."""
    found: dict[str, Held] = {}
    rows = connection.execute(
        f"SELECT hlc, acked_hlc, {RECORD_COLUMNS} FROM memories WHERE id IN {any_of()} AND hlc <> ''",
        [ids],
    ).fetchall()
    for hlc, acked, *columns in rows:
        version = Version(record=row_record(columns), hlc=HLC.parse(hlc))
        found[version.id] = _held_as(version, acked)
    rows = connection.execute(
        f"SELECT id, kind, agent, hlc, acked_hlc, deleted_at FROM tombstones WHERE id IN {any_of()}", [ids]
    ).fetchall()
    for id, kind, agent, hlc, acked, deleted_at in rows:
        deleted = deleted_at.replace(tzinfo=UTC)
        tombstone = Tombstone(id=id, kind=kind, agent=agent, hlc=HLC.parse(hlc), deleted_at=deleted)
        found[id] = _held_as(tombstone, acked)
    return found


def _wants_vector(content: Arrived, model: str, dimension: int) -> bool:
    """True when this needs a vector before it can be taken in."""
    if isinstance(content.state, Tombstone) or content.state.kind == "credit":
        return False
    return content.embedding is None or not _serves(content.embedding, model, dimension)


def _serves(embedding: Embedding, model: str, dimension: int) -> bool:
    """True for a vector as this model makes them."""
    return embedding.model == model and len(embedding.vector) == dimension and embedding.is_of_unit_length


def _as_kept(aside: Quarantined, raw: str, project_id: str) -> Readable | None:
    """The document as it was set aside, if it can be read now."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    found = read(Document(agent=aside.agent, id=aside.id, body=body, etag=""), project_id)
    return found if isinstance(found, Readable) else None


def _held_as(state: State, acked: str | None) -> Held:
    """The state, with what is known of the remote (see `remote_state`)."""
    stamp = HLC.parse(acked.removeprefix(UNSURE)) if acked else None
    is_sure = acked is not None and not acked.startswith(UNSURE)
    return Held(state=state, acked=stamp if is_sure else None, base=None if is_sure else stamp)
