"""How much `retrieve --remote` and `retrieve` agree: the overlap of their best five of a kind, over many tasks.

    python tests/benchmarks/remote_overlap.py [--memories 5000] [--tasks 100] [--words]

The memories are facts and outcomes of three agents in made-up sentences, embedded by the bundled model (with --words by
hashed words, which is quicker). The remote gives the nearest 200 and the 200 with most of the task's words.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/remote"), str(ROOT)]

from cosmos_server import KEY, cosmos_process  # noqa: E402
from replica import HashedWords, synced  # noqa: E402

from alma_cli.api import ALMA  # noqa: E402
from alma_cli.config import Azure  # noqa: E402
from alma_cli.remote.cosmos.container import make_container  # noqa: E402

CONFIG = """\
alma:
  project_id: shop
  storage: azure
  azure: {{endpoint: '{endpoint}', auth: key}}
  agents: {{helena: {{inherit_from: [victor, nora]}}, victor: {{}}, nora: {{}}}}
"""
VERBS = ["check", "migrate", "test", "review", "speed up", "document", "repair", "deploy", "measure", "secure"]
THINGS = ["login form", "shopping cart", "search index", "payment API", "image upload", "message queue", "user table"]
THINGS += ["report export", "mobile menu", "session cache", "mail sender", "audit log", "price import", "map view"]
THINGS += ["access token", "build pipeline", "help page", "backup job", "chat window", "invoice printer"]
HOWS = ["with empty fields", "on a slow network", "after the release", "in the old browser", "without a database"]
HOWS += ["for many users", "with Turkish letters", "on Windows", "behind a proxy", "with an expired key", "at midnight"]
HOWS += ["in the container", "after a crash", "with two tabs open", "during the backup", "for a blocked account"]
HOWS += ["with large files", "in dark mode", "by keyboard only", "with a stale cache", "on one core", "for guests"]
HOWS += ["in a leap year", "with a screen reader", "over IPv6"]


def sentences(count, chance):
    every = [f"{verb} the {thing} {how}" for verb in VERBS for thing in THINGS for how in HOWS]
    return chance.sample(every, count)


def record(number, text, chance):
    base = {
        "id": f"{chance.getrandbits(128):032x}",
        "agent": ("helena", "victor", "nora")[number % 3],
        "domain": "general",
    }
    if number % 2:
        return {"kind": "knowledge", "fact": text, **base}
    return {"kind": "outcome", "task": text, "outcome": "success", "strategy": chance.choice(HOWS), **base}


def best(found):
    """The ids of the best five of each kind that was found."""
    kinds = (found.anti_patterns, found.heuristics, found.preferences, found.knowledge, found.outcomes)
    return {hit.id for hits in kinds for hit in hits[:5]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memories", type=int, default=5000)
    parser.add_argument("--tasks", type=int, default=100)
    parser.add_argument("--words", action="store_true")
    given = parser.parse_args()
    os.environ["ALMA_COSMOS_KEY"] = KEY
    chance = random.Random(5)
    with cosmos_process() as server, tempfile.TemporaryDirectory() as folder:
        make_container(Azure(endpoint=server.endpoint, auth="key"), dimensions=384, patience_s=10)
        (Path(folder) / ".alma").mkdir()
        (Path(folder) / ".alma/config.yaml").write_text(CONFIG.format(endpoint=server.endpoint))
        alma = ALMA.find(directory=folder)
        if given.words:
            alma._session._embedder = HashedWords()
        texts = sentences(given.memories, chance)
        alma.import_([(number, record(number, text, chance)) for number, text in enumerate(texts, start=1)])
        synced(alma, patience_s=60.0)
        overlaps = []
        for _ in range(given.tasks):
            task = f"{chance.choice(('how to', 'please', 'plan:'))} {chance.choice(sentences(1, chance))}"
            ours, theirs = (best(alma.retrieve(task, "helena", remote=remote)) for remote in (False, True))
            overlaps.append(len(ours & theirs) / len(ours) if ours else float(not theirs))
    print(
        f"{given.memories:,} memories, {given.tasks} tasks: overlap@5 {statistics.mean(overlaps):.3f} on average,"
        f" {min(overlaps):.2f} at least, the same for {sum(one == 1 for one in overlaps)} tasks"
    )


if __name__ == "__main__":
    main()
