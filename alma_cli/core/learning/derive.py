"""Derives heuristics and anti-patterns from outcomes: a function of keyed records and of the configuration alone.

It looks at no vector, clock or order of arrival. So the same outcomes give the same derived memories on every replica,
and learning step by step gives the same as deriving everything at once. The unit is one task group (agent, domain and
`task_key`): all its strategies are derived together, since a bad one names the best as alternative. An approach that is
tried in many situations, too seldom in each for a rule, gives one rule for all of them.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias

from alma_cli.core.records import RESULT_VALUES, WHEN, AntiPattern, Heuristic, Result
from alma_cli.core.text import alike_form
from alma_cli.core.words import terms

Derived: TypeAlias = Heuristic | AntiPattern
Change: TypeAlias = Literal["created", "strengthened", "weakened", "retired", "hidden", "shown", "updated"]
"""The last three leave what is said as sure as it was: an authored memory took its place, or gave it back, or only its
words or times differ."""


CONTRADICTED_BY = 3
"""A strategy is not recommended when its newest outcomes, this many, all failed."""

ACROSS = 3
"""The number of situations without a rule in which an approach has to stand, to give a rule for all of them."""

TEXTS_COMPARED = 50
"""So many of a strategy's newest outcomes give a derived memory its texts."""

_REASONS = 3
_SECONDS_PER_DAY = 86_400.0


class Task(NamedTuple):
    """A task group: its outcomes are derived together. The empty `task_key` stands for all situations."""

    agent: str
    domain: str
    task_key: str


class Approach(NamedTuple):
    """An approach, in whatever situation."""

    agent: str
    domain: str
    strategy_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningRules:
    """The caution of learning.

    `min_occurrences` outcomes make a group; evidence halves with every `half_life_days` before the group's newest
    outcomes; `z` is the quantile of Wilson's bounds; an anti-pattern's upper bound is under `anti_pattern_below`.
    """

    min_occurrences: int
    half_life_days: float
    z: float
    anti_pattern_below: float


class Evidence(NamedTuple):
    """One outcome as evidence: its keys, time, result and, if it is new enough, its texts.

    `when` and `do` are its general words; `reason` is its error or else its feedback.
    """

    strategy_key: str
    at: datetime
    id: str
    outcome: Result
    task: str | None = None
    strategy: str | None = None
    reason: str | None = None
    when: str | None = None
    do: str | None = None
    task_key: str = ""


class Bounds(NamedTuple):
    """Wilson's bounds of a success rate."""

    lower: float
    upper: float


def derive(task: Task, evidence: Iterable[Evidence], rules: LearningRules, *, project_id: str) -> list[Derived]:
    """The rules that the outcomes of one task group give, by strategy; the same in any order of outcomes."""
    groups: dict[str, list[Evidence]] = {}
    for outcome in _by_time(evidence):
        if outcome.strategy_key:
            groups.setdefault(outcome.strategy_key, []).append(outcome)
    found: list[Derived] = []
    for strategy_key, members in sorted(groups.items()):
        newest = _newest(members)
        condition = _general([outcome.when for outcome in newest]) or central([outcome.task for outcome in newest])
        rule = _rule(task, strategy_key, members, condition, rules, project_id=project_id)
        if rule is not None:
            found.append(rule)
    heuristics = [rule for rule in found if isinstance(rule, Heuristic)]
    best = max(heuristics, key=lambda heuristic: (heuristic.confidence, heuristic.id), default=None)
    instead = "" if best is None else best.strategy
    anti_patterns = [replace(rule, better_alternative=instead) for rule in found if isinstance(rule, AntiPattern)]
    return [*heuristics, *anti_patterns]


def derive_across(
    approach: Approach, evidence: Iterable[Evidence], rules: LearningRules, *, project_id: str
) -> Derived | None:
    """The rule that an approach gives for all the situations of this evidence, in none of which it has a rule.

    None if there are fewer than `ACROSS` situations.
    """
    members = _by_time(evidence)
    situations = {outcome.task_key for outcome in members}
    if len(situations) < ACROSS:
        return None
    example = central([outcome.when or outcome.task for outcome in _newest(members)])
    condition = f"working on {len(situations)} tasks such as {example}"
    task = Task(approach.agent, approach.domain, "")
    return _rule(task, approach.strategy_key, members, condition, rules, project_id=project_id)


def _rule(
    task: Task,
    strategy_key: str,
    members: Sequence[Evidence],
    condition: str,
    rules: LearningRules,
    *,
    project_id: str,
) -> Derived | None:
    """The rule that the outcomes of one strategy, oldest first, give for a condition; None if they give none yet."""
    if len(members) < rules.min_occurrences:
        return None
    newest = _newest(members)
    strategy = _general([outcome.do for outcome in newest]) or central([outcome.strategy for outcome in newest])
    strategy = strategy or strategy_key
    bounds = wilson(*_weighted(members, rules.half_life_days), z=rules.z)
    common = _common(task, strategy_key, members, project_id)
    if bounds.upper < rules.anti_pattern_below:
        return AntiPattern(
            **common,
            pattern=f"{strategy}{WHEN}{condition})",
            why_bad=_reasons(newest),
            last_seen_at=members[-1].at,
        )
    if common["successes"] >= len(members) / 2 and not contradicted(members):
        return Heuristic(
            **common,
            condition=condition,
            strategy=strategy,
            confidence=bounds.lower,
            last_validated_at=members[-1].at,
        )
    return None


