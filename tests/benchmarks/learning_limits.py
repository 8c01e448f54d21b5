"""What learning can reach in the benchmark's world: learners that know for certain which outcomes belong together.

    python -m tests.benchmarks.learning_limits [--seeds 400]

Nothing is embedded or stored: a learner sees kinds and strategies by their numbers, so that many seeds take a minute.
All explore as the benchmark's agents do. "counts" takes the best mean of what was reported; with a half-life in days,
older reports count less. "Thompson" draws each rate from what it believes (Thompson 1933); "optimistic" takes the best
mean plus so many standard deviations of belief; "told of the drift" forgets everything when the rates are drawn again.
Quoted are percent of success, with 95% intervals of the mean.

No learner at all can do better than the last lines, which are computed, not simulated: by dynamic programming over
everything that could be reported of one kind in its episodes, if rates stay (Bellman 1957).
"""

import argparse
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from tests.benchmarks.learning import WORLDS, Successes, gap_closed, interval, lived, percent, rate
from tests.benchmarks.learning_memories import OPTIONS, Memory, NoMemory, Oracle
from tests.benchmarks.learning_world import BETWEEN_EPISODES, EXPLORATION, FALSE_REPORTS, Episode, drawn_episodes

EPISODES = 400
STRATEGIES = len(OPTIONS[0])


@dataclass(kw_only=True)
class Learner:
    """Counts the reports of each strategy of each kind, and chooses by a score of both counts."""

    score: Callable[[float, float, random.Random], float]
    half_life_days: float = math.inf
    forgets_at: int | None = None
    rng: random.Random = field(default_factory=lambda: random.Random(7))
    reports: dict[tuple[int, int], list[tuple[int, bool]]] = field(default_factory=dict)
    episodes: int = 0

    def choice(self, episode: Episode) -> int:
        """The strategy with the best score."""
        scores = {option: self._score(episode.kind, option) for option in range(STRATEGIES)}
        return max(episode.preference, key=lambda option: scores[option])

    def learn(self, episode: Episode, strategy: int) -> None:
        """Count one more report."""
        told = self.reports.setdefault((episode.kind, strategy), [])
        told.append((self.episodes, episode.is_said_to_succeed(strategy)))
        self.episodes += 1
        if self.episodes == self.forgets_at:
            self.reports.clear()

    def copy(self) -> Memory:
        """Nobody asks a learner for a copy here."""
        raise NotImplementedError

    def _score(self, kind: int, option: int) -> float:
        days = BETWEEN_EPISODES.total_seconds() / 86_400
        weights = [
            (2 ** (-(self.episodes - at) * days / self.half_life_days), success)
            for at, success in self.reports.get((kind, option), ())
        ]
        return self.score(
            sum(weight for weight, _ in weights), sum(weight for weight, success in weights if success), self.rng
        )


def mean(occurrences: float, successes: float, _: random.Random) -> float:
    """What is reported of a strategy, with a uniform prior."""
    return (successes + 1) / (occurrences + 2)


def thompson(occurrences: float, successes: float, rng: random.Random) -> float:
    """A rate drawn from the belief."""
    return rng.betavariate(successes + 1, occurrences - successes + 1)


def optimistic(deviations: float) -> Callable[[float, float, random.Random], float]:
    """The mean plus so many standard deviations of the belief."""

    def score(occurrences: float, successes: float, rng: random.Random) -> float:
        believed = mean(occurrences, successes, rng)
        return believed + deviations * math.sqrt(believed * (1 - believed) / (occurrences + 3))

    return score


