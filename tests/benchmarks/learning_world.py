"""A world to learn in: twenty kinds of task, four strategies for each, and how often each strategy really works.

Everything that is drawn by lot is drawn before anybody acts, so that every memory meets the same tasks, in the same
words, with the same luck: what differs between two memories is only what they made their agent do.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

WORDINGS = Path(__file__).parent / "data" / "wordings.ndjson"
EXPLORATION = 0.1
FALSE_REPORTS = 0.1
BETWEEN_EPISODES = timedelta(hours=12)
START = datetime(2025, 1, 1, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of task: the wordings of it, and of each strategy for it."""

    tasks: Sequence[str]
    strategies: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One task that comes up, with all that is decided by lot about it.

    `rates` are the strategies' success rates at that time, `texts` how the agent would word each of them; `explored` is
    the strategy that is tried whatever the advice, if any; `preference` breaks ties; a strategy succeeds if its rate is
    over `luck`, and the agent is told the opposite of what happened if `misreported`.
    """

    at: datetime
    kind: int
    task: str
    rates: Sequence[float]
    texts: Sequence[str]
    explored: int | None
    preference: Sequence[int]
    luck: float
    misreported: bool

    @property
    def best(self) -> int:
        """The strategy that really is the best."""
        return max(range(len(self.rates)), key=lambda strategy: self.rates[strategy])

    def succeeds(self, strategy: int) -> bool:
        """Whether it works this time."""
        return self.luck < self.rates[strategy]

    def is_said_to_succeed(self, strategy: int) -> bool:
        """What the agent is told."""
        return self.succeeds(strategy) != self.misreported


def kinds() -> list[Kind]:
    """What tests/benchmarks/data/wordings.ndjson says."""
    lines = [json.loads(line) for line in WORDINGS.read_text("utf-8").splitlines()]
    return [Kind(line["task_wordings"], [strategy["wordings"] for strategy in line["strategies"]]) for line in lines]


def drawn_episodes(seed: int, count: int, *, drifts: bool) -> list[Episode]:
    """The episodes of one seed; `drifts` draws every success rate again half-way, from Beta(1, 1) as at first."""
    rng = random.Random(f"{seed}")
    known = kinds()
    rates, later = ([[rng.betavariate(1, 1) for _ in kind.strategies] for kind in known] for _ in range(2))
    episodes = []
    for number in range(count):
        kind = rng.randrange(len(known))
        strategies = range(len(known[kind].strategies))
        explores, explored = rng.random() < EXPLORATION, rng.choice(strategies)
        episodes.append(
            Episode(
                at=START + number * BETWEEN_EPISODES,
                kind=kind,
                task=rng.choice(known[kind].tasks),
                rates=(later if drifts and number >= count / 2 else rates)[kind],
                texts=[rng.choice(wordings) for wordings in known[kind].strategies],
                explored=explored if explores else None,
                preference=rng.sample(strategies, len(strategies)),
                luck=rng.random(),
                misreported=rng.random() < FALSE_REPORTS,
            )
        )
    return episodes
