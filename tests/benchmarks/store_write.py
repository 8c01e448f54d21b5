"""What one write costs in a small and in a large store, and what a read does: ratios, medians of interleaved runs.

    python -m tests.benchmarks.store_write [--runs 60] [--small 1000] [--large 100000]

The embedding of texts is left out: vectors are random, and keys are given. Mean times hold the checkpoints, which come every few writes.
"""

import argparse
import array
import os
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from alma_cli.core.learning.derive import LearningRules
from alma_cli.core.records import RETRIEVED_KINDS, Outcome
from alma_cli.core.scopes.visibility import View
from alma_cli.core.words import query_terms
from alma_cli.store import Entry, Insert, ProjectRules, Search, open_store

DIMENSION = 384
MODEL = "random"
RULES = LearningRules(min_occurrences=3, half_life_days=180.0, z=1.28, anti_pattern_below=0.5)
LEARNING = ProjectRules(project_id="p", rules_of=lambda agent: RULES)
KEYS = 300
NOW = datetime.now(UTC)
WORDS = [f"word{number}" for number in range(3000)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--small", type=int, default=1000)
    parser.add_argument("--large", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="alma-bench-") as folder:
        stores = {size: filled(Path(folder, str(size)), size) for size in (options.small, options.large)}
        print("bulk insert, ms a row:", *(f"{size:,}: {ms:.2f}" for size, (_, ms) in stores.items()))
        compare("write of one outcome", {size: store for size, (store, _) in stores.items()}, write, options.runs)
        compare("open to read", {size: store for size, (store, _) in stores.items()}, open_only, options.runs)
        compare("search", {size: store for size, (store, _) in stores.items()}, search, options.runs // 3)


def compare(what, stores, act, runs):
    wall, cpu = ({size: [] for size in stores} for _ in range(2))
    for _ in range(runs):
        for size, store in stores.items():
            started, started_cpu = time.perf_counter(), time.process_time()
            act(store)
            wall[size].append((time.perf_counter() - started) * 1000)
            cpu[size].append((time.process_time() - started_cpu) * 1000)
    small, large = stores
    for kind, took in (("wall", wall), ("CPU", cpu)):
        medians = {size: statistics.median(times) for size, times in took.items()}
        means = {size: statistics.fmean(times) for size, times in took.items()}
        print(
            f"{what}, {kind} ms: {small:,}: {medians[small]:.1f} (mean {means[small]:.1f}), "
            f"{large:,}: {medians[large]:.1f} (mean {means[large]:.1f}); ratio {medians[large] / medians[small]:.2f} "
            f"(of means {means[large] / means[small]:.2f})"
        )


def write(store):
    receipt = store.submit([insert([outcome()])])
    assert not receipt.queued, receipt.reason


def open_only(store):
    with store.reading():
        pass


def search(store):
    task = " ".join(random.choices(WORDS, k=8))
    wanted = Search(
        vector=vector(), model=MODEL, terms=query_terms(task), identifiers=[], views=(View(agent="a"),),
        kinds=RETRIEVED_KINDS, user_id="", now=NOW, per_signal=200,
    )  # fmt: skip
    with store.reading() as reader:
        assert reader.search(wanted).total


def filled(folder, size):
    """A store with so many outcomes, and what each cost in milliseconds."""
    folder.mkdir()
    store = open_store(folder, dimension=DIMENSION, wait_s=10, rules=LEARNING)
    started = time.perf_counter()
    for start in range(0, size, 1000):
        store.submit([insert([outcome() for _ in range(min(1000, size - start))])])
    return store, (time.perf_counter() - started) * 1000 / size


def insert(records):
    entries = tuple(Entry(record=record, vector=vector(), model=MODEL) for record in records)
    return Insert(op_id=os.urandom(16).hex(), at=datetime.now(UTC), by="benchmark", entries=entries)


def outcome():
    now = datetime.now(UTC)
    return Outcome(
        id=os.urandom(16).hex(), project_id="p", agent="a", domain="general", origin="observed", created_at=now,
        updated_at=now, at=now, task=" ".join(random.choices(WORDS, k=10)), outcome="success",
        strategy=" ".join(random.choices(WORDS, k=15)), task_key=f"task{random.randrange(KEYS)}",
        strategy_key=f"strategy{random.randrange(5)}",
    )  # fmt: skip


def vector():
    numbers = [random.gauss(0, 1) for _ in range(DIMENSION)]
    length = sum(number * number for number in numbers) ** 0.5
    return array.array("f", [number / length for number in numbers])


if __name__ == "__main__":
    main()
