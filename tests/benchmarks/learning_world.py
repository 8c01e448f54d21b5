"""A world to learn in, in the words of data/natural: sixteen kinds of task, three strategies each, one of them good.

A task is never asked in words that are reported: of each kind, half of the texts are what the agent is asked, the other
half what it says afterwards. Everything that is drawn by lot is drawn before anybody acts, so that every memory meets
the same tasks, in the same words, with the same luck: what differs is only what it made its agent do.
"""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

from tests.benchmarks import natural_words
from tests.benchmarks.natural_words import Labelled, outcomes, queries, truths, words_of_kinds

RATES = {"good": (0.75, 0.95), "mixed": (0.4, 0.6), "bad": (0.05, 0.25)}
"""Between which a strategy's success rate is drawn."""

AFTER_DRIFT = {"good": "bad", "mixed": "mixed", "bad": "good"}
EXPLORATION = 0.1
WITH_GENERAL_WORDS = 0.7
BETWEEN_EPISODES = timedelta(hours=12)
START = datetime(2025, 1, 1, 9, tzinfo=UTC)


class Asked(NamedTuple):
    """A task as it comes up, and the words that agents have for its situation."""

    task: str
    whens: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the agent says after an episode if it took a strategy; `when` and `do` are empty if it gives none."""

    task: str
    strategy: str
    when: str = ""
    do: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One task that comes up, with all that is decided by lot about it.

    `when` is its situation in general words, as the agent words it before it begins; empty if it gives none. `rates` are
    the strategies' success rates at that time, `reports` what the agent would say of each; `explored` is the strategy
    that is tried whatever the advice, if any; `preference` breaks ties; a strategy succeeds if its rate is over `luck`.
    """

    at: datetime
    kind: str
    asked: str
    when: str
    rates: Mapping[str, float]
    reports: Mapping[str, Report]
    explored: str
    preference: Sequence[str]
    luck: float

    @property
    def best(self) -> str:
        """The strategy that really is the best."""
        return max(self.rates, key=lambda strategy: self.rates[strategy])

    def succeeds(self, strategy: str) -> bool:
        """Whether it works this time."""
        return self.luck < self.rates[strategy]


meanings = cache(natural_words.meanings)


@cache
def strategies() -> dict[str, list[str]]:
    """By kind of task its strategies."""
    found: dict[str, list[str]] = defaultdict(list)
    for strategy in truths():
        found[strategy.partition("/")[0]].append(strategy)
    return dict(found)


def all_texts() -> list[str]:
    """Whatever may be asked or reported in this world."""
    told = [text for each in outcomes() for text in (each.task, each.strategy, each.when, each.do) if text]
    asked = [text for query in queries() for text in (query.query, *query.whens)]
    return [*told, *asked, *words_of_kinds("central").values()]


def drawn_episodes(seed: int, count: int, *, drifts: bool, always_says: bool = False) -> list[Episode]:
    """The episodes of one seed; with `drifts` the good and the bad strategy change places half-way, in half of the kinds.

    An agent that `always_says` the situation when it asks says it in the other episodes too, and reports as before.
    """
    rng = random.Random(f"{seed}")
    told = _told_of_strategies()
    asked, reported = _split(rng)
    before = {strategy: rng.uniform(*RATES[truth]) for strategy, truth in truths().items()}
    after = {strategy: rng.uniform(*RATES[AFTER_DRIFT[truth]]) for strategy, truth in truths().items()}
    drifting = rng.sample(list(asked), len(asked) // 2)
    episodes = []
    for number in range(count):
        kind = rng.choice(list(asked))
        options = strategies()[kind]
        explores, explored = rng.random() < EXPLORATION, rng.choice(options)
        rates = after if drifts and kind in drifting and number >= count / 2 else before
        task = rng.choice(asked[kind])
        reports = _reports(rng, rng.choice(reported[kind]), {option: told[option] for option in options})
        says = always_says or any(report.when for report in reports.values())
        episodes.append(
            Episode(
                at=START + number * BETWEEN_EPISODES,
                kind=kind,
                asked=task.task,
                when=task.whens[number % len(task.whens)] if says else "",
                rates={strategy: rates[strategy] for strategy in options},
                reports=reports,
                explored=explored if explores else "",
                preference=rng.sample(options, len(options)),
                luck=rng.random(),
            )
        )
    return episodes


def _reports(rng: random.Random, done: Labelled, told: Mapping[str, Sequence[Labelled]]) -> dict[str, Report]:
    is_worded = rng.random() < WITH_GENERAL_WORDS
    reports = {}
    for strategy, lines in told.items():
        line = rng.choice(lines)
        words = {"when": done.when, "do": line.do} if is_worded else {}
        reports[strategy] = Report(task=done.task, strategy=line.strategy, **words)
    return reports


def _told_of_strategies() -> dict[str, list[Labelled]]:
    told: dict[str, list[Labelled]] = defaultdict(list)
    for outcome in outcomes():
        told[outcome.strategy_kind].append(outcome)
    return told


def _split(rng: random.Random) -> tuple[dict[str, list[Asked]], dict[str, list[Labelled]]]:
    """By kind, the tasks that are asked, and the outcomes whose words are reported."""
    asked: dict[str, list[Asked]] = defaultdict(list)
    by_kind: dict[str, list[Labelled]] = defaultdict(list)
    for query in queries():
        if query.task_kind:
            asked[query.task_kind].append(Asked(query.query, query.whens))
    for outcome in outcomes():
        by_kind[outcome.task_kind].append(outcome)
    reported = {}
    for kind, lines in by_kind.items():
        rng.shuffle(lines)
        half = len(lines) // 2
        asked[kind] += [Asked(line.task, [line.when]) for line in lines[:half]]
        reported[kind] = lines[half:]
    return asked, reported
