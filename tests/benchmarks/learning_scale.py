"""What learning costs when much is stored: `learn` at 100,000 outcomes against 1,000, and deriving everything again.

    python -m tests.benchmarks.learning_scale [--outcomes 100000] [--runs 30] [--distinct]

The stores are filled through `Store.submit`, with made-up vectors around those of as many tasks as give fifty outcomes
each; with --distinct every outcome has a task of its own. Single learning is measured on both in turn, so that both
meet the same noise: in-process (one `Store.submit` of an outcome in new words, its vector given), the same of a known
task, by `ALMA.learn` (in new words; it embeds its texts and proposes what is known), and as a whole process (`alma
learn`, again and again the same words). Quoted are medians and the ratio of them.
"""

import argparse
import array
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from alma_cli.api import ALMA
from alma_cli.api.session import new_id
from alma_cli.config import load_config
from alma_cli.core.records import Outcome
from alma_cli.embedding import DEFAULT_MODEL
from alma_cli.project import make_project
from alma_cli.store import Entry, Insert
from tests.benchmarks.vocabulary import WORDS

CONFIG = "alma:\n  project_id: scale\n"
START = datetime(2025, 1, 1, tzinfo=UTC)
DIMENSION = 384
FEW = 1000
OUTCOMES_OF_A_TASK = 50
_TOGETHER = 1000


class World:
    """Made-up outcomes: tasks with four strategies each, at random places on the unit sphere."""

    def __init__(self, tasks: int, seed: int) -> None:
        self.tasks = tasks
        self._rng = random.Random(seed)
        self._numbers = np.random.default_rng(seed)
        self._centres = self._numbers.standard_normal((min(tasks, 20_000), DIMENSION)).astype("f4")

    def entry(self, number: int, *, keyed: bool) -> Entry:
        """The outcome with this number; with general words if it is `keyed`."""
        task, strategy = number % self.tasks, self._rng.randrange(4)
        at = START + timedelta(minutes=number)
        record = Outcome(
            id=new_id(),
            project_id="scale",
            agent="a",
            domain="general",
            origin="observed",
            created_at=at,
            updated_at=at,
            task=f"{self._words(4)} {task}",
            outcome=self._rng.choice(["success", "success", "failure"]),
            strategy=f"{self._words(5)} {strategy}",
            at=at,
            when=f"situation {task}" if keyed else "",
            do=f"approach {task % max(1, self.tasks // 4)} {strategy}" if keyed else "",
        )
        centre = self._centres[task % len(self._centres)]
        return Entry(record=record, vector=_near(centre, self._numbers), model=DEFAULT_MODEL)

    def _words(self, count: int) -> str:
        return " ".join(self._rng.sample(WORDS, count))


def _near(centre: np.ndarray, numbers: np.random.Generator) -> array.array:
    """A unit vector with a cosine of about .8 to the centre."""
    vector = centre + 0.75 * numbers.standard_normal(DIMENSION, dtype="f4")
    return array.array("f", (vector / np.linalg.norm(vector)).tobytes())


class Project:
    """A project with so many outcomes."""

    def __init__(self, folder: str, outcomes: int, *, distinct: bool) -> None:
        self.folder = folder
        project = make_project(folder, CONFIG)
        self.alma = ALMA(project, load_config(project.config_path))
        self.world = World(outcomes if distinct else max(1, outcomes // OUTCOMES_OF_A_TASK), seed=7)
        self.next = 0
        while self.next < outcomes:
            count = min(_TOGETHER, outcomes - self.next)
            self._submit([self.world.entry(self.next + n, keyed=True) for n in range(count)])
            self.next += count
            print(f"\r{self.next:,} of {outcomes:,} outcomes", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)

    def learn_in_process(self) -> None:
        """One outcome more, in new words of its own."""
        entry = self.world.entry(self.next, keyed=False)
        self.next += 1
        self._submit([entry])

    def learn_of_a_known_task(self) -> None:
        """One outcome more of a task that has fifty, so that its rules are derived again from them."""
        entry = self.world.entry(self.next, keyed=True)
        self.next += 1
        self._submit([entry])

    def learn_with_proposals(self) -> None:
        """One outcome more, in new words of its own, by the Python API: its texts are embedded, and those proposed."""
        record = self.world.entry(self.next, keyed=False).record
        assert isinstance(record, Outcome)
        self.next += 1
        learned = self.alma.learn(agent="a", task=record.task, outcome="success", strategy_used=record.strategy)
        assert not learned.queued, learned.warnings

    def learn_as_process(self) -> None:
        """One outcome more, by the command."""
        command = [sys.executable, "-m", "alma_cli", "learn", "--agent", "a", "--task", "Test the login form"]
        command += ["--outcome", "success", "--strategy", "Tried empty fields first"]
        environment = {**os.environ, "ALMA_DIR": self.folder, "HOME": self.folder}
        subprocess.run(command, env=environment, check=True, capture_output=True)

    def derive_all(self) -> tuple[float, int, int]:
        """Seconds, how many derived memories changed, and how many reports of progress there were."""
        reports: list[int] = []
        started = time.perf_counter()
        changed = self.alma.derive_all(on_progress=reports.append)
        return time.perf_counter() - started, changed, len(reports)

    def be_more_cautious(self) -> None:
        """Configure another z, so that every derived memory changes."""
        config = self.alma.config
        self.alma = ALMA(self.alma.project, replace(config, learning=replace(config.learning, z=1.64)))

    def _submit(self, entries: list[Entry]) -> None:
        session = self.alma._session
        receipt = session.submit([session.operation(Insert, entries=tuple(entries))])
        assert not receipt.queued, receipt.reason


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outcomes", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--distinct", action="store_true", help="every outcome has a task of its own")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="alma-scale-") as folder:
        started = time.perf_counter()
        few = Project(os.path.join(folder, "few"), FEW, distinct=options.distinct)
        many = Project(os.path.join(folder, "many"), options.outcomes, distinct=options.distinct)
        print(f"filled in {time.perf_counter() - started:.0f} s; {many.world.tasks:,} tasks in the large store")
        print(f"{'learn':<12} {FEW:>9,} {options.outcomes:>9,}   ratio   ({options.runs} runs each, in turn; ms)")
        ways: dict[str, Callable[[Project], None]] = {
            "in-process": Project.learn_in_process,
            "known task": Project.learn_of_a_known_task,
            "ALMA.learn": Project.learn_with_proposals,
            "alma learn": Project.learn_as_process,
        }
        for name, learn in ways.items():
            small, large = medians_ms(learn, few, many, options.runs)
            print(f"{name:<12} {small:9.0f} {large:9.0f}   {large / small:.2f}x")
        for what in ("when nothing changes", "when everything changes"):
            seconds, changed, reports = many.derive_all()
            print(f"deriving all again, {what}: {seconds:.1f} s, {changed:,} changed, {reports} reports of progress")
            many.be_more_cautious()


def medians_ms(learn: Callable[[Project], None], one: Project, other: Project, runs: int) -> tuple[float, float]:
    """The median milliseconds of both, run in turn, the first pair not counted."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs + 1):
        for project, times in zip((one, other), taken, strict=True):
            started = time.perf_counter()
            learn(project)
            times.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken[0][1:]), statistics.median(taken[1][1:])


if __name__ == "__main__":
    main()