def wilson(successes: float, occurrences: float, *, z: float) -> Bounds:
    """Wilson's score interval for a rate, of evidence that need not be whole numbers (Wilson 1927).

    Without evidence it is all of [0, 1]; a rate of 0 or 1 is itself a bound.
    """
    if occurrences <= 0:
        return Bounds(0.0, 1.0)
    rate = min(1.0, successes / occurrences)
    square = z * z / occurrences
    centre = rate + square / 2
    margin = z * math.sqrt(rate * (1 - rate) / occurrences + square / (4 * occurrences))
    lower = 0.0 if rate <= 0 else max(0.0, (centre - margin) / (1 + square))
    upper = 1.0 if rate >= 1 else min(1.0, (centre + margin) / (1 + square))
    return Bounds(lower, upper)


def contradicted(members: Sequence[Evidence]) -> bool:
    """True when the newest outcomes (of members sorted by time) all failed."""
    newest = members[-CONTRADICTED_BY:]
    return len(newest) == CONTRADICTED_BY and all(outcome.outcome == "failure" for outcome in newest)


def change(before: Derived | None, after: Derived | None) -> Change | None:
    """The change of a derived memory between two derivations; None if it is the same."""
    if before is None:
        return None if after is None else "created"
    if after is None:
        return "retired"
    if before.kind != after.kind:
        return "created"
    if before == after:
        return None
    if _numbers(before) == _numbers(after):
        return "updated" if before.archived == after.archived else "hidden" if after.archived else "shown"
    if isinstance(before, Heuristic) and isinstance(after, Heuristic):
        return "strengthened" if after.confidence >= before.confidence else "weakened"
    return "strengthened" if _rate(after) <= _rate(before) else "weakened"


def derived_id(project_id: str, task: Task, strategy_key: str) -> str:
    """The id of the rule for a strategy of a task group, the same on every replica (RFC 4122, uuid5)."""
    from uuid import NAMESPACE_URL, uuid5

    return uuid5(NAMESPACE_URL, "\0".join(("alma", project_id, *task, strategy_key))).hex


def central(texts: Iterable[str | None]) -> str:
    """The text that shares most words with all others; of equals the most frequent, shortest, first."""
    counted = Counter(text for text in texts if text)
    if len(counted) <= 1:
        return next(iter(counted), "")
    words = {text: frozenset(terms(text)) for text in counted}
    spread: Counter[str] = Counter()
    for text, found in words.items():
        spread.update(dict.fromkeys(found, counted[text]))

    def closeness(text: str) -> float:
        found = words[text]
        return sum(spread[word] for word in found) / math.sqrt(len(found)) if found else 0.0

    return min(counted, key=lambda text: (-closeness(text), -counted[text], len(text), text))


def _general(words: Iterable[str | None]) -> str:
    """The general words that were used most; of equals the shortest, first."""
    counted = Counter(word for word in words if word)
    return min(counted, key=lambda word: (-counted[word], len(word), word), default="")


def _by_time(evidence: Iterable[Evidence]) -> list[Evidence]:
    return sorted(evidence, key=lambda outcome: (outcome.at, outcome.id))


def _newest(members: Sequence[Evidence]) -> Sequence[Evidence]:
    return members[-TEXTS_COMPARED:]


def _weighted(members: Sequence[Evidence], half_life_days: float) -> tuple[float, float]:
    """Successes and occurrences, each outcome weighing less the older it is than the newest.

    Ages count from the newest time, but at most one half-life after the third newest: a single time, right or wrong,
    can halve what all others weigh, and no more.
    """
    third = members[-min(len(members), CONTRADICTED_BY)].at
    ahead = min((members[-1].at - third).total_seconds() / _SECONDS_PER_DAY, half_life_days)
    ages = [max(0.0, (third - outcome.at).total_seconds() / _SECONDS_PER_DAY + ahead) for outcome in members]
    weights = [2.0 ** (-age / half_life_days) for age in ages]
    values = [weight * RESULT_VALUES[outcome.outcome] for weight, outcome in zip(weights, members, strict=True)]
    return math.fsum(values), math.fsum(weights)


def _common(task: Task, strategy_key: str, members: Sequence[Evidence], project_id: str) -> dict[str, Any]:
    """The fields that heuristics and anti-patterns share."""
    return {
        "id": derived_id(project_id, task, strategy_key),
        "project_id": project_id,
        "agent": task.agent,
        "domain": task.domain,
        "origin": "derived",
        "created_at": members[0].at,
        "updated_at": members[-1].at,
        "occurrences": len(members),
        "successes": sum(RESULT_VALUES[outcome.outcome] for outcome in members),
        "task_key": task.task_key,
        "strategy_key": strategy_key,
    }


def _reasons(members: Iterable[Evidence]) -> str:
    """The reasons for failing that were given most often."""
    said: Counter[str] = Counter()
    worded: dict[str, str] = {}
    for outcome in members:
        if outcome.outcome != "success" and outcome.reason:
            form = alike_form(outcome.reason)
            said[form] += 1
            worded[form] = min(worded.get(form, outcome.reason), outcome.reason)
    most = sorted(said, key=lambda form: (-said[form], form))[:_REASONS]
    return "; ".join(worded[form] for form in most)


def _numbers(derived: Derived) -> tuple[float, ...]:
    """The counts and the confidence of a derived memory."""
    confidence = derived.confidence if isinstance(derived, Heuristic) else 0.0
    return derived.occurrences, derived.successes, confidence


def _rate(derived: Derived) -> float:
    return derived.successes / derived.occurrences
