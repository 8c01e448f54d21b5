"""Memories that a person writes, corrects or forgets, and what they say of one."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal, TypedDict, Unpack

from alma_cli.api.arguments import flag, number
from alma_cli.api.arguments import text as as_text
from alma_cli.api.session import Saved, Session, new_id
from alma_cli.core.codec import check_size, parse_text
from alma_cli.core.learning.corrections import changed_fields, corrected, fields_of_text
from alma_cli.core.records import (
    EDITABLE,
    MAIN_FIELDS,
    PROJECT_AGENT,
    RECORD_TYPES,
    RETRIEVED_KINDS,
    AntiPattern,
    Credit,
    Heuristic,
    JsonValue,
    Record,
)
from alma_cli.core.scopes.scope import check, choose_domain, scope_for
from alma_cli.core.text import SHORT_ID, alike_form, clean, composed, did_you_mean, listed, one_line, shown
from alma_cli.errors import InvalidInput
from alma_cli.store import Archive, DerivedChange, Entry, Forget, Insert, Operation, Revise

AuthoredKind = Literal["preference", "knowledge", "heuristic", "anti_pattern"]

STALE_HALF_LIVES = 4
"""A memory is stale after so many half-lives of its kind, when its recency counts for a sixteenth."""

NEARLY_SAME = 0.92
"""The cosine from which an authored memory is linked to one that is there already."""

_COMPARED = 20
"""The nearest memories that are looked at: all strategies of one condition are equally near."""

_LINKED = 3

_UNCOUNTED: Mapping[str, Mapping[str, Any]] = {
    "heuristic": {"occurrences": 0, "successes": 0.0, "last_validated_at": None},
    "anti_pattern": {"occurrences": 0, "successes": 0.0, "last_seen_at": None},
}
"""What a derived memory knows by its outcomes; what a person says of it isn't counted anew when more come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authored(Saved):
    """The result of authoring a memory.

    `same_as` is the id of one that somebody wrote before and that says the same, in which case nothing was added;
    `hides` of one that says the same and was derived from outcomes, in whose place this one stands, since now somebody
    vouches for it; `similar` are ids of some that say nearly the same.
    """

    id: str
    kind: str
    domain: str
    same_as: str = ""
    hides: str = ""
    similar: Sequence[str] = ()

    def to_json(self) -> dict[str, JsonValue]:
        """The data of `alma add --json`."""
        return {
            "id": self.id,
            "kind": self.kind,
            "domain": self.domain,
            "added": not self.same_as,
            "same_as": self.same_as or None,
            "hides": self.hides or None,
            "similar": list(self.similar),
            "queued": self.queued,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected(Saved):
    """A record after its correction, the names of the fields that changed (none: nothing was written).

    `hides` is the id of the derived memory in whose place it stands, `derived` are the rules that it changed.
    """

    record: Record
    changed: Sequence[str] = ()
    hides: str = ""
    derived: Sequence[DerivedChange] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited(Saved):
    """The credit that was given to a memory."""

    record: Credit


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived(Saved):
    """The ids of the memories that retrieve no longer considers."""

    ids: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten(Saved):
    """The records that were forgotten: of a derived memory, its outcomes. `derived` are the rules that this changed."""

    records: Sequence[Record]
    derived: Sequence[DerivedChange] = ()


class _Owned(TypedDict, total=False):
    """Whose a memory is to be (project-wide without `agent`), and about what (recognised without `domain`)."""

    agent: str
    domain: str | None


class KnowledgeOptions(_Owned, total=False):
    """The options of a fact: its source, and how sure it is."""

    source: str
    confidence: float | None


class PreferenceOptions(KnowledgeOptions, total=False):
    """The options of a preference: whose it is (everybody's without `user`), and its subject in a word."""

    user: str
    category: str


class HeuristicOptions(_Owned, total=False):
    """The option of a heuristic besides its strategy: how sure it is."""

    confidence: float | None


class AntiPatternOptions(_Owned, total=False):
    """The options of an anti-pattern: why it is bad, and what works better."""

    why_bad: str
    better_alternative: str


class AuthoredOptions(PreferenceOptions, AntiPatternOptions, total=False):
    """The options of a memory of any kind."""

    strategy: str


_OPTIONS: Mapping[AuthoredKind, Sequence[str]] = {
    "preference": [*PreferenceOptions.__annotations__],
    "knowledge": [*KnowledgeOptions.__annotations__],
    "heuristic": [*HeuristicOptions.__annotations__, "strategy"],
    "anti_pattern": [*AntiPatternOptions.__annotations__],
}


def add(session: Session, kind: AuthoredKind, text: str, **options: Unpack[AuthoredOptions]) -> Authored:
    """Keep a memory that a person writes (see `ALMA.add`); what isn't given has its default."""
    given = _given(kind, options)
    if kind == "heuristic" and not given.get("strategy", "").strip():
        raise InvalidInput("strategy: empty", hint="say what works with --strategy; TEXT is the condition")
    if not as_text("TEXT", text).strip():
        raise InvalidInput("TEXT: empty", hint="say in a sentence what is to be remembered")
    scope = scope_for(options.get("agent", PROJECT_AGENT), session.config.agents)
    agent, domain = scope.agent, options.get("domain")
    with session.refusals_noted(agent, domain):
        chosen = choose_domain(scope, clean(text), domain=domain).domain
    session.check_names(agent, chosen)
    now = session.now()
    fields: dict[str, Any] = {MAIN_FIELDS[kind]: clean(text), **given}
    if kind == "knowledge":
        fields["last_verified_at"] = now
    record = RECORD_TYPES[kind](
        id=new_id(),
        project_id=session.config.project_id,
        agent=agent,
        domain=chosen,
        origin="authored",
        created_at=now,
        updated_at=now,
        **fields,
    )
    return _add(session, record)


def _given(kind: AuthoredKind, options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a record that the options give, checked. Raises `InvalidInput`."""
    if kind not in _OPTIONS:
        raise InvalidInput(f"kind: expected {', '.join(_OPTIONS)}, got {shown(kind)}")
    fields: dict[str, Any] = {}
    for name, value in options.items():
        if name in _Owned.__annotations__ or value in (None, ""):
            continue
        if name not in _OPTIONS[kind]:
            hint = did_you_mean(name, _OPTIONS[kind]) or f"it has {', '.join(_OPTIONS[kind])}"
            raise InvalidInput(f"{one_line(name, 40)}: the kind {kind} has no such option", hint=hint)
        checked = number(name, value, low=0, high=1) if name == "confidence" else parse_text(name, value)
        if name == "user":
            fields["user_id"] = composed(str(checked))
        else:
            fields[name] = checked
    return fields


def correct(session: Session, prefix: str, text: str | None, changes: Mapping[str, JsonValue]) -> Corrected:
    """Put right what a memory says (see `ALMA.correct`); history keeps the old, and what changes nothing isn't written.

    A derived memory is hidden by an authored one that says what is right, of the same task and strategy.
    """
    if text is not None and not text.strip():
        raise InvalidInput("TEXT: empty", hint="give the corrected text, or use `alma forget` to remove the memory")
    if text is None and not changes:
        raise InvalidInput("nothing to correct", hint="give the corrected text, or a field")
    with session.store().reading() as reader:
        record = reader.record(prefix)
    if text is not None:
        fields = fields_of_text(record, text)
        for name in fields:
            if name in changes:
                raise InvalidInput(f"TEXT is the {name}, which is given twice", hint="give one of them")
        changes = {**fields, **changes}
    now = session.now()
    right = corrected(record, changes, now=now)
    is_derived = record.origin == "derived"
    if is_derived and right.domain != record.domain:
        raise InvalidInput(
            f"{record.id[:SHORT_ID]} was derived from outcomes in {one_line(record.domain, 40)}, and is where they are",
            hint="correct the domain of the outcomes: `alma show` lists them",
        )
    with session.refusals_noted(right.agent, right.domain):
        check(scope_for(right.agent, session.config.agents), right.domain)
    if right is record:
        return Corrected(record=record)
    if right.domain != record.domain:
        session.check_names(right.agent, right.domain)
    if is_derived:
        right = replace(right, id=new_id(), origin="authored", created_at=now, archived=False)
        right = replace(right, **_UNCOUNTED[right.kind])
    check_size(right)
    entries, warnings = session.entries([right])
    stored = entries[0].record
    changed = changed_fields(record, stored)
    operation: Operation = (
        session.operation(Insert, entries=tuple(entries))
        if is_derived
        else session.operation(Revise, entry=entries[0], changed=changed)
    )
    receipt = session.submit([operation])
    return Corrected(
        record=stored,
        changed=[name for name in EDITABLE[stored.kind] if name in changed],
        hides=record.id if is_derived else "",
        derived=receipt.derived,
        queued=receipt.queued,
        warnings=[*warnings, *receipt.warnings],
    )


def forget(session: Session, prefixes: Sequence[str], *, at_once: bool = False, viewer: str | None = None) -> Forgotten:
    """Remove memories for good, their text from history too (see `ALMA.forget`); of a derived memory, its evidence."""
    records = to_forget(session, prefixes, viewer=viewer)
    ids = tuple(record.id for record in records)
    receipt = session.submit([session.operation(Forget, ids=ids, at_once=at_once)])
    for copy in (session.project.completion_path, session.project.report_path):
        with suppress(OSError):  # made anew when it is asked for, without what was forgotten
            os.unlink(copy)
    return Forgotten(records=records, derived=receipt.derived, queued=receipt.queued, warnings=receipt.warnings)


def to_forget(session: Session, prefixes: Sequence[str], *, viewer: str | None = None) -> list[Record]:
    """The records that `forget` would remove; the `viewer` sees what is named. Raises `NotFound` or `AmbiguousId`."""
    found: dict[str, Record] = {}
    with session.store().reading() as reader:
        for prefix in listed("ids", prefixes):
            record = reader.record(prefix)
            session.check_sees(viewer, record)
            if record.origin == "derived" and isinstance(record, Heuristic | AntiPattern):
                found |= reader.records(reader.evidence_ids(record))
            else:
                found[record.id] = record
    return list(found.values())


def archive_stale(session: Session, *, dry_run: bool) -> Archived:
    """Hide memories that are old and that nobody said had helped; they stay, and stay evidence."""
    now, half_lives = session.now(), session.config.retrieval.half_life_days
    before = {kind: now - timedelta(days=STALE_HALF_LIVES * getattr(half_lives, kind)) for kind in RETRIEVED_KINDS}
    with session.store().reading() as reader:
        ids = reader.stale_ids(before=before)
    if dry_run or not ids:
        return Archived(ids=ids)
    receipt = session.submit([session.operation(Archive, ids=tuple(ids))])
    return Archived(ids=ids, queued=receipt.queued, warnings=receipt.warnings)


def feedback(session: Session, prefix: str, *, helped: bool, viewer: str | None = None) -> Credited:
    """Record that a memory helped or misled. Raises `NotFound`, `AmbiguousId`, `InvalidInput`."""
    helped = flag("helped", helped)
    with session.store().reading() as reader:
        target = reader.record(prefix)
    session.check_sees(viewer, target)
    now = session.now()
    credit = Credit(
        id=new_id(),
        project_id=target.project_id,
        agent=target.agent,
        domain=target.domain,
        origin="observed",
        created_at=now,
        updated_at=now,
        target=target.id,
        value=1 if helped else -1,
        at=now,
    )
    receipt = session.submit([session.operation(Insert, entries=(Entry(record=credit),))])
    return Credited(record=credit, queued=receipt.queued, warnings=receipt.warnings)


def _add(session: Session, record: Record) -> Authored:
    check_size(record)
    entries, warnings = session.entries([record])
    record, vector = entries[0].record, entries[0].vector
    near: list[tuple[Record, float]] = []
    if vector is not None:
        with session.store().reading() as reader:
            near = reader.nearest(record, vector, session.model, limit=_COMPARED)
    same = [other for other, _ in near if alike_form(other.text) == alike_form(record.text)]
    authored = next((other.id for other in same if other.origin != "derived"), "")
    if authored:
        return Authored(id=authored, kind=record.kind, domain=record.domain, same_as=authored, warnings=warnings)
    derived = next((other for other in same if isinstance(other, Heuristic | AntiPattern)), None)
    if derived is not None:
        record = _vouched(record, derived)
    similar = [other.id for other, cosine in near if cosine >= NEARLY_SAME and other is not derived][:_LINKED]
    if similar:
        record = replace(record, labels={**record.labels, "similar_to": similar[0]})
    receipt = session.submit([session.operation(Insert, entries=(replace(entries[0], record=record),))])
    return Authored(
        id=record.id,
        kind=record.kind,
        domain=record.domain,
        queued=receipt.queued,
        hides="" if derived is None else derived.id,
        similar=similar,
        warnings=[*warnings, *receipt.warnings],
    )


def _vouched(record: Record, derived: Heuristic | AntiPattern) -> Record:
    """The record as the one that stands in the place of what outcomes taught: of the same keys, and no less sure."""
    changed: dict[str, Any] = {"task_key": derived.task_key, "strategy_key": derived.strategy_key}
    if isinstance(record, Heuristic) and isinstance(derived, Heuristic):
        changed["confidence"] = max(record.confidence, derived.confidence)
    return replace(record, **changed)
