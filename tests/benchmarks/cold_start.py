"""What a command costs as a whole process, in a fresh shell: the ratio to a Python that does nothing.

    python -m tests.benchmarks.cold_start [--runs 11] [--memories 1000]

Each command is run in turn with `python -c pass`, so that both meet the same noise; quoted are medians, and the median
of the pairs' ratios. User and system time of the process are printed too: they suffer less from a busy machine.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.processes import COMMAND, compile_modules
from tests.benchmarks.vocabulary import MORE_WORDS

GOALS = {
    "a key (Tab)": 8,
    "alma --help": 18,
    "alma retrieve": 35,
    "alma search": 35,
    "alma status": 35,
    "alma learn": 35,
}


class Run(NamedTuple):
    wall_s: float
    cpu_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--memories", type=int, default=1000)
    options = parser.parse_args()
    compile_modules()
    with tempfile.TemporaryDirectory(prefix="alma-bench-") as folder:
        environment = {**os.environ, "HOME": folder, "ALMA_DIR": folder}
        prepare(folder, options.memories, environment)
        commands = {
            "a key (Tab)": [str(COMMAND), "completion", "--values", "ids", "a"],
            "alma --help": [str(COMMAND), "--help"],
            "alma retrieve": [str(COMMAND), "retrieve", "check that the login form rejects bad input", "--agent", "a"],
            "alma search": [str(COMMAND), "search", "login form rejects bad input"],
            "alma status": [str(COMMAND), "status"],
            "alma learn": [
                *(str(COMMAND), "learn", "--agent", "a", "--task", "Test the login form"),
                *("--outcome", "success", "--strategy", "Tried empty fields first"),
            ],
        }
        print(f"{options.memories:,} memories, {options.runs} runs each, interleaved with `python -c pass`")
        print(f"{'command':<16} {'wall ms':>8} {'cpu ms':>8} {'wall ratio':>11} {'cpu ratio':>10} {'limit':>6}")
        for name, command in commands.items():
            pairs = [
                (run([sys.executable, "-c", "pass"], environment), run(command, environment))
                for _ in range(options.runs + 1)
            ][1:]
            wall = statistics.median(alma.wall_s for _, alma in pairs) * 1000
            cpu = statistics.median(alma.cpu_s for _, alma in pairs) * 1000
            wall_ratio = statistics.median(alma.wall_s / bare.wall_s for bare, alma in pairs)
            cpu_ratio = statistics.median(alma.cpu_s / bare.cpu_s for bare, alma in pairs)
            print(f"{name:<16} {wall:8.0f} {cpu:8.0f} {wall_ratio:10.1f}x {cpu_ratio:9.1f}x {GOALS[name]:5}x")


def prepare(folder: str, memories: int, environment: dict[str, str], command: Path = COMMAND) -> None:
    """A project in this folder with so many outcomes more, of one agent."""
    rng = random.Random(7)
    subprocess.run([command, "init"], env=environment, check=True, capture_output=True)
    lines = (
        json.dumps(
            {
                "agent": "a",
                "task": " ".join(rng.sample(MORE_WORDS, 6)),
                "outcome": rng.choice(["success", "failure", "partial"]),
                "strategy": " ".join(rng.sample(MORE_WORDS, 8)),
            }
        )
        for _ in range(memories)
    )
    batch = "\n".join(lines).encode()
    subprocess.run([command, "learn", "--batch", "-"], input=batch, env=environment, check=True, capture_output=True)


def run(command: list[str], environment: dict[str, str]) -> Run:
    """One process, timed from outside."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    return Run(wall_s, usage.ru_utime + usage.ru_stime)


if __name__ == "__main__":
    main()
