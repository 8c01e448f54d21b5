"""Gives an account of all that was learned, for people who would rather look: counts, rules, and what came of them.

It is a function of the records alone, which are looked at once, in any order. What is counted is counted whole; what is
listed is bounded, so that an account of a million memories is no longer than one of ten thousand.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from heapq import heappush, heappushpop
from itertools import islice
from typing import Literal, NamedTuple, TypeAlias, TypeVar

from alma_cli.core.learning.derive import Bounds, Derived
from alma_cli.core.learning.effect import Succeeded
from alma_cli.core.learning.lessons import sureness
from alma_cli.core.records import (
    RESULT_VALUES,
    RETRIEVED_KINDS,
    AntiPattern,
    Credit,
    Heuristic,
    JsonValue,
    Kind,
    Knowledge,
    Outcome,
    Preference,
    Record,
    Result,
)

Unit: TypeAlias = Literal["day", "week", "month", "year"]
Fact: TypeAlias = Preference | Knowledge
_Rule = TypeVar("_Rule", Heuristic, AntiPattern)

MOST_RULES = 150
"""The most heuristics, and the most anti-patterns, that are listed."""

MOST_EVIDENCE = 5
MOST_OF_RESULT = 8
"""The most outcomes that are listed for a rule, and of each result for one agent's work in a domain."""

MOST_FACTS = 100
MOST_CREDITED = 12
"""The most preferences and facts that are listed, and the most memories with credits."""

_UNITS: tuple[tuple[Unit, int], ...] = (("day", 21), ("week", 7 * 40), ("month", 31 * 48))
"""Each unit of time, and the most days of a history that is told in it."""

_LONGEST: Mapping[Unit, int] = {"day": 1, "week": 7, "month": 31, "year": 366}
"""The most days of one period: so many after its first day, the next has begun."""


_YEARS_APART, _NEARLY_ALL = 2 * 366, 0.9
"""The days between two memories, and the share of all, from which the fewer are none of the history."""


