"""Taking back the last write: what it added goes, what it changed or forgot is again as it was."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alma_cli.api.arguments import whole_number
from alma_cli.api.session import Saved, Session
from alma_cli.core.codec import from_json
from alma_cli.core.records import Record
from alma_cli.core.text import SHORT_ID, clean, one_line
from alma_cli.errors import NotFound
from alma_cli.store import DerivedChange, PastWrite, Reader, Undo

_LOOKED_AT = 200
_FINAL = "a forget can be undone for an hour, and not after `alma sync` or with --now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoable:
    """A write that can be taken back: when it was, what it did (`insert`, `forget` ...), and to which records.

    `before` are the records as they were before it, of which some that it added are not.
    """

    at: datetime
    action: str
    ids: Sequence[str]
    before: Sequence[Record]
    text: str
    op_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone(Saved):
    """A write that was taken back, and the rules that this changed."""

    write: Undoable
    derived: Sequence[DerivedChange] = ()


def undoable(session: Session, prefix: str = "", *, limit: int = 10) -> list[Undoable]:
    """The last writes of this user that can be taken back, newest first; those about a memory whose id starts so."""
    limit = whole_number("limit", limit, low=1, high=_LOOKED_AT)
    with session.store().reading() as reader:
        about = reader.audited_id(clean(prefix)) if prefix else ""
        found = [
            _undoable(session, reader, write) for write in reader.writes_by(session.user, about=about, limit=limit)
        ]
    return [write for write in found if write is not None]


def undo(session: Session, prefix: str = "") -> Undone:
    """Take back the last write of this user, or the last one to a memory (see `ALMA.undo`)."""
    writes = undoable(session, prefix, limit=1)
    if not writes:
        of = f"to {one_line(prefix, 40)}" if prefix else f"of {one_line(session.user, 40)}"
        raise NotFound(f"there is no write {of} that can be undone", hint=f"`alma undo --list` shows those; {_FINAL}")
    write = writes[0]
    entries, warnings = session.entries(write.before)
    receipt = session.submit([session.operation(Undo, undone=write.op_id, entries=tuple(entries))])
    if not receipt.queued and not any(change.action == "undo" for change in receipt.changes):
        raise NotFound("what was written has changed since", hint=f"`alma log {write.ids[0][:SHORT_ID]}` shows how")
    kept = sum(change.action != "undo" for change in receipt.changes)
    if kept:
        warnings = [*warnings, f"{kept} of its memories changed since, and stay as they are"]
    return Undone(write=write, derived=receipt.derived, queued=receipt.queued, warnings=[*warnings, *receipt.warnings])


def _undoable(session: Session, reader: Reader, write: PastWrite) -> Undoable | None:
    """The write with the records as they were before; None for one that is final."""
    now = session.now()
    present = reader.records(write.ids)
    before: list[Record] = []
    if write.action == "archive":
        before = [replace(record, archived=False, updated_at=now) for record in present.values()]
    elif write.action != "insert":
        for content in reader.replaced_versions(write).values():
            record = from_json(json.loads(content), project_id=session.config.project_id, new_id="", now=now)
            before.append(record if write.action == "forget" else replace(record, updated_at=now))
        if not before:
            return None
    texts = {**{record.id: record.text for record in before}, **{id: record.text for id, record in present.items()}}
    text = next((texts[id] for id in write.ids if id in texts), "")
    return Undoable(at=write.at, action=write.action, ids=write.ids, before=before, text=text, op_id=write.op_id)
