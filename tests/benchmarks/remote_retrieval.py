"""How often `retrieve --remote` gives what the store gives, when candidates are the best 200 by each signal.

    python -m tests.benchmarks.remote_retrieval [--memories 5000] [--queries 40] [--cosmos]

Memories are first sentences of docstrings of Python's standard library, three in four as knowledge, the others as
outcomes; queries are what their functions are called. Prints overlap@5 by kind, and the time of both as a ratio. The
remote is one in memory or, with --cosmos, the test server for Cosmos DB, asked through the SDK.
"""

import argparse
import ast
import json
import os
import random
import re
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import mean, median
from time import perf_counter

from alma_cli.api import ALMA
from alma_cli.api.retrieve import Wanted
from alma_cli.api.retrieve_remote import retrieve_remote
from alma_cli.api.sync import sync
from alma_cli.config import Azure
from alma_cli.project import make_project
from alma_cli.remote.cosmos import open_cosmos
from alma_cli.remote.cosmos.container import make_container
from alma_cli.sync.report import Options
from tests.contracts.memory_remote import Container, MemoryRemote
from tests.cosmos_server import KEY, cosmos_process

CONFIG = "alma: {project_id: p, storage: file, file: {path: ../unused}}\n"
TOP = 5


class Loaded(MemoryRemote):
    """A remote whose documents are parsed once, so that what is timed is not that."""

    def _documents(self, agent):
        if not hasattr(self, "_parsed"):
            self._parsed = {}
        if agent not in self._parsed:
            self._parsed[agent] = super()._documents(agent)
        return self._parsed[agent]


def sentences() -> Iterator[tuple[str, str]]:
    """Functions of the standard library by name, with the first sentence of what they say of themselves."""
    seen = set()
    for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
        if "site-packages" in path.parts:
            continue
        try:
            tree = ast.parse(path.read_text("utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and (said := ast.get_docstring(node)):
                sentence = " ".join(said.split("\n\n")[0].split())[:300]
                if len(sentence) > 30 and sentence not in seen:
                    seen.add(sentence)
                    yield re.sub(r"(?<=[a-z])(?=[A-Z])", " ", node.name).replace("_", " ").strip().lower(), sentence


def in_cosmos(stack: ExitStack):
    """An empty remote in a Cosmos DB that lasts as long as the stack."""
    server = stack.enter_context(cosmos_process())
    os.environ["ALMA_COSMOS_KEY"] = KEY
    azure = Azure(endpoint=server.endpoint, auth="key")
    make_container(azure, dimensions=384, patience_s=30)
    remote = open_cosmos(azure, "p", patience_s=60)
    stack.callback(remote.close)
    return remote


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description="Overlap of retrieve --remote with the store.")
    parser.add_argument("--memories", type=int, default=5000)
    parser.add_argument("--queries", type=int, default=40)
    parser.add_argument("--cosmos", action="store_true")
    given = parser.parse_args()
    chance = random.Random(7)
    found = list(sentences())
    chance.shuffle(found)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        os.makedirs(f"{folder}/one")
        make_project(f"{folder}/one", CONFIG)
        alma = ALMA.from_config(f"{folder}/one/.alma/config.yaml", wait_s=600)
        base = {"agent": "a", "domain": "general"}
        lines = [
            {**base, "kind": "outcome", "task": text, "outcome": "success", "strategy": "", "task_key": f"t{number}"}
            if number % 4 == 0
            else {**base, "kind": "knowledge", "fact": text}
            for number, (_, text) in enumerate(found[: given.memories])
        ]
        print(f"{alma.import_(enumerate(lines, 1)).imported:,} memories")
        if given.cosmos:
            remote = in_cosmos(stack)
            sync(alma._session, Options(), remote=remote)
        else:
            container = Container()
            sync(alma._session, Options(), remote=MemoryRemote(container, page=250, together=100))
            remote = Loaded(container)
        overlaps: dict[str, list[float]] = {"knowledge": [], "outcomes": []}
        ratios = []
        for query, _ in chance.sample(found, given.queries):
            wanted = Wanted(task=query, agent="a", top_k=TOP, max_tokens=100_000)
            start = perf_counter()
            ours = alma.retrieve(query, "a", TOP, max_tokens=100_000)
            between = perf_counter()
            theirs = retrieve_remote(alma._session, wanted, remote=remote)
            ratios.append((perf_counter() - between) / (between - start))
            for kind, values in overlaps.items():
                mine = {hit.id for hit in getattr(ours, kind)}
                if mine:
                    values.append(len(mine & {hit.id for hit in getattr(theirs, kind)}) / len(mine))
    for kind, values in overlaps.items():
        print(f"{kind}: overlap@{TOP} {mean(values):.3f} over {len(values)} queries with an answer")
    print(f"remote takes {median(ratios):.1f} times as long as the store (median)")
    print(json.dumps({kind: round(mean(values), 3) for kind, values in overlaps.items()}))


if __name__ == "__main__":
    main()
