"""Reflecting: sheets of outcomes without general words, and the answers that give them some."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime

from alma_cli.api.answerer import Answerer
from alma_cli.api.arguments import text
from alma_cli.api.learn import add_change, shown_changes, words_of
from alma_cli.api.session import Saved, Session, new_id
from alma_cli.core.codec import from_json
from alma_cli.core.learning import answer_lines, answers, moves, sheets
from alma_cli.core.learning.answers import Named
from alma_cli.core.learning.reports import Words
from alma_cli.core.learning.sheets import Codes, KnownApproach, KnownSituation, Sheet
from alma_cli.core.records import UNCLEAR_LABEL, AntiPattern, Heuristic, JsonValue, Outcome, Record
from alma_cli.core.scopes.scope import check, scope_for, validate_agent_name
from alma_cli.core.text import SHORT_ID
from alma_cli.errors import AlmaError, InvalidConfig, InvalidInput, LocksUnsupported, NotFound, StoreUnwritable
from alma_cli.files import read_object, to_write_it, write_whole
from alma_cli.flock import locked
from alma_cli.project import make_log
from alma_cli.store import DerivedChange, Entry, GeneralWords, Label, Reader, Reword

_FILE = "reflection.json"
_CODES_KEPT = 5000
_SITUATIONS = 10
_REVIEWED = 150
_MEMBERS = 3
_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reflected(Saved):
    """The result of an answer: how many outcomes got words, and what that made of the rules.

    `new` are labels (`when: do`) that weren't there, `single` those of this answer with one outcome, `alike` pairs of
    words that look alike, `apart` labels that stand in several domains, which are counted apart, `joined` what a merge
    joined, `left` how many outcomes still wait, and `refused` what is wrong with lines of the answer; the other lines
    were taken.
    """

    agent: str
    worded: int = 0
    unclear: int = 0
    unchanged: int = 0
    new: Sequence[str] = ()
    single: Sequence[str] = ()
    alike: Sequence[tuple[str, str]] = ()
    apart: Sequence[str] = ()
    joined: Sequence[str] = ()
    left: int = 0
    refused: Sequence[tuple[int, InvalidInput]] = ()
    derived: Sequence[DerivedChange] = ()

    def to_json(self) -> dict[str, JsonValue]:
        """The data of `alma reflect --apply --json`."""
        return {
            "agent": self.agent,
            "worded": self.worded,
            "unclear": self.unclear,
            "unchanged": self.unchanged,
            "new": list(self.new),
            "single": list(self.single),
            "alike": [list(pair) for pair in self.alike],
            "apart": list(self.apart),
            "joined": list(self.joined),
            "left": self.left,
            "queued": self.queued,
            "refused": [{"line": line, "message": error.message} for line, error in self.refused],
            "heuristics": shown_changes(self.derived, Heuristic),
            "anti_patterns": shown_changes(self.derived, AntiPattern),
        }

    def then(self, later: Reflected) -> Reflected:
        """This and what a later answer became, as one."""
        changes: dict[str, DerivedChange] = {}
        for item in (*self.derived, *later.derived):
            add_change(changes, item)
        return replace(
            later,
            worded=self.worded + later.worded,
            unclear=self.unclear + later.unclear,
            unchanged=self.unchanged + later.unchanged,
            new=[*self.new, *later.new],
            single=later.single,
            alike=list(dict.fromkeys([*self.alike, *later.alike])),
            apart=list(dict.fromkeys([*self.apart, *later.apart])),
            joined=[*self.joined, *later.joined],
            queued=self.queued or later.queued,
            refused=[*self.refused, *later.refused],
            derived=list(changes.values()),
            warnings=list(dict.fromkeys([*self.warnings, *later.warnings])),
        )


def sheet(
    session: Session,
    agent: str,
    domain: str | None = None,
    *,
    without: Collection[str] = (),
    to_ask: bool = False,
) -> Sheet:
    """The next sheet (see `ALMA.reflect`), of the domain in which most wait, without these ids of outcomes."""
    domains = _Domains(session, agent, domain)
    with session.store().reading() as reader, _codes(session, agent, to_ask=to_ask) as codes:
        waiting = {name: count for name, count in reader.words.waiting_counts(agent).items() if name in domains}
        for name in sorted(waiting, key=lambda name: (-waiting[name], name)):
            outcomes = reader.words.waiting(agent, name, without=without, limit=sheets.SHEET)
            if outcomes:
                items = tuple(sheets.item(codes.of_outcome(one.id), one) for one in outcomes)
                codes.sheet = [item.code for item in items]
                return Sheet(
                    agent=agent,
                    domain=name,
                    left=sum(waiting.values()) - len(outcomes),
                    outcomes=items,
                    known=_near(reader, codes, reader.words.labels(agent, name), [one.id for one in outcomes]),
                    mark=codes.mark,
                )
    return Sheet(agent=agent, domain=domain or "", left=sum(waiting.values()), outcomes=(), known=())


def review(session: Session, agent: str, domain: str | None = None, *, to_ask: bool = False) -> Sheet:
    """One sheet of all general words of an agent (in one domain), the most used of very many."""
    domains = _Domains(session, agent, domain)
    with session.store().reading() as reader, _codes(session, agent, to_ask=to_ask) as codes:
        labels = [label for label in reader.words.labels(agent, domain) if label.domain in domains]
        most = set(sorted(labels, key=lambda label: -label.outcomes)[:_REVIEWED])
        known = _situations(codes, [label for label in labels if label in most], with_members=True)
        codes.sheet = [code for one in known for approach in one.approaches for code in approach.members]
        left = sum(count for name, count in reader.words.waiting_counts(agent).items() if name in domains)
        return Sheet(agent=agent, domain=domain or "", left=left, outcomes=(), known=known, mark=codes.mark)


def apply(session: Session, agent: str, answer: str, *, at: datetime | None = None) -> Reflected:
    """Give outcomes the words of an answer (see `ALMA.apply_reflection`)."""
    lines = answer_lines.lines_of(text("answer", answer))
    if not lines:
        raise InvalidInput(
            "there is no JSON object in the answer",
            hint='expected lines such as {"when": "...", "do": "...", "outcomes": "o1 o2"}',
        )
    domains = _Domains(session, agent, None)
    with session.store().reading() as reader, _codes(session, agent) as codes:
        lines = answers.of_sheet(lines, codes.mark)
        labels = [label for label in reader.words.labels(agent) if label.domain in domains]
        outcomes: dict[str, Outcome] = {}
        same: dict[str, Words] = {}
        for reference in answers.references(lines, codes):
            with suppress(AlmaError):
                record = reader.record(reference)
                if record.agent != agent or record.domain not in domains:
                    continue
                if isinstance(record, Outcome):
                    outcomes[reference] = record
                words = words_of(reader, record)
                if words is not None:
                    same[reference] = words._replace(domain=record.domain)
        planned = answers.plan(
            lines,
            codes=codes,
            named=[_named(label) for label in labels],
            outcomes=outcomes,
            same=same,
            agent=agent,
        )
        records = {one.id: one for one in outcomes.values()}
        missing = [id for id in planned.words if id not in records]
        records |= {id: one for id, one in reader.records(missing).items() if isinstance(one, Outcome)}
        following = _following(session, reader, agent, labels, planned.words)
    before = {(label.task_key, label.strategy_key) for label in labels}
    done = _reword(session, agent, planned.words, records, following, at=at)
    with session.store().reading() as reader:
        after = [label for label in reader.words.labels(agent) if label.domain in domains]
        left = sum(count for name, count in reader.words.waiting_counts(agent).items() if name in domains)
    given = {id for id, words in planned.words.items() if words.when}
    mine = [label for label in after if not given.isdisjoint(label.members)]
    new = [label for label in mine if (label.task_key, label.strategy_key) not in before]
    return replace(
        done,
        new=list(dict.fromkeys(map(_told, new))),
        single=[_told(label) for label in mine if label.outcomes == 1],
        alike=_alike(new, after),
        apart=_apart(mine, after),
        joined=planned.joined,
        left=left,
        refused=planned.refused,
    )


def undo(session: Session, agent: str) -> Reflected:
    """Give outcomes back the words that they had before the agent's last reflection, unless they changed since."""
    agent = validate_agent_name(agent)
    words: dict[str, Words] = {}
    records: dict[str, Outcome] = {}
    with session.store().reading() as reader:
        for content in reader.words.last_reflection(agent):
            record = from_json(json.loads(content), project_id=session.config.project_id, new_id="", now=session.now())
            assert isinstance(record, Outcome)
            words[record.id] = Words(record.when, record.do, True, record.domain)
            records[record.id] = record
        if not words:
            raise NotFound(f"there is no reflection of agent {agent} to undo", hint="`alma log` shows what was done")
        following = _following(session, reader, agent, reader.words.labels(agent), words)
    done = _reword(session, agent, words, records, following)
    with session.store().reading() as reader:
        left = sum(reader.words.waiting_counts(agent).values())
    return replace(done, left=left)


