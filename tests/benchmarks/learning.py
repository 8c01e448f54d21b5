"""Whether memory makes an agent better: success over 300 tasks, with memories of different kinds and without.

    python -m tests.benchmarks.learning [--seeds 5] [--jobs 1] [--always-says] [--plot FILE] [--json FILE [--report]]

The world and its lots are in learning_world.py, the memories and the agent that reads them in learning_memories.py.
ALMA is the real one, through its API, in a temporary project for each seed. Two lines more than are asked for say what
is possible: "perfect grouping" counts the same outcomes, knowing for certain what each is about, and the oracle knows
every rate. All explore alike. The intervals are 95% over seeds (Student's t, of the mean).
"""

import argparse
import json
import math
import statistics
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path

from tests.benchmarks.learning_memories import (
    AlmaMemory,
    CachingEmbedder,
    Memory,
    NoMemory,
    Oracle,
    PerfectGrouping,
    VectorMemory,
    stores_kept_open,
)
from tests.benchmarks.learning_world import Episode, drawn_episodes

NAMES = (
    "no memory",
    "vector memory",
    "vector memory with general words",
    "ALMA without reflection",
    "ALMA",
    "perfect grouping",
    "oracle",
)
WORLDS = ("stationary", "drift")
EPISODES = 300
_SMOOTHED = 50  # episodes in one point of the plot
_DRAWN_EVERY = 5  # episodes
_COLOURS = dict(zip(NAMES, ("#8c8c8c", "#d08020", "#b0503c", "#7fa8e0", "#1f5fbf", "#5aa469", "#333333"), strict=True))

Successes = dict[str, list[int]]
"""By the name of a memory, whether each episode succeeded."""

