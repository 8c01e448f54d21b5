"""Reflecting: answers that give outcomes general words, and what takes them back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from alma_cli.api.arguments import text
from alma_cli.api.learn import add_change, shown_changes, words_of
from alma_cli.api.reflect_sheets import MEMBERS, Domains, kept_codes
from alma_cli.api.session import Saved, Session
from alma_cli.core.codec import from_json
from alma_cli.core.learning import answer_lines, answers, moves
from alma_cli.core.learning.answers import Named
from alma_cli.core.learning.reports import Words
from alma_cli.core.records import UNCLEAR_LABEL, AntiPattern, Heuristic, JsonValue, Outcome, Record
from alma_cli.core.scopes.scope import validate_agent_name
from alma_cli.core.text import SHORT_ID
from alma_cli.errors import AlmaError, InvalidInput, NotFound
from alma_cli.store import DerivedChange, Entry, GeneralWords, Label, Reader, Reword


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


def apply(session: Session, agent: str, answer: str, *, at: datetime | None = None) -> Reflected:
    """Give outcomes the words of an answer (see `ALMA.apply_reflection`)."""
    lines = answer_lines.lines_of(text("answer", answer))
    if not lines:
        raise InvalidInput(
            "there is no JSON object in the answer",
            hint='expected lines such as {"when": "...", "do": "...", "outcomes": "o1 o2"}',
        )
    domains = Domains(session, agent, None)
    with session.store().reading() as reader, kept_codes(session, agent) as codes:
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
    more = ["..."] if len(label.members) > MEMBERS else []
    return f"{label.domain} ({' '.join([*(id[:SHORT_ID] for id in label.members[:MEMBERS]), *more])})"