def _reword(
    session: Session,
    agent: str,
    words: dict[str, Words],
    records: dict[str, Outcome],
    following: Sequence[Record],
    *,
    at: datetime | None = None,
) -> Reflected:
    """Store the words, with the vectors of what the outcomes are about now, and what follows these."""
    changed: list[Outcome] = []
    for id, said in words.items():
        if id in records:
            domain = said.domain or records[id].domain
            earlier = said.earlier_words(records[id])
            changed.append(replace(records[id], when=said.when, do=said.do, domain=domain, earlier_words=earlier))
    if not changed:
        return Reflected(agent=agent)
    entries, warnings = session.entries([*changed, *following])
    operation = session.operation(
        Reword,
        agent=agent,
        words=tuple(_general_words(entry, words[entry.record.id]) for entry in entries[: len(changed)]),
        following=tuple(entries[len(changed) :]),
    )
    receipt = session.submit([operation if at is None else replace(operation, at=at)])
    actions = [change.action for change in receipt.changes]
    unclear = sum(not said.replaces and not said.when and not said.do for said in words.values())
    done = len(changed) if receipt.queued else actions.count("reword")
    return Reflected(
        agent=agent,
        worded=max(0, done - unclear),
        unclear=min(done, unclear),
        unchanged=len(changed) - done,
        queued=receipt.queued,
        derived=[item for item in receipt.derived if item.memory.agent == agent],
        warnings=[*warnings, *receipt.warnings],
    )


