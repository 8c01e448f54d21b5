"""Memories out of the store and into it, as NDJSON, losslessly."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from tempfile import SpooledTemporaryFile

from alma_cli.api.learn import Refused, differing
from alma_cli.api.session import Session, after_lines, named_id, new_id
from alma_cli.core.codec import check_size, format_time, from_json, to_json
from alma_cli.core.learning.reports import unless_nothing
from alma_cli.core.records import JsonValue, Outcome, Record
from alma_cli.core.replication.documents import is_document, record_json
from alma_cli.core.replication.plan import MOST_AHEAD
from alma_cli.core.scopes.scope import check, choose_domain, scope_for, subjects
from alma_cli.errors import AlmaError, InvalidInput, ScopeViolation
from alma_cli.files import kept_temporarily
from alma_cli.pipeline import portions, prefetched
from alma_cli.store import Entry, Insert, Operation, Refuse, Selection

_TIMES_OF_EVENTS = ("at", "last_validated_at", "last_seen_at", "last_verified_at")
_IN_MEMORY_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The result of an import: how many memories are new, were there, or had been forgotten; and what was refused.

    `differing` are the ids that were there and say something else.
    """

    imported: int
    present: int
    forgotten: int
    derived: int
    queued: int
    refused: Sequence[Refused]
    differing: Sequence[str] = ()
    warnings: Sequence[str] = ()


def exported(session: Session) -> Iterator[str]:
    """Every record as one line of JSON, oldest first: as they were when the first was asked for.

    They are kept in a file of nobody else's meanwhile, since who reads them may pause, and the store must not wait.
    """
    with _spooled(session) as spool:
        for line in spool:
            yield line.removesuffix("\n")


def _spooled(session: Session) -> SpooledTemporaryFile[str]:
    spool = SpooledTemporaryFile(_IN_MEMORY_BYTES, "w+", encoding="ascii")  # noqa: SIM115  # who reads it closes it
    with kept_temporarily("the export"):
        try:
            with session.store().reading() as reader:
                for record in reader.listed(Selection(), newest_first=False):
                    spool.write(json.dumps(to_json(record)) + "\n")
            spool.seek(0)
        except OSError:
            with suppress(OSError):  # it flushes once more
                spool.close()
            raise
    return spool


def import_(
    session: Session,
    lines: Iterable[tuple[int, JsonValue | AlmaError]],
    *,
    on_progress: Callable[[int], None] | None = None,
) -> Imported:
    """Store the records in numbered lines, each once by its id, or by its words; what was forgotten stays so.

    Derived memories are left out: they are derived again from the outcomes. Records of a name that the project had
    before, as those here show, become its own.
    """
    names = cache(partial(_names, session))
    refused: list[Refused] = []
    warnings: dict[str, None] = {}
    others: dict[str, None] = {}
    imported = present = forgotten = derived = queued = last = 0
    with session.bulk():
        for portion in prefetched(portions(_with_ids(lines)), partial(_embedded, session, names)):
            derived += portion.derived
            refused += portion.refused
            operations: list[Operation] = list(portion.refusals)
            if portion.entries:
                operations.append(session.operation(Insert, entries=tuple(portion.entries)))
            with after_lines(last):
                receipt = session.submit(operations)
            last = portion.last
            warnings |= dict.fromkeys([*portion.warnings, *receipt.warnings])
            queued += len(portion.entries) if receipt.queued else 0
            actions = [change.action for change in receipt.changes]
            imported += actions.count("insert")
            present += actions.count("skip-present")
            others |= dict.fromkeys(differing(session, portion.entries, receipt))
            forgotten += actions.count("skip-forgotten")
            if on_progress:
                on_progress(portion.lines)
    return Imported(
        imported=imported,
        present=present,
        forgotten=forgotten,
        derived=derived,
        queued=queued,
        refused=refused,
        differing=list(others),
        warnings=list(warnings),
    )