Results = dict[str, list[Successes]]
"""By the name of a world, what each seed gave."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0, help="100 and more are for trying things out")
    parser.add_argument("--episodes", type=int, default=EPISODES)
    parser.add_argument("--always-says", action="store_true", help="the agent says the situation whenever it asks")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--json", metavar="FILE", type=Path, help="keep every episode's success; what is there is used")
    parser.add_argument("--report", action="store_true", help="run nothing: the tables of what --json has")
    parser.add_argument("--plot", metavar="FILE", help="needs the extra `bench`")
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    results = (
        kept(options.json)
        if options.report
        else all_seeds(seeds, options.episodes, options.jobs, options.json, always_says=options.always_says)
    )
    print(tables(results))
    if options.plot:
        plot(results, options.plot)


def all_seeds(seeds: Sequence[int], episodes: int, jobs: int, keep: Path | None, *, always_says: bool) -> Results:
    """For each world, what each seed gave; `keep` holds what is there so far, so that a run can go on."""
    runs: dict[int, dict[str, Successes]] = {}
    if keep and keep.exists():
        runs = {int(seed): run for seed, run in json.loads(keep.read_text("utf-8")).items()}
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        started = {
            pool.submit(run, seed, episodes, always_says=always_says): seed for seed in seeds if seed not in runs
        }
        for future in as_completed(started):
            runs[started[future]] = future.result()
            print(f"\rseed {len(runs)} of {len(seeds)}", end="", file=sys.stderr, flush=True)
            if keep:
                keep.write_text(json.dumps(runs), "utf-8")
    return {world: [runs[seed][world] for seed in seeds] for world in WORLDS}


def kept(path: Path) -> Results:
    """For each world, what each seed in the file gave."""
    runs = json.loads(path.read_text("utf-8"))
    return {world: [run[world] for _, run in sorted(runs.items(), key=lambda item: int(item[0]))] for world in WORLDS}


def run(seed: int, count: int, *, always_says: bool) -> dict[str, Successes]:
    """How every memory fares with one seed, in both worlds, whose first halves are one and the same."""
    worlds = {world: drawn_episodes(seed, count, drifts=world == "drift", always_says=always_says) for world in WORLDS}
    half = count // 2
    successes: dict[str, Successes] = {world: {} for world in WORLDS}
    with stores_kept_open():
        for name, memory in zip(NAMES, memories(), strict=True):
            before = lived(memory, worlds["stationary"][:half])
            for world, episodes in worlds.items():
                successes[world][name] = before + lived(memory.copy(), episodes[half:])
    return successes


def memories() -> list[Memory]:
    """New memories, in the order of NAMES."""
    return [
        NoMemory(),
        VectorMemory(embedder()),
        VectorMemory(embedder(), general_words=True),
        AlmaMemory(embedder(), reflects=False),
        AlmaMemory(embedder(), reflects=True),
        PerfectGrouping(),
        Oracle(),
    ]


def lived(memory: Memory, episodes: Iterable[Episode]) -> list[int]:
    """Whether each episode succeeded for an agent with this memory."""
    successes = []
    for episode in episodes:
        strategy = episode.explored or memory.choice(episode)
        memory.learn(episode, strategy)
        successes.append(int(episode.succeeds(strategy)))
    return successes


@cache
def embedder() -> CachingEmbedder:
    """One for each process."""
    return CachingEmbedder()


_SHOWN = {
    "stationary": ("rates stay", "second half", (0.5, 1.0)),
    "drift": ("in half of the kinds good and bad change places half-way", "last quarter", (0.75, 1.0)),
}
_ALL = (0.0, 1.0)
_POINTS_ABOVE_VECTOR, _SHARE_OF_PERFECT = 8, 90


def tables(results: Results) -> str:
    """The tables of docs/benchmarks.md, and what became of the goals, in Markdown."""
    lines = [f"{len(results[WORLDS[0]])} seeds"]
    for world, (heading, name_of_part, part) in _SHOWN.items():
        seeds = results[world]
        lines += ["", f"| {heading} | all | {name_of_part} | of the gap to the oracle, {name_of_part} |"]
        lines.append("|---|---|---|---|")
        for name in NAMES:
            cells = [percent(interval([rate(seed[name], each) for seed in seeds])) for each in (_ALL, part)]
            lines.append(f"| {name} | {' | '.join([*cells, percent(gap_closed(seeds, name, NAMES[-1], part))])} |")
    lines += ["", "| ALMA | goal | rates stay, second half | drift, last quarter |", "|---|---|---|---|"]
    of_worlds = [(results[world], part) for world, (_, _, part) in _SHOWN.items()]
    for other, goal in (
        ("vector memory", f"{_POINTS_ABOVE_VECTOR}"),
        ("vector memory with general words", ""),
        ("no memory", ""),
        ("ALMA without reflection", ""),
    ):
        cells = [percent(above(seeds, other, part)) for seeds, part in of_worlds]
        lines.append(f"| points above {other} | {goal} | {' | '.join(cells)} |")
    cells = [percent(gap_closed(seeds, "ALMA", "perfect grouping", part)) for seeds, part in of_worlds]
    lines.append(f"| of what perfect grouping closes | {_SHARE_OF_PERFECT} | {' | '.join(cells)} |")
    return "\n".join(lines)


def rate(successes: Sequence[int], part: tuple[float, float]) -> float:
    """The success rate in a part of the run."""
    chosen = successes[round(part[0] * len(successes)) : round(part[1] * len(successes))]
    return sum(chosen) / len(chosen)


Interval = tuple[float, float]
"""A mean and how far its interval reaches on either side."""


def interval(values: Sequence[float]) -> Interval:
    """The mean over seeds, with its 95% interval."""
    if len(values) < 2:
        return values[0], math.nan
    return statistics.fmean(values), t95(len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))


def above(seeds: Sequence[Successes], other: str, part: tuple[float, float]) -> Interval:
    """By how much ALMA's success rate exceeds another memory's."""
    return interval([rate(seed["ALMA"], part) - rate(seed[other], part) for seed in seeds])


def gap_closed(seeds: Sequence[Successes], name: str, best: str, part: tuple[float, float]) -> Interval:
    """The share of the way from no memory to `best`: a ratio of means, its interval by leaving out one seed each.

    (The jackknife, Quenouille 1956, Tukey 1958.)
    """

    def ratio(chosen: Sequence[Successes]) -> float:
        bottom, reached, top = (
            statistics.fmean(rate(seed[which], part) for seed in chosen) for which in (NAMES[0], name, best)
        )
        return (reached - bottom) / (top - bottom)

    if len(seeds) < 2:
        return ratio(seeds), math.nan
    left_out = [ratio([*seeds[:number], *seeds[number + 1 :]]) for number in range(len(seeds))]
    centre = statistics.fmean(left_out)
    variance = (len(seeds) - 1) / len(seeds) * sum((value - centre) ** 2 for value in left_out)
    return ratio(seeds), t95(len(seeds) - 1) * math.sqrt(variance)


def t95(freedom: int) -> float:
    """The two-sided 95% quantile of Student's t, by its expansion from the normal one (Abramowitz, Stegun 26.7.5)."""
    z = 1.959964
    terms = (z, (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96, (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384)
    return sum(term / freedom**power for power, term in enumerate(terms))


def percent(measured: Interval) -> str:
    """As a table shows it."""
    return f"{measured[0] * 100:.1f} ± {measured[1] * 100:.1f}"


def plot(results: Results, path: str) -> None:
    """Success over episodes, each point the latest fifty, with 95% intervals over seeds."""
    import matplotlib as mpl
    import numpy as np

    mpl.use("Agg")
    mpl.rcParams |= {"svg.hashsalt": "alma", "svg.fonttype": "none"}  # the same figures make the same, small file
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(results), figsize=(10, 3.8), sharey=True, layout="constrained")
    for axis, (world, seeds) in zip(np.atleast_1d(axes), results.items(), strict=True):
        for name, colour in _COLOURS.items():
            smoothed = np.array([np.convolve(seed[name], np.ones(_SMOOTHED) / _SMOOTHED, "valid") for seed in seeds])
            smoothed = smoothed[:, ::_DRAWN_EVERY]
            mean = smoothed.mean(0)
            reach = t95(max(1, len(seeds) - 1)) * smoothed.std(0, ddof=1) / math.sqrt(len(seeds))
            episodes = _SMOOTHED + _DRAWN_EVERY * np.arange(len(mean))
            axis.plot(episodes, mean, color=colour, label=name, linewidth=2 if name == "ALMA" else 1.2)
            axis.fill_between(episodes, mean - reach, mean + reach, color=colour, alpha=0.12, linewidth=0)
        axis.set_title(_SHOWN[world][0], fontsize="medium")
        axis.set_xlabel("episode")
        axis.grid(alpha=0.3)
    np.atleast_1d(axes)[0].set_ylabel(f"success rate of the last {_SMOOTHED}")
    np.atleast_1d(axes)[0].legend(loc="lower right", fontsize="small", ncols=2)
    figure.savefig(path, metadata={"Date": None} if path.endswith(".svg") else None)


if __name__ == "__main__":
    main()