def _following(
    session: Session, reader: Reader, agent: str, labels: Sequence[Label], words: Mapping[str, Words]
) -> list[Record]:
    """What was said of rules that only get other words, as it is said of these."""
    places = moves.moved(agent, [_named(label) for label in labels], words)
    said = reader.words.said_of_rules(agent) if places else []
    return moves.follow(said, places, words, session.config.project_id, now=session.now())


def _general_words(entry: Entry, said: Words) -> GeneralWords:
    outcome = entry.record
    assert isinstance(outcome, Outcome)
    return GeneralWords(
        id=outcome.id,
        when=outcome.when,
        do=outcome.do,
        earlier_words=outcome.earlier_words,
        domain=said.domain,
        replaces=said.replaces,
        unclear=not said.when and not said.do and (not said.replaces or UNCLEAR_LABEL in outcome.labels),
        task=outcome.task,
        vector=entry.vector,
        model=entry.model,
    )


class _Domains:
    """The domains in which an agent may reflect: one, or all that it may learn."""

    def __init__(self, session: Session, agent: str, domain: str | None) -> None:
        self._scope = scope_for(agent, session.config.agents)
        self._domain = domain
        if domain is not None:
            check(self._scope, domain)

    def __contains__(self, domain: object) -> bool:
        if self._domain is not None:
            return domain == self._domain
        try:
            check(self._scope, str(domain))
        except AlmaError:
            return False
        return True


def _near(reader: Reader, codes: Codes, labels: Sequence[Label], ids: Sequence[str]) -> tuple[KnownSituation, ...]:
    """The situations nearest to these outcomes, in the order of their codes."""
    cosines = reader.words.near_any(labels, ids)
    best: dict[str, float] = {}
    for label in labels:
        best[label.task_key] = max(best.get(label.task_key, -1.0), cosines.get(label.seq, -1.0))
    nearest = set(sorted(best, key=lambda key: (-best[key], key))[:_SITUATIONS])
    return _situations(codes, [label for label in labels if label.task_key in nearest])


def _situations(codes: Codes, labels: Sequence[Label], *, with_members: bool = False) -> tuple[KnownSituation, ...]:
    found: dict[str, list[Label]] = {}
    for label in labels:
        found.setdefault(codes.of_situation(label.domain, label.task_key), []).append(label)
    return tuple(
        KnownSituation(
            code,
            of_code[0].when,
            tuple(
                KnownApproach(
                    codes.of_approach(code, label.strategy_key),
                    label.do,
                    label.outcomes,
                    sheets.example(*label.example),
                    tuple(codes.of_outcome(id) for id in label.members[:_MEMBERS]) if with_members else (),
                )
                for label in of_code
            ),
            of_code[0].domain if with_members else "",
        )
        for code, of_code in sorted(found.items(), key=lambda item: int(item[0][1:]))
    )


