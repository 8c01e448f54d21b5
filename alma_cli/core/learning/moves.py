"""Says which rules only got other words, so that what people said of a rule can go with it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from alma_cli.core.keys import key_of
from alma_cli.core.learning.derive import Task, derived_id
from alma_cli.core.records import WHEN, AntiPattern, Credit, Heuristic, Record

if TYPE_CHECKING:  # every write imports this module, and reads no answers
    from alma_cli.core.learning.answers import Named
    from alma_cli.core.learning.reports import Words

Place: TypeAlias = tuple[Task, str]
"""The place of a rule: its task group and the key of its strategy."""


def moved(agent: str, named: "Sequence[Named]", words: "Mapping[str, Words]") -> dict[Place, Place]:
    """The new place of each rule all of whose outcomes get the same other words, and where no other rule was.

    `named` are all general words of the agent, `words` those that outcomes get, by id.
    """
    goals: dict[Place, set[Place | None]] = {}
    for one in named:
        places = _places(agent, one.domain, one.task_key, one.strategy_key)
        for id in one.members:
            said = words.get(id)
            to: Sequence[Place | None] = places
            if said is not None:
                is_whole = said.when and said.do
                domain = said.domain or one.domain
                to = _places(agent, domain, key_of(said.when), key_of(said.do)) if is_whole else (None, None)
            for place, goal in zip(places, to, strict=True):
                goals.setdefault(place, set()).add(goal)
    found = {place: next(iter(to)) for place, to in goals.items() if len(to) == 1}
    return {place: goal for place, goal in found.items() if goal is not None and goal not in goals}


def follow(
    said: Sequence[Record],
    places: Mapping[Place, Place],
    words: "Mapping[str, Words]",
    project_id: str,
    *,
    now: datetime,
) -> list[Record]:
    """These corrections and credits, where they are about rules that moved, as they are about these afterwards.

    What a correction says in the rule's old words it says in its new ones, which are among the `words`.
    """
    goals = {derived_id(project_id, *place): goal for place, goal in places.items()}
    texts = {key_of(text): text for given in words.values() for text in (given.when, given.do)}
    found: list[Record] = []
    for one in said:
        at = max(now, one.updated_at)
        if isinstance(one, Credit) and one.target in goals:
            found.append(replace(one, target=derived_id(project_id, *goals[one.target]), updated_at=at))
        elif isinstance(one, Heuristic | AntiPattern):
            goal = places.get((Task(one.agent, one.domain, one.task_key), one.strategy_key))
            if goal is not None:
                task, strategy_key = goal
                keys = {one.task_key: task.task_key, one.strategy_key: strategy_key}
                worded = {old: texts[new] for old, new in keys.items() if new in texts}
                there = replace(_in_words(one, worded), task_key=task.task_key, strategy_key=strategy_key)
                found.append(replace(there, domain=task.domain, updated_at=at))
    return found


def own_words(rule: Record) -> set[str]:
    """The fields of a correction that say the words that its rule has, and so those that it gets."""
    return {
        name
        for name, parts in _texts(rule).items()
        if any(key_of(part) in (getattr(rule, "task_key", ""), getattr(rule, "strategy_key", "")) for part in parts)
    }


def _in_words(rule: Heuristic | AntiPattern, words: Mapping[str, str]) -> Heuristic | AntiPattern:
    """The rule with other words for the keys that its texts have."""
    worded = {
        name: WHEN.join(words.get(key_of(part), part) for part in parts) + (")" if parts[1:] else "")
        for name, parts in _texts(rule).items()
    }
    return replace(rule, **{name: worded[name] for name in own_words(rule)})  # type: ignore[arg-type]


def _texts(rule: Record) -> dict[str, list[str]]:
    """The texts of a rule that may say its situation, its approach, or both."""
    if isinstance(rule, Heuristic):
        return {"condition": [rule.condition], "strategy": [rule.strategy]}
    if isinstance(rule, AntiPattern):
        strategy, when, condition = rule.pattern.partition(WHEN)
        return {"pattern": [strategy, condition.removesuffix(")")] if when else [strategy]}
    return {}


def _places(agent: str, domain: str, task_key: str, strategy_key: str) -> tuple[Place, Place]:
    """The place of a rule of one situation, and that of the rule across situations."""
    return (Task(agent, domain, task_key), strategy_key), (Task(agent, domain, ""), strategy_key)
