"""What a retrieve costs against a bare scan: in one process, with many memories, and as a cold process.

    python -m tests.benchmarks.retrieval_speed [--sizes 10000 100000] [--agents 1] [--runs 15] [--cold]

For each size a store of made-up outcomes (see scale_store.py) of so many agents. In turn, so that all meet the same
noise: `ALMA.retrieve` of one agent, whole (it opens the store itself); the bare scan, `array_cosine_similarity` over the
agent's memories and the best ten by it, on a connection opened just before (only the statement is timed); the same scan
again on that connection, warm; and embedding the task. With --cold, `alma retrieve` as a process and the `retrieval_ms`
that it gives, against `python -c pass`. Quoted are medians, and the medians of the ratios of each run.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from alma_cli.api import ALMA
from alma_cli.config import load_config
from alma_cli.embedding import DEFAULT_MODEL
from alma_cli.project import make_project
from alma_cli.store.database.values import vector_text
from tests.benchmarks import scale_store
from tests.benchmarks.processes import COMMAND, compile_modules

BARE = """
SELECT id, array_cosine_similarity(embedding, ?::VARCHAR::FLOAT[384]) AS cosine
FROM memories WHERE agent = 'a0' AND embedding_model = ? ORDER BY cosine DESC LIMIT 10
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--agents", type=int, default=1)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--folder", type=Path, help="keep the stores here, and use those that are there")
    options = parser.parse_args()
    for size in options.sizes:
        with tempfile.TemporaryDirectory(prefix="alma-bench-") as temporary:
            root = (options.folder or Path(temporary)) / f"{size}-{options.agents}"
            alma = store_of(root, size, options.agents)
            print(f"\n{size:,} memories of {options.agents} agent(s), {options.runs} runs")
            in_process(alma, options.runs)
            if options.cold:
                cold(root, options.runs)


def store_of(root: Path, size: int, agents: int) -> ALMA:
    is_there = (root / ".alma/memory.duckdb").exists()
    root.mkdir(parents=True, exist_ok=True)
    project = make_project(root, "alma:\n  project_id: scale\n")
    if not is_there:
        started = time.perf_counter()
        scale_store.filled(project.home, size, agents=agents, model=DEFAULT_MODEL)
        print(f"made in {time.perf_counter() - started:.0f} s")
    return ALMA(project, load_config(project.config_path))


def in_process(alma: ALMA, runs: int) -> None:
    rng = random.Random(3)
    session = alma._session
    taken: dict[str, list[float]] = {name: [] for name in ("retrieve", "bare", "bare, warm", "embed")}
    for number in range(runs + 1):
        task = scale_store.task(rng)
        vector: list = []
        embed = timed(lambda task=task, vector=vector: vector.append(session.vectors([task])[0]))
        retrieve = timed(lambda task=task: alma.retrieve(task, "a0"))
        with session.store().reading() as reader:
            bare, warm = (
                timed(lambda reader=reader, vector=vector: reader._rows(BARE, [vector_text(vector[0]), DEFAULT_MODEL]))
                for _ in range(2)
            )
        if number:  # the first loads and imports
            for name, seconds in zip(taken, (retrieve, bare, warm, embed), strict=True):
                taken[name].append(seconds)
    print("medians, ms:", ", ".join(f"{name} {statistics.median(times) * 1000:.1f}" for name, times in taken.items()))
    for name in ("bare", "bare, warm"):
        ratio = statistics.median(
            retrieve / (bare + embed)
            for retrieve, bare, embed in zip(taken["retrieve"], taken[name], taken["embed"], strict=True)
        )
        print(f"retrieve is {ratio:.2f}x ({name} + embed)")


def cold(root: Path, runs: int) -> None:
    compile_modules()
    rng = random.Random(4)
    ratios, inside = [], []
    for number in range(runs + 1):
        answer: list[bytes] = []
        bare = timed(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
        command = [COMMAND, "retrieve", "--agent", "a0", "--json", "--dir", root, scale_store.task(rng)]
        whole = timed(
            lambda command=command, answer=answer: answer.append(
                subprocess.run(command, check=True, capture_output=True).stdout
            )
        )
        if number:
            ratios.append(whole / bare)
            inside.append(json.loads(answer[0])["data"]["retrieval_ms"])
    print(f"cold process: {statistics.median(ratios):.1f}x `python -c pass`")
    p95 = statistics.quantiles(inside, n=20)[-1]
    print(f"its retrieval_ms: median {statistics.median(inside):.0f}, p95 {p95:.0f}")


def timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
