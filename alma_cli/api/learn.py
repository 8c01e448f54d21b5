"""Recording how tasks went."""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from typing import TypeAlias

from alma_cli.api import retrievals
from alma_cli.api.session import Saved, Session, after_lines, named_id, new_id
from alma_cli.core.codec import check_size, parse_field
from alma_cli.core.learning.derive import change
from alma_cli.core.learning.reports import Report, Words, credits, left_out, outcome_record
from alma_cli.core.records import AntiPattern, Credit, Heuristic, JsonValue, Outcome, Record
from alma_cli.core.scopes.scope import choose_domain, subjects
from alma_cli.core.text import SHORT_ID, clean, whole_words
from alma_cli.errors import AlmaError, AmbiguousId, InvalidInput, NotFound, ScopeViolation, StoreBusy
from alma_cli.pipeline import portions, prefetched
from alma_cli.store import DerivedChange, Entry, Insert, Operation, Reader, Receipt, RecordChange, Revise

NumberedReport: TypeAlias = tuple[int, Report | AlmaError]
"""A line's number and the report in it, or why there is none."""

_NumberedOutcome: TypeAlias = tuple[int, Report | AlmaError, Outcome | AlmaError, list[str]]
"""The same with the outcome that the report becomes, or why it becomes none, and what to warn of."""

KNOWN_BAD = "known to be bad"
"""How a warning begins that is about what was tried: it was learned all the same."""

_PROPOSED = 3
_NEAR_ENOUGH = 0.4
"""The least sum of two cosines, of what tasks are about and of approaches, at which a label is proposed."""

_SHOWN = ("created", "strengthened", "weakened", "retired")


