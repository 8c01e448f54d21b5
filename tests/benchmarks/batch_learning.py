"""How much of the embedder's own throughput `alma learn --batch` keeps: texts embedded a second, alone and while learning.

    python -m tests.benchmarks.batch_learning [--outcomes 10000] [--rounds 4]

Short made-up outcomes (a task of six words, a strategy of eight) are learned by the command, as a whole process into an
empty store, with everything that belongs to it: keys, derivation, the journal, the store. The same texts, of each outcome
its task and its strategy, are embedded by an embedder that is loaded already, half of them before and half after that,
so that both meet the same noise. A text that stands twice in a portion is embedded once, in both.
"""

import argparse
import json
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from alma_cli.embedding import Embedder, open_embedder
from alma_cli.pipeline import portions
from tests.benchmarks.processes import COMMAND, compile_modules
from tests.benchmarks.vocabulary import MORE_WORDS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outcomes", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    compile_modules()
    rng = random.Random(5)
    embedder = open_embedder()
    embedder.embed([" ".join(MORE_WORDS)] * 300)  # loads what is used for many
    alone, learning = [], []
    for _ in range(options.rounds):
        reports = [report(rng) for _ in range(options.outcomes)]
        half = len(reports) // 2
        before = embedding_s(embedder, reports[:half])
        learning.append(learning_s(reports))
        alone.append(before + embedding_s(embedder, reports[half:]))
    texts = 2 * options.outcomes
    print(f"{options.outcomes:,} outcomes with {texts:,} texts, {options.rounds} times")
    print(f"embedder alone:     {texts / statistics.median(alone):.0f} texts/s")
    print(f"alma learn --batch: {texts / statistics.median(learning):.0f} texts/s")
    kept = [a / b for a, b in zip(alone, learning, strict=True)]
    print(f"kept: {statistics.median(kept):.0%} (by round: {', '.join(f'{share:.0%}' for share in kept)})")


def report(rng: random.Random) -> dict[str, str]:
    return {
        "agent": "a",
        "task": " ".join(rng.sample(MORE_WORDS, 6)),
        "outcome": rng.choice(["success", "failure", "partial"]),
        "strategy": " ".join(rng.sample(MORE_WORDS, 8)),
    }


def embedding_s(embedder: Embedder, reports: Sequence[dict[str, str]]) -> float:
    started = time.perf_counter()
    for part in portions(reports):
        embedder.embed(list(dict.fromkeys(one[name] for one in part for name in ("task", "strategy"))))
    return time.perf_counter() - started


def learning_s(reports: Sequence[dict[str, str]]) -> float:
    with tempfile.TemporaryDirectory(prefix="alma-bench-") as folder:
        subprocess.run([COMMAND, "init"], cwd=folder, check=True, capture_output=True)
        given = Path(folder, "outcomes.ndjson")
        given.write_text("".join(json.dumps(one) + "\n" for one in reports), "utf-8")
        started = time.perf_counter()
        done = subprocess.run(
            [COMMAND, "learn", "--batch", given.name, "--json"], cwd=folder, check=True, capture_output=True
        )
        taken = time.perf_counter() - started
    assert json.loads(done.stdout)["data"]["learned"] == len(reports), done.stdout
    return taken


if __name__ == "__main__":
    main()
