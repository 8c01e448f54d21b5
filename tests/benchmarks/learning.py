"""Whether memory makes an agent better: success over 400 tasks with no memory, a plain vector memory, ALMA, an oracle.

    python tests/benchmarks/learning.py [--seeds 20] [--world both] [--plot FILE] [--json FILE]

The world and its lots are in learning_world.py, the memories and the agent that reads them in learning_memories.py.
ALMA is the real one, through its API, in a temporary project for each seed. One line more than was asked for says what
is possible: "perfect grouping" counts the same reports, knowing for certain what each is about. All explore alike. The
intervals are 95% over seeds (normal, of the mean).
"""

import argparse
import json
import math
import statistics
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path

from learning_memories import (
    AlmaMemory,
    CachingEmbedder,
    Memory,
    NoMemory,
    Oracle,
    PerfectGrouping,
    VectorMemory,
    stores_kept_open,
)
from learning_world import Episode, drawn_episodes

NAMES = ("no memory", "vector memory", "ALMA", "perfect grouping", "oracle")
WORLDS = ("stationary", "drift")
_Z95 = 1.96

Successes = dict[str, list[int]]
"""By the name of a memory, whether each episode succeeded."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0, help="100 and more are for trying things out")
    parser.add_argument("--episodes", type=int, default=400)
    parser.add_argument("--world", choices=(*WORLDS, "both"), default="both")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--plot", metavar="FILE", help="needs the extra `bench`")
    parser.add_argument("--json", metavar="FILE", help="keep every episode's success")
    options = parser.parse_args()
    worlds = WORLDS if options.world == "both" else (options.world,)
    started = time.perf_counter()
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    results = all_seeds(worlds, seeds, options.episodes, options.jobs)
    for world in worlds:
        print(f"\n{world}: seeds {seeds[0]} to {seeds[-1]}, {options.episodes} episodes\n")
        print(table(results[world], last_quarter=world == "drift"))
    print(f"\n{time.perf_counter() - started:.0f} s")
    if options.json:
        Path(options.json).write_text(json.dumps(results), "utf-8")
    if options.plot:
        plot(results, options.plot)


def all_seeds(worlds: Sequence[str], seeds: Sequence[int], episodes: int, jobs: int) -> dict[str, list[Successes]]:
    """For each world, what each seed gave."""
    results: dict[str, dict[int, Successes]] = {world: {} for world in worlds}
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        runs = {pool.submit(run, world, seed, episodes): (world, seed) for world in worlds for seed in seeds}
        for done, future in enumerate(as_completed(runs), start=1):
            world, seed = runs[future]
            results[world][seed] = future.result()
            print(f"\r{done} of {len(runs)} runs", end="\n" if done == len(runs) else "", flush=True)
    return {world: [results[world][seed] for seed in seeds] for world in worlds}


def run(world: str, seed: int, count: int) -> Successes:
    """How every memory fares with one seed."""
    episodes = drawn_episodes(seed, count, drifts=world == "drift")
    memories: list[Memory] = [
        NoMemory(),
        VectorMemory(embedder()),
        AlmaMemory(embedder()),
        PerfectGrouping(),
        Oracle(),
    ]
    with stores_kept_open():
        return {name: lived(memory, episodes) for name, memory in zip(NAMES, memories, strict=True)}


def lived(memory: Memory, episodes: Iterable[Episode]) -> list[int]:
    """Whether each episode succeeds for an agent with this memory."""
    successes = []
    for episode in episodes:
        strategy = memory.choice(episode) if episode.explored is None else episode.explored
        memory.learn(episode, strategy)
        successes.append(int(episode.succeeds(strategy)))
    return successes


@cache
def embedder() -> CachingEmbedder:
    """One for each process."""
    return CachingEmbedder()


def table(seeds: Sequence[Successes], *, last_quarter: bool) -> str:
    """Success rates by part of the run, and how much of the way from no memory to the oracle that is, in Markdown."""
    parts = {"all": (0.0, 1.0), "first half": (0.0, 0.5), "second half": (0.5, 1.0)}
    if last_quarter:
        parts["last quarter"] = (0.75, 1.0)
    lines = [
        f"| memory | {' | '.join(parts)} | of the gap, {list(parts)[-1]} | of the gap, all |",
        f"|---|{'---|' * (len(parts) + 2)}",
    ]
    for name in NAMES:
        cells = [percent(interval([rate(seed[name], part) for seed in seeds])) for part in parts.values()]
        cells += [percent(gap_closed(seeds, name, parts[part])) for part in (list(parts)[-1], "all")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    for other in NAMES[:2]:
        difference = [rate(seed["ALMA"], (0, 1)) - rate(seed[other], (0, 1)) for seed in seeds]
        lines.append(f"\nALMA is {percent(interval(difference))} points above {other}, over all episodes.")
        difference = [rate(seed["ALMA"], (0.5, 1)) - rate(seed[other], (0.5, 1)) for seed in seeds]
        lines.append(f"In the second half: {percent(interval(difference))}.")
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
    return statistics.fmean(values), _Z95 * statistics.stdev(values) / math.sqrt(len(values))


def gap_closed(seeds: Sequence[Successes], name: str, part: tuple[float, float]) -> Interval:
    """The share of the way from no memory to the oracle: a ratio of means, its interval by leaving out one seed each.

    (The jackknife, Quenouille 1956, Tukey 1958.)
    """

    def ratio(chosen: Sequence[Successes]) -> float:
        bottom, reached, top = (
            statistics.fmean(rate(seed[which], part) for seed in chosen) for which in (NAMES[0], name, NAMES[-1])
        )
        return (reached - bottom) / (top - bottom)

    if len(seeds) < 2:
        return ratio(seeds), math.nan
    left_out = [ratio([*seeds[:number], *seeds[number + 1 :]]) for number in range(len(seeds))]
    centre = statistics.fmean(left_out)
    variance = (len(seeds) - 1) / len(seeds) * sum((value - centre) ** 2 for value in left_out)
    return ratio(seeds), _Z95 * math.sqrt(variance)


def percent(measured: Interval) -> str:
    """As a table shows it."""
    return f"{measured[0] * 100:.1f} ± {measured[1] * 100:.1f}"


def plot(results: dict[str, list[Successes]], path: str) -> None:
    """Success over episodes, smoothed over the latest fifty, with intervals over seeds."""
    raise NotImplementedError


if __name__ == "__main__":
    main()