def learners() -> dict[str, Callable[[], Memory]]:
    """How to make each learner, by what the table calls it."""
    made: dict[str, Callable[[], Memory]] = {"no memory": NoMemory}
    for days in (15, 30, 60, 90, 180, math.inf):
        name = "counts" if math.isinf(days) else f"counts, half-life {days} days"
        made[name] = lambda days=days: Learner(score=mean, half_life_days=days)
    made["Thompson"] = lambda: Learner(score=thompson)
    for deviations in (0.25, 0.5, 1.0):
        made[f"optimistic by {deviations:g}"] = lambda d=deviations: Learner(score=optimistic(d))
    made["optimistic by 0.5, half-life 60 days"] = lambda: Learner(score=optimistic(0.5), half_life_days=60)
    made["counts, told of the drift"] = lambda: Learner(score=mean, forgets_at=EPISODES // 2)
    made["oracle"] = Oracle
    return made


def table(seeds: Sequence[Successes], names: Sequence[str]) -> str:
    """Success by part of the run and the share of the gap that is closed, in Markdown."""
    lines = ["| learner | all | second half | last quarter | above no memory | of the gap, second half |"]
    lines.append("|---|---|---|---|---|---|")
    for name in names:
        parts = [(0.0, 1.0), (0.5, 1.0), (0.75, 1.0)]
        cells = [percent(interval([rate(seed[name], part) for seed in seeds])) for part in parts]
        cells.append(percent(interval([rate(seed[name], (0, 1)) - rate(seed["no memory"], (0, 1)) for seed in seeds])))
        cells.append(percent(gap_closed(seeds, name, (0.5, 1.0))))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


Reports = tuple[tuple[int, int], ...]
"""Of each strategy how often it was said to succeed, and to fail; sorted, since strategies are alike beforehand."""


def best_possible(episodes: int, *, counted_from: int) -> float:
    """The success rate, from an episode on, of the learner that makes it as high as can be, exploring as all do.

    It knows for how many episodes it goes on, and how often reports are false.
    """

    @cache
    def rest(reports: Reports) -> float:
        """The successes to expect of the episodes that are counted and have not come yet."""
        done = sum(map(sum, reports))
        if done == episodes:
            return 0.0
        worth = [after(reports, option, is_counted=done >= counted_from) for option in range(STRATEGIES)]
        return (1 - EXPLORATION) * max(worth) + EXPLORATION * sum(worth) / STRATEGIES

    def after(reports: Reports, option: int, *, is_counted: bool) -> float:
        successes, failures = reports[option]
        said = said_to_succeed(successes, failures)
        others = reports[:option] + reports[option + 1 :]
        good = rest(tuple(sorted((*others, (successes + 1, failures)))))
        bad = rest(tuple(sorted((*others, (successes, failures + 1)))))
        return is_counted * (said - FALSE_REPORTS) / (1 - 2 * FALSE_REPORTS) + said * good + (1 - said) * bad

    return rest(((0, 0),) * STRATEGIES) / (episodes - counted_from)


@cache
def said_to_succeed(successes: int, failures: int) -> float:
    """The chance that a strategy is said to succeed, after these reports of it; rates are uniform beforehand."""
    points = [FALSE_REPORTS + (1 - 2 * FALSE_REPORTS) * (i + 0.5) / 200 for i in range(200)]
    weights = [said**successes * (1 - said) ** failures for said in points]
    return sum(said * weight for said, weight in zip(points, weights, strict=True)) / sum(weights)


def show_best() -> None:
    """Print what no learner can exceed.

    How often a kind comes up is binomial, 20 times on average; a standard deviation less and more, 16 and 24, stand for
    that (two-point quadrature).
    """
    none = 0.5
    oracle = (1 - EXPLORATION) * STRATEGIES / (STRATEGIES + 1) + EXPLORATION * none
    average = EPISODES / len(OPTIONS)
    deviation = round(math.sqrt(average * (1 - 1 / len(OPTIONS))))
    counts = [round(average) - deviation, round(average) + deviation]
    print(f"\nno memory {none:.1%}, oracle {oracle:.1%}; the best possible learner where rates stay")
    for what, part in (("all episodes", 0), ("the second half only", 2)):
        bests = [best_possible(count, counted_from=count // part if part else 0) for count in counts]
        best = sum(count * rate for count, rate in zip(counts, bests, strict=True)) / sum(counts)
        closed = (best - none) / (oracle - none)
        print(f"  for {what}: {best:.1%}, {best - none:.1%} above no memory, {closed:.1%} of the gap")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=400)
    options = parser.parse_args()
    made = learners()
    for world in WORLDS:
        seeds = []
        for seed in range(options.seeds):
            episodes = drawn_episodes(seed, EPISODES, drifts=world == "drift")
            seeds.append({name: lived(make(), episodes) for name, make in made.items()})
        print(f"\n{world}: seeds 0 to {options.seeds - 1}\n\n{table(seeds, list(made))}")
    show_best()


if __name__ == "__main__":
    main()