def _named(label: Label) -> Named:
    return Named(label.domain, label.task_key, label.strategy_key, label.when, label.do, label.members)


def _told(label: Label) -> str:
    return f"when {label.when}: {label.do}"


def _alike(new: Sequence[Label], known: Sequence[Label]) -> list[tuple[str, str]]:
    """New words that look like others: situations, and approaches of one situation."""
    pairs = answers.alike([label.when for label in new], [label.when for label in known])
    for one in {label.task_key: label for label in new}.values():
        pairs += answers.alike(
            [label.do for label in new if label.task_key == one.task_key],
            [label.do for label in known if label.task_key == one.task_key],
        )
    return list(dict.fromkeys(pairs))


def _apart(mine: Sequence[Label], known: Sequence[Label]) -> list[str]:
    """Those that stand in other domains too, with the names of all and their outcomes: a rule is of one domain."""
    found: dict[tuple[str, str], list[Label]] = {}
    for label in known:
        found.setdefault((label.task_key, label.strategy_key), []).append(label)
    told = []
    for label in mine:
        places = sorted(found[label.task_key, label.strategy_key], key=lambda one: one.domain)
        if places[1:]:
            told.append(f"{', '.join(map(_in_its_domain, places))}: {_told(label)}")
    return list(dict.fromkeys(told))


def _in_its_domain(label: Label) -> str:
    """The domain of a label, with the outcomes that could be moved out of it."""
    more = ["..."] if len(label.members) > _MEMBERS else []
    return f"{label.domain} ({' '.join([*(id[:SHORT_ID] for id in label.members[:_MEMBERS]), *more])})"


@contextmanager
def _codes(session: Session, agent: str, *, to_ask: bool = False) -> Iterator[Codes]:
    """The codes of an agent, kept after the block; where they can't be kept, ids can be used in their place.

    Whoever is asked doesn't know of that, and would be refused: `to_ask` somebody, `StoreUnwritable` is raised then.
    """
    path = session.project.log_dir / _FILE
    with ExitStack() as held:
        with suppress(OSError, LocksUnsupported):
            make_log(session.project)
            held.enter_context(locked(f"{path}.lock", wait_s=_PATIENCE_S))
        kept = read_object(path)
        before = kept.get(agent)
        codes = Codes.from_json(before)
        codes.mark = codes.mark or new_id()[:6]
        yield codes
        kept[agent] = codes.to_json(most=_CODES_KEPT)
        if kept[agent] == before:
            return
        try:
            write_whole(path, json.dumps(kept).encode())
        except OSError as error:
            if to_ask:
                raise StoreUnwritable(
                    f"cannot keep the codes of the sheet in {path}: {error.strerror}", hint=to_write_it(error)
                ) from error


def reflect_with(
    session: Session,
    agent: str,
    domain: str | None,
    command: str | None,
    *,
    sheets: int | None = None,
    is_review: bool = False,
    as_json: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> Iterator[Reflected]:
    """Ask a program for the words of sheet after sheet, until none is left or so many were asked; each outcome once.

    Without a command that of the configuration is asked. What was answered is stored before the next sheet is asked.
    Raises `AlmaError` when the program is missing, hangs, fails, or answers nothing that can be read.
    """
    settings = session.config.reflect
    if not (command or settings.command):
        raise InvalidConfig(
            "no program is named to ask",
            hint='name one with --with "claude -p", or reflect.command in .alma/config.yaml',
        )
    answerer = Answerer(command or settings.command, settings.timeout_s)

    def ask(one: Sheet) -> str:
        asked = json.dumps(one.to_json(), ensure_ascii=False) if as_json else one.to_prompt()
        return answerer.ask(asked, may_be_silent=is_review)

    at = session.now()
    if is_review:
        words = review(session, agent, domain, to_ask=True)
        answer = ask(words) if words.known else ""
        if answer_lines.lines_of(answer):
            yield apply(session, agent, answer, at=at)
        return
    asked: set[str] = set()
    number = 0
    while sheets is None or number < sheets:
        one = sheet(session, agent, domain, without=asked, to_ask=True)
        if not one.outcomes:
            return
        yield apply(session, agent, ask(one), at=at)
        asked.update(item.id for item in one.outcomes)
        number += 1
        if on_progress:
            on_progress(len(one.outcomes))
