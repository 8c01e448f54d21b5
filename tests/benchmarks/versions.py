"""What a command costs in this version against another one, interleaved in one run.

    python -m tests.benchmarks.versions BEFORE [--runs 21] [--memories 1000] [--staying 10000]

BEFORE is the Python of an environment where the other version is installed (`git worktree add /tmp/before COMMIT`, then
`python -m venv` and `pip install` there). Each has a project of its own with the same outcomes, made by itself. Cold: whole
processes, in turn with `python -c pass`; each learn has texts of its own, the same for both, since the keys of texts that
are known aren't looked for. Staying: `ALMA.retrieve` in one process of each version, which take turns. Quoted
are medians of wall and processor time, and the median of each turn's ratio of this version to the other.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.cold_start import Run, prepare, run
from tests.benchmarks.processes import compile_modules
from tests.benchmarks.vocabulary import MORE_WORDS

STAYING = """
import json, sys, time
from alma_cli import ALMA
alma = ALMA.find()
for line in sys.stdin:
    wall, cpu = time.perf_counter(), time.process_time()
    alma.retrieve(task=json.loads(line), agent="a")
    print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]), flush=True)
"""
NEW = "(new words)"
COMMANDS = {
    "alma --help": ["--help"],
    "alma retrieve": ["retrieve", "check that the login form rejects bad input", "--agent", "a"],
    "alma learn": [
        *("learn", "--agent", "a", "--task", f"{NEW} by the login form"),
        *("--outcome", "success", "--strategy", f"Tried {NEW} first"),
    ],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--memories", type=int, default=1_000)
    parser.add_argument("--staying", type=int, default=10_000)
    options = parser.parse_args()
    pythons = [options.before.absolute(), Path(sys.executable)]
    for python in pythons:
        compile_modules(python)
    rng = random.Random(11)
    with tempfile.TemporaryDirectory(prefix="alma-bench-") as folder:
        places = [environment(folder, name) for name in ("before", "now")]
        for python, place in zip(pythons, places, strict=True):
            prepare(place["ALMA_DIR"], options.memories, place, python.with_name("alma"))
        print(f"{options.memories:,} memories, {options.runs} runs of each, interleaved: before, now")
        print(f"{'command':<24}{'wall ms':>14}{'ratio':>8}{'cpu ms':>14}{'ratio':>8}{'of bare Python':>18}")
        for name, arguments in COMMANDS.items():
            turns = []
            for _ in range(options.runs + 1):
                words = " ".join(rng.sample(MORE_WORDS, 6))
                said = [argument.replace(NEW, words) for argument in arguments]
                commands = [[str(python.with_name("alma")), *said] for python in pythons]
                turns.append([run([sys.executable, "-c", "pass"], places[1]), *map(run, commands, places)])
            turns = turns[1:]
            report(name, [turn[1:] for turn in turns], bare=[turn[0] for turn in turns])
        for python, place in zip(pythons, places, strict=True):
            prepare(place["ALMA_DIR"], options.staying - options.memories, place, python.with_name("alma"))
        report(f"staying, at {options.staying:,}", staying(pythons, places, options.runs))


def environment(folder: str, name: str) -> dict[str, str]:
    """What a version runs in: a project and a HOME of its own."""
    place = Path(folder, name)
    place.mkdir()
    return {**os.environ, "HOME": str(place), "ALMA_DIR": str(place), "PYTHONPATH": ""}


def staying(pythons: list[Path], places: list[dict[str, str]], runs: int) -> list[list[Run]]:
    """What retrieves take in a process that stays, of each version in turn; the first ones don't count."""
    rng = random.Random(5)
    processes = [
        subprocess.Popen(
            [python, "-P", "-c", STAYING], env=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for python, place in zip(pythons, places, strict=True)
    ]
    turns = []
    for _ in range(3 * runs + 3):
        task = json.dumps(" ".join(rng.sample(MORE_WORDS, 6)))
        turns.append([asked(process, task) for process in processes])
    for process in processes:
        process.communicate()
    return turns[3:]


def asked(process: subprocess.Popen[str], task: str) -> Run:
    """What one retrieve took."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(task + "\n")
    process.stdin.flush()
    return Run(*json.loads(process.stdout.readline()))


def report(name: str, turns: list[list[Run]], bare: list[Run] | None = None) -> None:
    """One line: the medians before and now, and their ratios."""
    parts = []
    for field in ("wall_s", "cpu_s"):
        before, now = ([getattr(turn[place], field) for turn in turns] for place in (0, 1))
        ratio = statistics.median(map(lambda b, n: n / b, before, now))
        parts.append(f"{statistics.median(before) * 1000:7.0f}{statistics.median(now) * 1000:7.0f}{ratio:8.2f}")
    of_bare = ""
    if bare:
        ratios = (
            statistics.median(turn[place].wall_s / one.wall_s for turn, one in zip(turns, bare, strict=True))
            for place in (0, 1)
        )
        of_bare = "{:8.1f}x {:7.1f}x".format(*ratios)
    print(f"{name:<24}{''.join(parts)}{of_bare:>18}", flush=True)


if __name__ == "__main__":
    main()
