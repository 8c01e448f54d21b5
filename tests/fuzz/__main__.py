"""Give every door (or those that are named) odd inputs: `python -m tests.fuzz [--number N] [--seed SEED] [DOOR ...]`.

With `--first` it begins at a later input, as to see a fault again. It ends with 1 if a claim doesn't hold.
"""

import argparse
import sys

from tests.fuzz import DOORS
from tests.fuzz.doors import fuzz


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("doors", nargs="*", choices=[*DOORS, []], metavar="DOOR", help=", ".join(DOORS))
    parser.add_argument("--number", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--most-faults", type=int, default=20)
    given = parser.parse_args()
    faults = []
    for door in given.doors or DOORS:
        faults += fuzz(
            DOORS[door], number=given.number, seed=given.seed, first=given.first,
            most_faults=given.most_faults, tell=lambda line: print(line, flush=True),
        )  # fmt: skip
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
