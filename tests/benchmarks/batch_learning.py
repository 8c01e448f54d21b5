"""How much of the embedder's own throughput `learn --batch` keeps: texts embedded a second, alone and while learning.

    python tests/benchmarks/batch_learning.py [--outcomes 10000] [--rounds 4]

Short made-up outcomes (a task of six words, a strategy of eight) are embedded alone, then learned as a batch with
everything that belongs to it: keys, derivation, the journal, the store. Both are done in turn, in as many rounds as
given, so that both meet the same noise. A text that stands twice in a portion is embedded once, in both.
"""

import argparse
import random
import statistics
import tempfile
import time

from vocabulary import MORE_WORDS

from alma_cli.ahead import TOGETHER
from alma_cli.api import ALMA
from alma_cli.config import load_config
from alma_cli.core.reports import Report
from alma_cli.embedding import open_embedder
from alma_cli.project import make_project


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outcomes", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    rng = random.Random(5)
    embedder = open_embedder()
    embedder.embed([" ".join(MORE_WORDS)] * 300)  # loads what is used for many
    alone, learning = [], []
    with tempfile.TemporaryDirectory(prefix="alma-bench-") as folder:
        project = make_project(folder, "alma:\n  project_id: batch\n")
        alma = ALMA(project, load_config(project.config_path))
        alma._session._embedder = embedder
        for _ in range(options.rounds):
            reports = [report(rng) for _ in range(options.outcomes // options.rounds)]
            started = time.perf_counter()
            for start in range(0, len(reports), TOGETHER):
                part = reports[start : start + TOGETHER]
                embedder.embed(list(dict.fromkeys(text for one in part for text in (one.task, one.strategy))))
            alone.append(time.perf_counter() - started)
            started = time.perf_counter()
            done = alma.learn_batch(enumerate(reports))
            learning.append(time.perf_counter() - started)
            assert done.learned == len(reports), done
    texts = 2 * options.outcomes / options.rounds
    print(f"{options.outcomes:,} outcomes in {options.rounds} rounds, {2 * options.outcomes:,} texts")
    print(f"embedder alone: {texts / statistics.median(alone):.0f} texts/s")
    print(f"learn --batch:  {texts / statistics.median(learning):.0f} texts/s")
    kept = [a / b for a, b in zip(alone, learning, strict=True)]
    print(f"kept: {statistics.median(kept):.0%} (by round: {', '.join(f'{share:.0%}' for share in kept)})")


def report(rng: random.Random) -> Report:
    return Report(
        agent="a",
        task=" ".join(rng.sample(MORE_WORDS, 6)),
        outcome=rng.choice(["success", "failure", "partial"]),
        strategy=" ".join(rng.sample(MORE_WORDS, 8)),
    )


if __name__ == "__main__":
    main()
