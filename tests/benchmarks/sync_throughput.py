"""How fast memories get from one machine to another through Cosmos DB, against the bare SDK with the same documents.

    python -m tests.benchmarks.sync_throughput [--memories N] [--rounds N]

In each round, ALMA pushes from a full store and pulls into an empty one, and the SDK writes the same documents in
batches of 100, from as many threads as ALMA, and reads them from the change feed; each in a process of its own, against
the test server in another.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from array import array
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from alma_cli.api import ALMA
from tests.cosmos_server import KEY, cosmos_process

ROOT = Path(__file__).resolve().parents[2]
CONFIG = "alma:\n  project_id: shop\n  storage: azure\n  azure: {{endpoint: '{endpoint}', auth: key}}\n"
WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"]


class RandomVectors:
    """Unit vectors with as many digits as a model's; what they mean doesn't matter here."""

    model_id = "sentence-transformers/all-MiniLM-L6-v2"
    dimension = 384

    def embed(self, texts, *, on_progress=None):
        found = np.random.default_rng(0).normal(size=(len(texts), self.dimension))
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        return [array("f", row) for row in found]


def opened(home):
    """The memory in this folder."""
    alma = ALMA.find(directory=home)
    alma._session._embedder = RandomVectors()
    return alma


def filled(home, count):
    """A store with so many facts of three agents."""
    chance = random.Random(0)
    records = [
        {
            "kind": "knowledge",
            "id": f"{chance.getrandbits(128):032x}",
            "agent": ("helena", "victor", "nora")[number % 3],
            "domain": "general",
            "fact": " ".join(chance.choices(WORDS, k=20)),
        }
        for number in range(count)
    ]
    opened(home).import_(list(enumerate(records, start=1)))


def sync(home):
    """One sync of the store in this folder, as the command does it."""
    from alma_cli.__main__ import collect_rarely
    from tests.remote.replica import synced

    collect_rarely()
    alma = opened(home)
    report = synced(alma, patience_s=60.0)
    return report.pushed + report.pulled


def bare_write(endpoint, container, path):
    """Write the documents of a file, in batches of 100, from as many threads as ALMA. Reading the file doesn't count."""
    with open(path, encoding="utf-8") as lines:
        documents = [json.loads(line) for line in lines]
    begun = time.monotonic()
    from azure.cosmos import CosmosClient

    from alma_cli.remote.cosmos.writes import THREADS

    with CosmosClient(endpoint, KEY) as client:
        target = client.get_database_client("alma").get_container_client(container)
        by_agent = {}
        for document in documents:
            by_agent.setdefault(document["agent"], []).append(document)
        batches = [own[at : at + 100] for own in by_agent.values() for at in range(0, len(own), 100)]

        def write(batch):
            target.execute_item_batch([("create", (document,)) for document in batch], ["shop", batch[0]["agent"]])

        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(write, batches))
    return len(documents), time.monotonic() - begun


def bare_read(endpoint, container):
    """Read them all from the change feed."""
    from azure.cosmos import CosmosClient

    with CosmosClient(endpoint, KEY) as client:
        target = client.get_database_client("alma").get_container_client(container)
        project = target.feed_range_from_partition_key(["shop"])
        feed = target.query_items_change_feed(feed_range=project, start_time="Beginning", max_item_count=200)
        return sum(1 for _ in feed)


def worker(words):
    """What the child processes do; prints documents, seconds and megabytes."""
    task, *arguments = words
    begun = time.monotonic()
    seconds = None
    if task == "sync":
        done = sync(*arguments)
    elif task == "bare_write":
        done, seconds = bare_write(*arguments)
    else:
        done = bare_read(*arguments)
    seconds = time.monotonic() - begun if seconds is None else seconds
    print(json.dumps([done, seconds, most_megabytes()]))


def most_megabytes():
    """The most memory this process has had. (`getrusage` counts what the one that started it had, too.)"""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def child(*words):
    environ = {**os.environ, "ALMA_COSMOS_KEY": KEY, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    printed = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.sync_throughput", "--worker", *map(str, words)],
        env=environ,
        capture_output=True,
    )
    if printed.returncode:
        raise SystemExit(printed.stderr.decode())
    return json.loads(printed.stdout)


def one_round(folder, count):
    """The seconds of each, and the memory of the syncs."""
    from alma_cli.config import Azure
    from alma_cli.remote.cosmos.container import make_container

    with cosmos_process() as server:
        for container in ("memories", "bare"):
            azure = Azure(endpoint=server.endpoint, auth="key", container=container)
            make_container(azure, dimensions=384, patience_s=10)
        source, empty = folder / "source", folder / "empty"
        for home in (source, empty):
            shutil.rmtree(home, ignore_errors=True)
            (home / ".alma").mkdir(parents=True)
            (home / ".alma/config.yaml").write_text(CONFIG.format(endpoint=server.endpoint))
        filled(source, count)
        pushed, push_s, push_mb = child("sync", source)
        documents = [one for one in server.items("alma", "memories") if one["id"] != "_meta"]
        path = folder / "documents"
        path.write_text("\n".join(json.dumps({k: v for k, v in one.items() if k[0] != "_"}) for one in documents))
        wrote, write_s, _ = child("bare_write", server.endpoint, "bare", path)
        pulled, pull_s, pull_mb = child("sync", empty)
        read, read_s, _ = child("bare_read", server.endpoint, "bare")
    assert pushed == wrote == pulled == read == count, (pushed, wrote, pulled, read)
    return {"push": push_s, "pull": pull_s, "write": write_s, "read": read_s, "push_mb": push_mb, "pull_mb": pull_mb}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memories", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    os.environ["ALMA_COSMOS_KEY"] = KEY
    with tempfile.TemporaryDirectory() as folder:
        small = one_round(Path(folder), given.memories // 10)
        rounds = []
        for number in range(given.rounds):
            rounds.append(one_round(Path(folder), given.memories))
            print(
                f"round {number + 1}: " + ", ".join(f"{name} {value:.1f}" for name, value in rounds[-1].items()),
                flush=True,
            )
    for ours, bare in (("push", "write"), ("pull", "read")):
        ratios = [one[bare] / one[ours] for one in rounds]
        print(
            f"{ours}: {statistics.median(ratios):.2f} of the bare SDK's throughput ({min(ratios):.2f} to {max(ratios):.2f})"
        )
    both = [(one["write"] + one["read"]) / (one["push"] + one["pull"]) for one in rounds]
    rate = statistics.median([given.memories / (one["push"] + one["pull"]) for one in rounds])
    print(
        f"both: {statistics.median(both):.2f} of the bare SDK's throughput ({min(both):.2f} to {max(both):.2f}), {rate:,.0f} memories/s"
    )
    for name in ("push_mb", "pull_mb"):
        print(
            f"{name[:4]}: {statistics.median(one[name] for one in rounds):.0f} MB at most, {small[name]:.0f} MB for a tenth of it"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(sys.argv[2:])
    else:
        main()