def _with_ids(lines: Iterable[tuple[int, JsonValue | AlmaError]]) -> Iterator[tuple[int, JsonValue | AlmaError]]:
    """The lines, those that name no id with one of all that they say, so that importing again adds nothing twice.

    Outcomes that say the same are several, and one that doesn't say when it was is new each time.
    """
    told: Counter[str] = Counter()
    for number, value in lines:
        if not isinstance(value, dict) or value.get("id") is not None:
            yield number, value
            continue
        is_outcome = value.get("kind") == "outcome"
        id = named_id("import", json.dumps(value, sort_keys=True, default=repr))
        if value.get("kind") in ("outcome", "credit"):
            told[id] += 1
            id = new_id() if value.get("at") is None else named_id(id, str(told[id]))
        said = {name: unless_nothing(name, item) for name, item in value.items()} if is_outcome else value
        yield number, {**said, "id": id}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Portion:
    """Lines up to number `last` with what they become: records with vectors, refusals, how many were derived ones."""

    lines: int
    last: int
    entries: Sequence[Entry]
    refused: Sequence[Refused]
    refusals: Sequence[Refuse]
    derived: int
    warnings: Sequence[str]


def _embedded(
    session: Session, names: Callable[[], Collection[str]], lines: Sequence[tuple[int, JsonValue | AlmaError]]
) -> _Portion:
    """Everything that can be done before the lines' turn comes."""
    records: list[Record] = []
    refused: list[Refused] = []
    refusals: list[Refuse] = []
    derived = 0
    for number, value in lines:
        try:
            record = _record(session, _renamed(session, names, value))
            if record.origin == "derived":
                derived += 1
            else:
                records.append(_in_scope(session, record, value))
        except ScopeViolation as error:
            refused.append(Refused(line=number, error=error))
            refusals.append(session.refusal(record.agent, record.domain, error))
        except AlmaError as error:
            refused.append(Refused(line=number, error=error))
    entries, warnings = session.entries(records)
    return _Portion(
        lines=len(lines),
        last=lines[-1][0],
        entries=entries,
        refused=refused,
        refusals=refusals,
        derived=derived,
        warnings=warnings,
    )


def _names(session: Session) -> Collection[str]:
    """The names that the project has had, as its records show."""
    with session.store().reading() as reader:
        return frozenset(reader.project_ids())


def _renamed(
    session: Session, names: Callable[[], Collection[str]], value: JsonValue | AlmaError
) -> JsonValue | AlmaError:
    """The line, as of the project's present name where it has one of these earlier names."""
    present = session.config.project_id
    name = value.get("project_id") if isinstance(value, dict) else None
    if isinstance(value, dict) and isinstance(name, str) and name != present and name in names():
        return {**value, "project_id": present}
    return value


def _record(session: Session, value: JsonValue | AlmaError) -> Record:
    if isinstance(value, AlmaError):
        raise value
    now = session.now()
    if isinstance(value, dict) and is_document(value):
        if value.get("deleted_at") is not None:
            raise InvalidInput("deleted_at: it was forgotten where this is from, and says nothing")
        value = record_json(value)
    record = from_json(value, project_id=session.config.project_id, new_id=new_id(), now=now)
    for name in _TIMES_OF_EVENTS:
        at = getattr(record, name, None)
        if at is not None and at > now + MOST_AHEAD:
            raise InvalidInput(f"{name}: {format_time(at)} is in the future", hint="is the clock of its machine right?")
    check_size(record)
    if record.created_at > now or record.updated_at > now:  # by a clock that was ahead
        record = replace(record, created_at=min(record.created_at, now), updated_at=min(record.updated_at, now))
    return record


def _in_scope(session: Session, record: Record, value: JsonValue | AlmaError) -> Record:
    """The record, in the domain that is recognised when the line names none. Raises `ScopeViolation`."""
    scope = scope_for(record.agent, session.config.agents)
    if isinstance(value, dict) and value.get("domain") is None and record.kind != "credit":
        texts = subjects(record) if isinstance(record, Outcome) else record.topics[:1]
        record = replace(record, domain=choose_domain(scope, *texts).domain)
    check(scope, record.domain)
    session.check_names(record.agent, record.domain)
    return record
