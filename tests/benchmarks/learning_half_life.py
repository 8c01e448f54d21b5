"""How fast evidence should age: learners that know for certain which outcomes belong together, in the benchmark's world.

    python -m tests.benchmarks.learning_half_life [--seeds 200]

Nothing is embedded or stored, so many seeds take a minute. Each learner takes the strategy with the best mean, with a
uniform prior; an outcome counts half as much when it is a half-life older than the strategy's newest, as in ALMA. Quoted
is the percentage of the gap to the oracle that is closed in the second half, with 95% intervals.
"""

import argparse
import math

from tests.benchmarks.learning import EPISODES, NAMES, WORLDS, gap_closed, lived, percent
from tests.benchmarks.learning_memories import NoMemory, Oracle, PerfectGrouping
from tests.benchmarks.learning_world import drawn_episodes

HALF_LIVES_DAYS = (15, 30, 60, 90, 180, math.inf)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200)
    options = parser.parse_args()
    heads = ["none" if math.isinf(days) else str(days) for days in HALF_LIVES_DAYS]
    print(f"| half-life, days | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 1)}")
    for world in WORLDS:
        cells = []
        for days in HALF_LIVES_DAYS:
            seeds = []
            for seed in range(options.seeds):
                episodes = drawn_episodes(seed, EPISODES, drifts=world == "drift")
                learners = {NAMES[0]: NoMemory(), "counts": PerfectGrouping(half_life_days=days), NAMES[-1]: Oracle()}
                seeds.append({name: lived(memory, episodes) for name, memory in learners.items()})
            cells.append(percent(gap_closed(seeds, "counts", NAMES[-1], (0.5, 1.0))))
        print(f"| {world} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
