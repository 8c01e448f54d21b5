"""Machines that edit at the same time, faults of every kind, kills at any moment: in the end all have the same.

    python -m tests.remote.convergence [--seeds N] [--first SEED] [--memories N] [--kills N]

prints a line for each seed, and fails with the first that doesn't converge.
"""

import argparse
import json
import multiprocessing
import os
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from alma_cli.config import Azure
from alma_cli.core.replication.documents import MARKER_ID
from alma_cli.remote.cosmos.container import make_container
from tests.cosmos_server import KEY, Fault, cosmos_thread
from tests.remote.replica import AGENTS, live, opened, read_ledger, synced

REPLICAS = 3
FAULTS = (
    *({"status": status, "chance": 0.02} for status in (408, 410, 429, 449, 500, 503)),
    *({"status": status, "substatus": 1002, "chance": 0.02} for status in (404, 410)),
    *({"kinds": ("batch",), "status": status, "inside": True, "chance": 0.05} for status in (429, 449, 503)),
    *({"drop": when, "chance": 0.04} for when in ("before", "after")),
    *({"stall": when, "chance": 0.05, "times": 1} for when in ("before", "after")),
)
CALM = {"page_cap": 1000, "skew_s": 0, "units_per_s": 0, "lag_s": 0, "gives_sessions": True}
_CONFIG = """\
alma:
  project_id: shop
  storage: azure
  azure: {endpoint: "%s", auth: key}
"""


def run(seed, folder, *, memories, kills):
    """One seed; what it saw. Raises AssertionError when the machines don't converge."""
    os.environ["ALMA_COSMOS_KEY"] = KEY
    chance = random.Random(seed)
    with cosmos_thread() as server:
        server.seed(seed)
        make_container(Azure(endpoint=server.endpoint, auth="key"), dimensions=384, patience_s=10)
        homes = [Path(folder) / f"replica{number}" for number in range(REPLICAS)]
        for home in homes:
            (home / ".alma").mkdir(parents=True)
            (home / ".alma" / "config.yaml").write_text(_CONFIG % server.endpoint, encoding="utf-8")
        killed = _live(server, homes, chance, memories=memories, kills=kills)
        met = server.quiet()
        server.set(**CALM)
        _settle(server, homes)
        seen = _check(server, homes)
    return {"seed": seed, "killed": killed, "faults": met, **seen}


def _live(server, homes, chance, *, memories, kills):
    """Let the machines work until each has made its share; how often one was killed."""
    share = -(-memories // len(homes))
    processes = {home: _started(home, chance, share) for home in homes}
    killed = 0
    while processes:
        _trouble(server, chance)
        home = chance.choice(list(processes))
        process = processes[home]
        process.join(chance.uniform(0.05, 1.5))
        if process.exitcode is not None:
            assert process.exitcode == 0, (home / "errors").read_text(encoding="utf-8")
            del processes[home]
        elif killed < kills:
            process.kill()
            process.join()
            killed += 1
            processes[home] = _started(home, chance, share)
    return killed


def _started(home, chance, share):
    """The machine as a process of its own, forked from one that has loaded everything already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["azure.cosmos", "duckdb", "numpy", "tests.remote.replica", "alma_cli.api.transfer"])
    process = context.Process(target=live, args=(str(home), str(chance.random()), share, KEY), daemon=True)
    process.start()
    return process


def _trouble(server, chance):
    """Other faults than before, perhaps a calm; other pages, another clock, fewer units, older reads, another range."""
    faults = FAULTS if chance.random() < 0.8 else ()
    server.change_faults(*[Fault(**{"times": None, "retry_after_ms": 5, **fault}) for fault in faults])
    server.set(page_cap=chance.choice((1, 7, 1000)), skew_s=chance.uniform(-100, 100))
    server.set(units_per_s=chance.choice((0, 400, 4000)), lag_s=chance.choice((0, 0.3, 2)))
    server.set(gives_sessions=chance.random() < 0.8)
    if chance.random() < 0.1:
        server.split("alma", "memories", ["shop", chance.choice(AGENTS)])


def _settle(server, homes):
    """A quiet last round: everything goes up, everything comes down, and then nothing is left to do."""
    memories = [opened(home) for home in homes]
    for _ in range(2):
        for alma in memories:
            report = synced(alma, patience_s=10.0)
            assert report.pending == 0, report
    server.counts()
    for alma in memories:
        report = synced(alma, patience_s=10.0)
        assert (0, 0, 0) == (report.pulled, report.pushed, report.derived_written), report
    wrote = {kind: count for kind, count in server.counts().items() if kind in ("batch", "query")}
    assert {} == wrote, wrote


def _check(server, homes):
    """All stores and the container hold the same, all that was acknowledged, and nothing that was forgotten."""
    stores = [{record["id"]: record for record in map(json.loads, opened(home).export())} for home in homes]
    for store in stores[1:]:
        assert stores[0] == store, _difference(stores[0], store)
    own = {id: record for id, record in stores[0].items() if record["origin"] != "derived"}
    documents = {one["id"]: one for one in server.items("alma", "memories") if one["id"] != MARKER_ID}
    buried = {id for id, one in documents.items() if one.get("deleted_at") and "hlc" in one}
    there = {id: one for id, one in documents.items() if "hlc" in one and id not in buried}
    assert own.keys() == there.keys(), own.keys() ^ there.keys()
    for id, record in own.items():
        assert record.items() <= there[id].items(), (record, there[id])
    derived = {id for id, one in documents.items() if "hlc" not in one and not one.get("deleted_at")}
    assert derived == stores[0].keys() - own.keys(), derived ^ (stores[0].keys() - own.keys())

    words = [line for home in homes for line in read_ledger(home)]
    said = {verb: {line[1] for line in words if line[0] == verb} for verb in ("add", "added", "forgetting", "forgot")}
    lost = said["added"] - own.keys() - said["forgetting"]
    assert not lost, lost
    assert not said["forgot"] & own.keys(), said["forgot"] & own.keys()
    assert said["forgot"] <= buried, said["forgot"] - buried
    assert own.keys() <= said["add"], own.keys() - said["add"]
    texts = {(line[1], line[2]) for line in words if line[0] == "text"}
    corrected = [(id, text) for id, record in own.items() if (text := _text(record)).startswith("corrected")]
    assert texts.issuperset(corrected)
    return {"memories": len(own), "forgotten": len(buried), "corrected": len(corrected), "derived": len(derived)}


def _text(record):
    return next(record[name] for name in ("fact", "preference", "task") if name in record)


def _difference(one, other):
    ids = [id for id in one.keys() | other.keys() if one.get(id) != other.get(id)]
    return [(one.get(id), other.get(id)) for id in ids[:3]], Counter(id in other for id in ids)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=int(os.environ.get("ALMA_SEEDS", "50")))
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--memories", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=10)
    given = parser.parse_args()
    for seed in range(given.first, given.first + given.seeds):
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            seen = run(seed, folder, memories=given.memories, kills=given.kills)
        print(json.dumps({**seen, "seconds": round(time.monotonic() - begun)}), flush=True)
    print(f"{given.seeds} seeds: the {REPLICAS} stores and the container hold the same records in each")


if __name__ == "__main__":
    main()