@dataclass(frozen=True, slots=True, kw_only=True)
class Similar:
    """A rule, or an outcome, whose general words may say the same as an outcome's own; `worked` as "4 of 5"."""

    id: str
    when: str
    do: str
    worked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned(Saved):
    """The result of a report: the outcome's id and domain.

    Where its own words are new, `similar` are at most three known ways to say the same. `duplicate` says that an
    outcome of the same `--key` was there already (`differs`: it says something else), `forgotten` that it had been
    forgotten; in both cases nothing was recorded.
    """

    id: str
    domain: str
    duplicate: bool = False
    differs: bool = False
    forgotten: bool = False
    derived: Sequence[DerivedChange] = ()
    similar: Sequence[Similar] = ()

    def to_json(self) -> dict[str, JsonValue]:
        """The data of `alma learn --json`."""
        return {
            "id": self.id,
            "domain": self.domain,
            "queued": self.queued,
            "duplicate": self.duplicate,
            "differs": self.differs,
            "forgotten": self.forgotten,
            "heuristics": shown_changes(self.derived, Heuristic),
            "anti_patterns": shown_changes(self.derived, AntiPattern),
            "similar": [asdict(one) for one in self.similar],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A report that was not learned: its place (from 1) in the batch and why."""

    line: int
    error: AlmaError


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLearned:
    """The result of a batch; `differing` are the ids that were there already and say something else."""

    learned: int
    duplicates: int
    forgotten: int
    queued: int
    refused: Sequence[Refused]
    derived: Sequence[DerivedChange] = ()
    differing: Sequence[str] = ()
    warnings: Sequence[str] = ()


def learn(session: Session, report: Report) -> Learned:
    """Record one outcome. Raises `InvalidInput`, `ScopeViolation` (which leaves an audit row) or `StoreUnwritable`."""
    with session.refusals_noted(report.agent, report.domain):
        report, told = _worded(session, report)
        outcome = _outcome(session, report)
    told += [f"{name} was left out: it says nothing that fits another task" for name in left_out(report, outcome)]
    records: list[Record] = [outcome, *_credits(session, outcome, report, told)]
    entries, warnings = session.entries(records)
    receipt = session.submit([session.operation(Insert, entries=tuple(entries))], similar_to=entries[0])
    return Learned(
        id=outcome.id,
        domain=outcome.domain,
        queued=receipt.queued,
        duplicate=RecordChange("skip-present", outcome.id) in receipt.changes,
        differs=bool(differing(session, entries[:1], receipt)),
        forgotten=RecordChange("skip-forgotten", outcome.id) in receipt.changes,
        derived=[item for item in receipt.derived if item.memory.agent == outcome.agent],
        similar=_similar(session, outcome, receipt),
        warnings=[*told, *warnings, *_known_bad(receipt, {outcome.agent}), *receipt.warnings],
    )


def relearn(session: Session, report: Report) -> Learned:
    """Record one outcome or, if one with this `key` is there, replace what it tells. Raises what `learn` raises."""
    learned = learn(session, report)
    if not learned.duplicate:
        return learned
    with session.store().reading() as reader:
        before = reader.record(learned.id)
    if not isinstance(before, Outcome):
        return learned
    told = _outcome(session, _worded(session, report)[0])
    told = replace(told, domain=before.domain, created_at=before.created_at, at=report.at or before.at)
    entries, warnings = session.entries([told, *_credits_there(session, told, report)])
    if replace(entries[0].record, updated_at=before.updated_at) == before:
        return learned
    receipt = session.submit([session.operation(Revise, entry=entry) for entry in entries])
    return replace(
        learned,
        duplicate=False,
        differs=False,
        queued=receipt.queued,
        derived=[item for item in receipt.derived if item.memory.agent == before.agent],
        warnings=[*learned.warnings, *warnings, *receipt.warnings],
    )


def told_under(session: Session, agent: str, keys: Sequence[str]) -> dict[str, str]:
    """The ids of the outcomes that an agent told under these keys and that are there, by their keys."""
    ids = {key: named_id(session.config.project_id, agent, key) for key in keys}
    with session.store().reading() as reader:
        found = reader.records([*ids.values()])
    return {key: id for key, id in ids.items() if id in found}


def learn_batch(
    session: Session, reports: Iterable[NumberedReport], *, on_progress: Callable[[int], None] | None = None
) -> BatchLearned:
    """Record many outcomes, each with its line number; what can't be learned is listed and the rest is kept."""
    refused: list[Refused] = []
    warnings: dict[str, None] = {}
    derived: dict[str, DerivedChange] = {}
    others: dict[str, None] = {}
    learned = duplicates = forgotten = queued = last = 0
    made = map(partial(_outcomes, session), portions(reports))  # in order, which is that of their times
    with session.bulk():
        for portion in prefetched(made, partial(_embedded, session), depth=2):
            entries: list[Entry] = []
            operations: list[Operation] = []
            for line, report, entry in portion.outcomes:
                try:
                    if isinstance(entry, AlmaError):
                        raise entry
                    told: list[str] = []
                    entries += [entry, *_credit_entries(session, entry.record, report, told)]
                    portion.warnings.extend(f"line {line}: {warning}" for warning in told)
                except AlmaError as error:
                    refused.append(Refused(line=line, error=error))
                    if isinstance(error, ScopeViolation) and isinstance(report, Report):
                        operations.append(session.refusal(report.agent, report.domain, error))
            if entries:
                operations.append(session.operation(Insert, entries=tuple(entries)))
            records = [entry.record for entry in entries]
            with after_lines(last):
                receipt = session.submit(operations)
            last = portion.outcomes[-1][0]
            agents = {record.agent for record in records}
            warnings |= dict.fromkeys([*portion.warnings, *_known_bad(receipt, agents), *receipt.warnings])
            for item in receipt.derived:
                add_change(derived, item)
            outcomes = {record.id for record in records if isinstance(record, Outcome)}
            actions = [change.action for change in receipt.changes if change.id in outcomes]
            duplicates += actions.count("skip-present")
            others |= dict.fromkeys(differing(session, entries, receipt))
            forgotten += actions.count("skip-forgotten")
            learned += len(outcomes) if receipt.queued else actions.count("insert")
            queued += len(outcomes) if receipt.queued else 0
            if on_progress:
                on_progress(len(portion.outcomes))
    return BatchLearned(
        learned=learned,
        duplicates=duplicates,
        forgotten=forgotten,
        queued=queued,
        refused=refused,
        derived=list(derived.values()),
        differing=list(others),
        warnings=list(warnings),
    )


def differing(session: Session, entries: Sequence[Entry], receipt: Receipt) -> list[str]:
    """The ids of these that were there already with other texts than they have here."""
    present = {change.id for change in receipt.changes if change.action == "skip-present"}
    given = [entry.record for entry in entries if entry.record.id in present]
    if not given:
        return []
    with session.store().reading() as reader:
        found = reader.records([record.id for record in given])
    return [record.id for record in given if record.id in found and _says(record) != _says(found[record.id])]


def _says(record: Record) -> list[str]:
    """All that a record says in words: not its times, counts and keys."""
    values = {field.name: getattr(record, field.name) for field in fields(record) if field.name not in _NOT_SAID}
    return [f"{name}: {value}" for name, value in values.items() if isinstance(value, str)]


_NOT_SAID = frozenset({"id", "project_id", "origin", "source", "domain", "task_key", "strategy_key"})


def add_change(changes: dict[str, DerivedChange], later: DerivedChange) -> None:
    """Put what a later change makes of an earlier one of the same memory in its place; nothing, if that undoes it."""
    earlier = changes.pop(later.memory.id, None)
    before = later.before if earlier is None else earlier.before
    what = change(before, None if later.change == "retired" else later.memory)
    if what is not None:
        changes[later.memory.id] = DerivedChange(change=what, before=before, memory=later.memory)


def _known_bad(receipt: Receipt, agents: Collection[str]) -> list[str]:
    """The warnings for agents that tried again a strategy that is known to be bad.

    What waited of other agents was folded in too, but is none of theirs.
    """
    return [_told_of(anti_pattern) for anti_pattern in receipt.known_bad if anti_pattern.agent in agents]


def _told_of(anti_pattern: AntiPattern) -> str:
    told = f"{KNOWN_BAD} ({anti_pattern.id[:SHORT_ID]}): {whole_words(anti_pattern.pattern, 120)}"
    if anti_pattern.occurrences:
        told += f"; it worked {anti_pattern.successes:g} of {anti_pattern.occurrences} times"
    if anti_pattern.better_alternative:
        told += f"; better: {whole_words(anti_pattern.better_alternative, 120)}"
    return told


def shown_changes(changes: Iterable[DerivedChange], kind: type[Heuristic | AntiPattern]) -> list[JsonValue]:
    """The changes of a kind's derived memories, as --json shows them; one that became the other kind was retired."""
    shown: list[JsonValue] = []
    for item in changes:
        if item.change not in _SHOWN:
            continue
        if isinstance(item.memory, kind):
            shown.append(_shown_memory(item.memory, item.change))
        elif isinstance(item.before, kind):
            shown.append(_shown_memory(item.before, "retired"))
    return shown


def _shown_memory(memory: Heuristic | AntiPattern, change: str) -> dict[str, JsonValue]:
    return {
        "id": memory.id,
        "change": change,
        "occurrences": memory.occurrences,
        "successes": memory.successes,
        "confidence": memory.confidence if isinstance(memory, Heuristic) else None,
    }


def _similar(session: Session, outcome: Outcome, receipt: Receipt) -> list[Similar]:
    """Of the labels near an outcome those whose words are nearest to its own."""
    if not receipt.similar:
        return []
    vectors = session.vectors([outcome.do or outcome.strategy, *(near.do for near in receipt.similar)])
    nearness = [
        near.cosine + _dot(vectors[0], vector) for near, vector in zip(receipt.similar, vectors[1:], strict=True)
    ]
    order = sorted(range(len(nearness)), key=lambda at: (-nearness[at], at))
    chosen = [receipt.similar[at] for at in order if nearness[at] >= _NEAR_ENOUGH][:_PROPOSED]
    return [
        Similar(id=near.id, when=near.when, do=near.do, worked=f"{near.worked:g} of {near.outcomes}") for near in chosen
    ]


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def _outcome(session: Session, report: Report) -> Outcome:
    """The outcome that a report becomes."""
    scope = session.config.scope_for(report.agent)
    domain = choose_domain(scope, *map(clean, subjects(report)), domain=report.domain).domain
    session.check_names(scope.agent, domain)
    project_id = session.config.project_id
    id = named_id(project_id, report.agent, report.key) if report.key else new_id()
    outcome = outcome_record(report, domain=domain, project_id=project_id, id=id, now=session.now())
    check_size(outcome)
    return outcome


def _worded(session: Session, report: Report) -> tuple[Report, list[str]]:
    """The report with the general words that what it names has and it doesn't give, and what to warn of."""
    report, told = _followed(session, report)
    if report.retrieval and not report.when:
        with suppress(NotFound, AmbiguousId, InvalidInput):  # it is told where it is credited
            asked = retrievals.noted(session.project, report.retrieval)
            if asked.agent == report.agent:
                report = replace(report, when=str(parse_field("when", asked.when)))
    return report, told


def _followed(session: Session, report: Report) -> tuple[Report, list[str]]:
    """The report with the general words of the memory that it followed, and what to warn of where there are none."""
    if not report.followed:
        return report, []
    try:
        with session.store().reading() as reader:
            record = reader.record(report.followed)
            words = words_of(reader, record)
        if isinstance(record, AntiPattern) and words is not None:
            words = words._replace(do=_instead_of(record))
        elif isinstance(record, Outcome) and record.outcome == "failure" != report.outcome and words is not None:
            words = words._replace(do="")  # what worked now isn't what failed then
        session.check_sees(report.agent, record)
    except AlmaError as error:
        return replace(report, followed=""), [f"`followed` was left out: {error.message}"]
    report = replace(report, followed=record.id, domain=_domain_of(session, report, record))
    if words is not None:
        report = replace(report, when=report.when or words.when, do=report.do or words.do)
    if report.do and (report.when or words is not None):
        return report, []
    if words is not None:
        return report, [f"{record.id[:SHORT_ID]} says what to avoid, and nothing to do instead: give `do`"]
    return report, [f"{record.id[:SHORT_ID]} has no general words to take over: give `when` and `do`"]


def _domain_of(session: Session, report: Report, followed: Record) -> str | None:
    """The domain of an outcome that followed a memory: where none is given, the memory's, in which it counts for it."""
    scope = session.config.scope_for(report.agent)
    if report.domain is None and scope.may_learn(followed.domain):
        choose_domain(scope, *map(clean, subjects(report)))  # what it is certainly about is refused all the same
        return followed.domain
    return report.domain


def _instead_of(record: AntiPattern) -> str:
    """The approach of whoever follows an anti-pattern: its alternative, if that fits; never what it warns of."""
    try:
        return str(parse_field("do", record.better_alternative))
    except InvalidInput:
        return ""


def words_of(reader: Reader, record: Record) -> Words | None:
    """The general words of an outcome or a rule, else its own if they fit; None if there are none to take over."""
    if isinstance(record, Heuristic | AntiPattern) and record.strategy_key:
        newest = reader.evidence(record, limit=1)
        if newest:
            words = words_of(reader, newest[0])
            return words if words is None or record.task_key else words._replace(when="")
    if isinstance(record, Outcome):
        return _fitting(record.when or record.task, record.do or record.strategy)
    if isinstance(record, Heuristic):
        return _fitting(record.condition, record.strategy)
    return None


def _fitting(when: str, do: str) -> Words | None:
    try:
        words = Words(str(parse_field("when", when)), str(parse_field("do", do)), replaces=True)
    except InvalidInput:
        return None
    return words if words.when and words.do else None


def _credits(session: Session, outcome: Outcome, report: Report, told: list[str]) -> list[Credit]:
    """The credits that a report gives; what it names and isn't there is told."""
    used: list[str] = []
    if report.used:
        try:
            with session.store().reading() as reader:
                used += _found(reader, report.used, told)
        except StoreBusy as error:
            told.append(f"not credited: {error.message}")
    if report.retrieval:
        try:
            used += retrievals.noted(session.project, report.retrieval).ids
        except (NotFound, AmbiguousId) as error:
            told.append(f"`retrieval` was left out: {error.message}")
    return credits(outcome, used, followed=report.followed, id_of=lambda target: named_id(outcome.id, target))


def _found(reader: Reader, prefixes: Iterable[str], told: list[str]) -> list[str]:
    """The ids of the memories that these begin; which of them have none is told."""
    ids: list[str] = []
    for prefix in filter(None, prefixes):
        try:
            ids.append(reader.record(prefix).id)
        except AlmaError as error:
            told.append(f"not credited: {error.message}")
    return ids


def _credits_there(session: Session, outcome: Outcome, report: Report) -> list[Credit]:
    """The credits that were given when the outcome was told before, as they are now that it is told again.

    A partial gives none, so those that are there are archived.
    """
    is_partial = outcome.outcome == "partial"
    given = _credits(session, replace(outcome, outcome="success") if is_partial else outcome, report, [])
    with session.store().reading() as reader:
        there = reader.records([credit.id for credit in given])
    return [
        replace(credit, created_at=there[credit.id].created_at, archived=is_partial)
        for credit in given
        if credit.id in there
    ]


def _credit_entries(session: Session, outcome: Record, report: Report | AlmaError, told: list[str]) -> list[Entry]:
    if not isinstance(report, Report) or not isinstance(outcome, Outcome):
        return []
    if not (report.used or report.retrieval or report.followed):
        return []
    return [Entry(record=credit) for credit in _credits(session, outcome, report, told)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Portion:
    """Numbered reports with the outcomes they become, with their vectors, or why they don't."""

    outcomes: Sequence[tuple[int, Report | AlmaError, Entry | AlmaError]]
    warnings: list[str]


def _outcomes(session: Session, reports: Sequence[NumberedReport]) -> list[_NumberedOutcome]:
    """Numbered reports with the outcomes they become, or why they don't, and what to warn of."""
    made: list[_NumberedOutcome] = []
    for line, report in reports:
        try:
            if isinstance(report, AlmaError):
                raise report
            resolved, told = _worded(session, report)
            made.append((line, resolved, _outcome(session, resolved), told))
        except AlmaError as error:
            made.append((line, report, error, []))
    return made


def _embedded(session: Session, made: Sequence[_NumberedOutcome]) -> _Portion:
    """The work that can be done before the outcomes' turn comes: all of it but questions to the store."""
    entries, warnings = session.entries([outcome for _, _, outcome, _ in made if isinstance(outcome, Outcome)])
    in_order = iter(entries)
    return _Portion(
        outcomes=[
            (line, report, next(in_order) if isinstance(outcome, Outcome) else outcome)
            for line, report, outcome, _ in made
        ],
        warnings=[*warnings, *(f"line {line}: {told}" for line, *_, all_told in made for told in all_told)],
    )