class Results(NamedTuple):
    """The number of outcomes of each result, in the order of `RESULT_VALUES`."""

    success: int = 0
    partial: int = 0
    failure: int = 0

    @classmethod
    def of(cls, counted: Mapping[Result, int]) -> "Results":
        """The counts that are given by result."""
        return cls(*(counted.get(result, 0) for result in RESULT_VALUES))

    @property
    def succeeded(self) -> Succeeded:
        """The outcomes, and those that worked, with rate and bounds."""
        return Succeeded(sum(self), self.success + self.partial / 2)

    def to_json(self) -> dict[str, JsonValue]:
        """The counts, the rate and its bounds as a JSON object."""
        return {**self._asdict(), **self.succeeded.to_json()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The work of one agent in one domain: how it ended, and the newest outcomes of each result."""

    agent: str
    domain: str
    results: Results
    newest: Mapping[Result, tuple[Outcome, ...]]


@dataclass(frozen=True, slots=True)
class Course:
    """The course of work over the periods of an account; without a name, of every agent, or in every domain."""

    agent: str
    domain: str
    points: tuple[Results, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backed:
    """A rule with the newest outcomes behind it, and how often it helped or misled whoever was given it.

    `bounds` are of its success rate, at 95%; None for one that a person wrote and no outcome has confirmed.
    """

    rule: Derived
    bounds: Bounds | None
    evidence: tuple[Outcome, ...]
    helped: int
    misled: int


class Given(NamedTuple):
    """A memory, how often retrieves gave it, and how often it helped or misled."""

    memory: Record
    given: int
    helped: int
    misled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """All that was learned. `counts` leave out what is archived; `created` are new memories by period and kind."""

    counts: Mapping[Kind, int]
    results: Results
    unit: Unit
    periods: tuple[date, ...]
    courses: tuple[Course, ...]
    created: Mapping[Kind, tuple[int, ...]]
    work: tuple[Work, ...]
    heuristics: tuple[Backed, ...]
    anti_patterns: tuple[Backed, ...]
    facts: tuple[Fact, ...]
    helped: int
    misled: int
    credited: tuple[Given, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """The numbers of the account as a JSON object, with the ids of what is listed."""
        return {
            "counts": {kind: self.counts[kind] for kind in RETRIEVED_KINDS},
            "results": self.results.to_json(),
            "unit": self.unit,
            "periods": [period.isoformat() for period in self.periods],
            "courses": [
                {"agent": one.agent, "domain": one.domain, "points": [list(point) for point in one.points]}
                for one in self.courses
            ],
            "created": {kind: list(counts) for kind, counts in self.created.items()},
            "work": [{"agent": one.agent, "domain": one.domain, "results": one.results.to_json()} for one in self.work],
            "heuristics": [backed.rule.id for backed in self.heuristics],
            "anti_patterns": [backed.rule.id for backed in self.anti_patterns],
            "helped": self.helped,
            "misled": self.misled,
        }


def account(
    records: Iterable[Record], outcomes: Iterable[Outcome], *, z: float, given: Mapping[str, int] | None = None
) -> Account:
    """The account of these outcomes and other records.

    `z` is the quantile of Wilson's bounds that rules go by; `given` says how often which memory was given, by its id.
    """
    gathered = _Gathered(given or {})
    for record in records:
        gathered.add(record)
    heuristics, anti_patterns = _surest(gathered.heuristics, z), _surest(gathered.anti_patterns, z)
    backing = _Backing([*gathered.heuristics, *gathered.anti_patterns], [*heuristics, *anti_patterns])
    work: dict[_Whose, _Work] = defaultdict(_Work)
    for outcome in outcomes:
        gathered.created[outcome.at.date()]["outcome"] += 1
        work[_Whose(outcome.agent, outcome.domain)].add(outcome)
        backing.add(outcome)
        if outcome.id in gathered.credits or outcome.id in gathered.given:
            gathered.known[outcome.id] = outcome
    days = _history(gathered.created)
    unit = _unit(days)
    periods = _periods(days, unit)
    counts = sum(gathered.created.values(), Counter[Kind]())
    total = sum((one.counted for one in work.values()), Counter[Result]())
    return Account(
        counts={kind: counts[kind] for kind in RETRIEVED_KINDS},
        results=Results.of(total),
        unit=unit,
        periods=periods,
        courses=tuple(_courses(work, unit, periods)),
        created=_by_period(gathered.created, unit, periods),
        work=tuple(one.work(whose) for whose, one in sorted(work.items(), key=lambda item: (-item[1].size, item[0]))),
        heuristics=tuple(backing.backed(rule, gathered.credits) for rule in heuristics),
        anti_patterns=tuple(backing.backed(rule, gathered.credits) for rule in anti_patterns),
        facts=tuple(sorted(gathered.facts, key=lambda fact: (fact.updated_at, fact.id), reverse=True)[:MOST_FACTS]),
        helped=sum(credit.helped for credit in gathered.credits.values()),
        misled=sum(credit.misled for credit in gathered.credits.values()),
        credited=tuple(gathered.credited()),
    )


class _Whose(NamedTuple):
    agent: str
    domain: str


class _Credits(NamedTuple):
    helped: int = 0
    misled: int = 0


class _Gathered:
    """Keeps what is needed of the records that are no outcomes."""

    def __init__(self, given: Mapping[str, int]) -> None:
        self.given = given
        self.heuristics: list[Heuristic] = []
        self.anti_patterns: list[AntiPattern] = []
        self.facts: list[Fact] = []
        self.known: dict[str, Record] = {}
        self.credits: dict[str, _Credits] = {}
        self.created: dict[date, Counter[Kind]] = defaultdict(Counter)

    def add(self, record: Record) -> None:
        """Keep what is needed of a record."""
        if isinstance(record, Credit):
            value = 0 if record.archived else record.value
            helped, misled = self.credits.get(record.target, _Credits())
            self.credits[record.target] = _Credits(helped + (value > 0), misled + (value < 0))
            return
        if isinstance(record, Heuristic):
            self.heuristics.append(record)
        elif isinstance(record, AntiPattern):
            self.anti_patterns.append(record)
        elif isinstance(record, Preference | Knowledge) and not record.archived:
            self.facts.append(record)
        if not record.archived:
            self.known[record.id] = record
            self.created[record.created_at.date()][record.kind] += 1

    def credited(self) -> Iterator[Given]:
        """The memories of which most was said, then those most given, of those that are still there."""
        all_of_them = (
            Given(self.known[id], self.given.get(id, 0), *self.credits.get(id, _Credits()))
            for id in {*self.credits, *self.given} & self.known.keys()
        )
        by_credits = sorted(all_of_them, key=lambda one: (-one.helped - one.misled, -one.given, one.memory.id))
        return islice(by_credits, MOST_CREDITED)


class _Newest:
    """Keeps the newest of the outcomes that it is given."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: list[tuple[datetime, str, Outcome]] = []

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome unless there are enough that are newer."""
        keep = heappush if len(self._kept) < self._limit else heappushpop
        keep(self._kept, (outcome.at, outcome.id, outcome))

    def newest_first(self) -> tuple[Outcome, ...]:
        """The outcomes that were kept."""
        return tuple(outcome for _, _, outcome in sorted(self._kept, key=lambda kept: kept[:2], reverse=True))


class _Work:
    """Counts the work of one agent in one domain by day."""

    def __init__(self) -> None:
        self.by_day: dict[date, Counter[Result]] = defaultdict(Counter)
        self._newest = {result: _Newest(MOST_OF_RESULT) for result in RESULT_VALUES}

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        self.by_day[outcome.at.date()][outcome.outcome] += 1
        self._newest[outcome.outcome].add(outcome)

    @property
    def counted(self) -> Counter[Result]:
        """The number of outcomes by result."""
        return sum(self.by_day.values(), Counter[Result]())

    @property
    def size(self) -> int:
        """The number of outcomes."""
        return sum(self.counted.values())

    def work(self, whose: _Whose) -> Work:
        """The work as an account has it."""
        newest = {result: kept.newest_first() for result, kept in self._newest.items()}
        return Work(agent=whose.agent, domain=whose.domain, results=Results.of(self.counted), newest=newest)


class _Backing:
    """Finds the outcomes behind rules: those with the keys of a rule, and for a rule across situations all of its
    approach in situations that have no rule of their own.
    """

    def __init__(self, rules: Iterable[Derived], shown: Iterable[Derived]) -> None:
        self._own = {_keys(rule) for rule in rules if rule.task_key}
        self._newest = {_keys(rule): _Newest(MOST_EVIDENCE) for rule in shown if rule.strategy_key}

    def add(self, outcome: Outcome) -> None:
        """Put an outcome behind its rule, if that is shown."""
        keys = _keys(outcome)
        newest = self._newest.get(keys if keys in self._own else keys._replace(task_key=""))
        if newest is not None:
            newest.add(outcome)

    def backed(self, rule: Derived, credits: Mapping[str, _Credits]) -> Backed:
        """The rule with what is behind it."""
        newest = self._newest.get(_keys(rule))
        credit = credits.get(rule.id, _Credits())
        return Backed(
            rule=rule,
            bounds=Succeeded(rule.occurrences, rule.successes).bounds if rule.occurrences else None,
            evidence=newest.newest_first() if newest else (),
            helped=credit.helped,
            misled=credit.misled,
        )


class _Keys(NamedTuple):
    agent: str
    domain: str
    task_key: str
    strategy_key: str


def _keys(record: Derived | Outcome) -> _Keys:
    return _Keys(record.agent, record.domain, record.task_key, record.strategy_key)


def _surest(rules: Sequence[_Rule], z: float) -> list[_Rule]:
    there = (rule for rule in rules if not rule.archived)
    return sorted(there, key=lambda rule: (-sureness(rule, z), rule.id))[:MOST_RULES]


def _history(created: Mapping[date, Counter[Kind]]) -> list[date]:
    """The days that are told of one by one: all, or those of nearly all memories where others are years apart.

    Few memories so far away were dated by a wrong clock, or with a zero, and would make all others one point.
    """
    stretches: list[list[date]] = []
    for day in sorted(created):
        if not stretches or (day - stretches[-1][-1]).days > _YEARS_APART:
            stretches.append([])
        stretches[-1].append(day)
    sizes = [sum(created[day].total() for day in stretch) for stretch in stretches]
    most = max(sizes, default=0)
    return stretches[sizes.index(most)] if most >= _NEARLY_ALL * sum(sizes) and stretches else sorted(created)


def _unit(days: Collection[date]) -> Unit:
    """The smallest unit of time in which the history of these days isn't too long."""
    history = (max(days) - min(days)).days if days else 0
    return next((unit for unit, most in _UNITS if history <= most), "year")


def _start(day: date, unit: Unit) -> date:
    """The first day of the period that a day is in; weeks begin on Mondays."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day if unit == "day" else day.replace(day=1) if unit == "month" else day.replace(month=1, day=1)


def _period(day: date, unit: Unit, periods: Sequence[date]) -> date:
    """The period in which a day is counted: the first or last one for those before or after all."""
    return min(max(_start(day, unit), periods[0]), periods[-1])


def _periods(days: Collection[date], unit: Unit) -> tuple[date, ...]:
    """The first days of all periods from the first to the last."""
    starts = [_start(min(days), unit)] if days else []
    while starts and starts[-1] < _start(max(days), unit):
        starts.append(_start(starts[-1] + timedelta(days=_LONGEST[unit]), unit))
    return tuple(starts)


def _by_period(
    created: Mapping[date, Counter[Kind]], unit: Unit, periods: Sequence[date]
) -> dict[Kind, tuple[int, ...]]:
    counted: dict[date, Counter[Kind]] = defaultdict(Counter)
    for day, kinds in created.items():
        counted[_period(day, unit, periods)] += kinds
    return {kind: tuple(counted[period][kind] for period in periods) for kind in RETRIEVED_KINDS}


def _courses(work: Mapping[_Whose, _Work], unit: Unit, periods: Sequence[date]) -> Iterator[Course]:
    """The course of all work, of each agent's, of each domain's, and of each agent's in each domain."""
    counted: dict[_Whose, dict[date, Counter[Result]]] = defaultdict(lambda: defaultdict(Counter))
    for whose, one in work.items():
        for day, results in one.by_day.items():
            for course in {_Whose("", ""), whose._replace(domain=""), whose._replace(agent=""), whose}:
                counted[course][_period(day, unit, periods)] += results
    for course, points in sorted(counted.items()):
        yield Course(*course, points=tuple(Results.of(points[period]) for period in periods))
