"""ALMA beside other memories: size, first answer, search, what is found, and of concurrent writes how many are there.

    python -m tests.benchmarks.peers [--only NAME ...] [--runs 15] [--sizes 1000 10000] [--cache FOLDER]

Each peer is installed from the package index, in the version that is named here, into an environment of its own below `--cache`
(~/.cache/alma-peers); so is ALMA, from this checkout. No model hub is asked: a peer that wants vectors is handed those
that ALMA's bundled model makes, of tasks too, so its times and its size lack an embedder, and ALMA's have one.
`search` is given with and without the time that ALMA takes to embed the task.

- *size*: MB in site-packages, without pip and setuptools.
- *first answer*: from starting a process to its answer, at the first of the sizes; ALMA's is `alma retrieve --json`.
- *search*: the ten best, in a process that stays, among made-up memories (scale_store.py).
- `pairs`: the expected memory is among the first ten. `natural`: an outcome of the right kind of task is among the first ten
  of the bare outcomes; and the share of the right kind among the first five places.
- *writes*: 8 processes start at once and write 25 each, one by one; a process that has read them counts.

Peers take turns, run by run, so that all meet the same noise; times are medians, and ratios medians of each run's. A peer that
can't work without a network is named with what it says.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, Self

from alma_cli.embedding import open_embedder
from tests.benchmarks import scale_store
from tests.benchmarks.natural_words import outcomes, queries
from tests.benchmarks.peer_stores import AGENT, BATCH
from tests.benchmarks.retrieval_quality import Item, an_id, bundled, record
from tests.benchmarks.retrieval_speed import store_of

ROOT = Path(__file__).resolve().parents[2]
WORKER = Path(__file__).with_name("peer_stores.py")
OWN = "alma"
EMBEDDER = open_embedder()
PROCESSES, WRITES = 8, 25
PLACES, FIRST = 10, 5
PATIENCE_S = 120
NOT_THE_PEER = ("pip", "setuptools", "_distutils_hack", "pkg_resources")


class Peer(NamedTuple):
    """A memory, what kind it is, what to install of the package index, and whether it has to be handed vectors."""

    name: str
    kind: str
    packages: tuple[str, ...]
    needs_vectors: bool = True


PEERS = (
    Peer(OWN, "agents' memory", (str(ROOT),), needs_vectors=False),
    Peer("sqlite-utils", "keywords (FTS5)", ("sqlite-utils==4.2.1",), needs_vectors=False),
    Peer("tantivy", "keywords", ("tantivy==0.27.0",), needs_vectors=False),
    Peer("chromadb", "vectors", ("chromadb==1.5.9",)),
    Peer("lancedb", "vectors", ("lancedb==0.40.0",)),
    Peer("qdrant-client", "vectors, local mode", ("qdrant-client==1.20.0",)),
    Peer("mem0ai", "agents' memory", ("mem0ai==2.2.1",)),
    Peer("langgraph-checkpoint-sqlite", "agents' memory (LangMem's store)", ("langgraph-checkpoint-sqlite==3.1.2",)),
    Peer("memoripy", "agents' memory", ("memoripy==0.1.2",)),
)


@dataclass(kw_only=True)
class Measured:
    """What one peer came to; times in ms, one for each run, and shares. `reason` says why there is nothing."""

    peer: Peer
    size_mb: float = 0
    first_ms: list[float] = field(default_factory=list)
    search_ms: dict[int, list[float]] = field(default_factory=dict)
    filled_only: dict[int, int] = field(default_factory=dict)
    pairs: float = 0
    natural: float = 0
    natural_first: float = 0
    writes: int = 0
    write_error: str = ""
    reason: str = ""


class PeerError(RuntimeError):
    """What a peer answered instead of doing it."""


class Worker:
    """A peer in a process of its own, with its memories in a folder."""

    def __init__(self, python: Path, name: str, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            [python, WORKER, name, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"HF_HUB_OFFLINE": "1"},
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, **call: Any) -> dict[str, Any]:
        self.send(call)
        return self.answer()

    def send(self, call: Mapping[str, Any]) -> None:
        self.process.stdin.write(json.dumps(call) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        line = self.process.stdout.readline()
        if not line:
            raise PeerError(f"the process ended with {self.process.wait()}")
        said = json.loads(line)
        if "error" in said:
            raise PeerError(said["error"])
        return said


class Task(NamedTuple):
    """What is asked, and its vector."""

    text: str
    vector: Sequence[float]

    def call(self) -> dict[str, Any]:
        return {"do": "search", "text": self.text, "vector": self.vector}


@dataclass(frozen=True)
class Texts:
    """What every peer is given: items for the sets and each size, and the tasks to ask."""

    pairs: Sequence[dict[str, Any]]
    pair_tasks: Sequence[Task]
    natural: Sequence[dict[str, Any]]
    kind_of: Mapping[str, str]
    natural_tasks: Sequence[tuple[Task, str]]
    writes: Sequence[dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[], choices=[peer.name for peer in PEERS], metavar="NAME")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "alma-peers")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="what environments are made with")
    options = parser.parse_args()
    load_before = os.getloadavg()[0]
    all_measured = [Measured(peer=peer) for peer in PEERS if not options.only or peer.name in (OWN, *options.only)]
    for measured in all_measured:
        step(measured, lambda measured=measured: install(measured, options.cache, options.python))
    embed_ms: dict[int, list[float]] = {}
    try:
        with tempfile.TemporaryDirectory(prefix="alma-peers-") as folder:
            measure(all_measured, embed_ms, options, Path(folder))
    except KeyboardInterrupt:
        progress("interrupted: what was not measured is empty")
    print(table(all_measured, embed_ms))
    print(
        f"\n{options.runs} runs; load average {load_before:.0f} to {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores"
    )


def measure(
    all_measured: Sequence[Measured], embed_ms: dict[int, list[float]], options: argparse.Namespace, folder: Path
) -> None:
    """Everything of all peers, part by part; `embed_ms` gets by size what embedding each task took."""
    texts = made_texts()
    for measured in working(all_measured):
        name, python = measured.peer.name, python_of(options.cache, measured.peer)
        progress(f"{name}: what it finds, and writes of {PROCESSES} processes")
        step(measured, lambda m=measured, python=python, home=folder / name: find(m, python, home, texts))
        step(measured, lambda m=measured, python=python, home=folder / name: write_at_once(m, python, home, texts))
    for size in options.sizes:
        embed_ms[size] = search(all_measured, size, options.cache, options.runs, folder / str(size))
        if size == options.sizes[0]:
            progress("first answers")
            first_answers(all_measured, options.cache, options.runs, folder / str(size))


def working(all_measured: Sequence[Measured]) -> list[Measured]:
    return [measured for measured in all_measured if not measured.reason]


def step(measured: Measured, act: Callable[[], None]) -> None:
    """A part of the measuring; what goes wrong in it is the peer's reason."""
    if not measured.reason:
        try:
            act()
        except PeerError as error:
            measured.reason = str(error)


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def python_of(cache: Path, peer: Peer) -> Path:
    return cache / peer.name / "bin" / "python"


def install(measured: Measured, cache: Path, base: Path) -> None:
    """An environment with the peer, made unless it is there; ALMA itself is installed anew each time."""
    peer, python = measured.peer, python_of(cache, measured.peer)
    installed = cache / peer.name / "installed.txt"
    wanted = "\n".join([str(base), *peer.packages])
    is_there = installed.exists() and installed.read_text("utf-8") == wanted
    if not is_there:
        progress(f"installing {peer.name}")
        subprocess.run([base, "-m", "venv", "--clear", cache / peer.name], check=True)
        pip(python, *peer.packages)
        installed.write_text(wanted, "utf-8")
    elif peer.name == OWN:
        pip(python, "--no-deps", "--force-reinstall", *peer.packages)
    packages = next((cache / peer.name / "lib").glob("python*/site-packages"))
    files = [path for path in packages.rglob("*") if path.is_file() and not path.is_symlink()]
    ours = [path for path in files if not path.relative_to(packages).parts[0].startswith(NOT_THE_PEER)]
    measured.size_mb = sum(path.stat().st_size for path in ours) / 1e6


def pip(python: Path, *arguments: str) -> None:
    command = [python, "-m", "pip", "install", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerError(done.stderr.strip().splitlines()[-1])


def made_texts() -> Texts:
    rng = Random(7)
    pairs = bundled("pairs")
    learned, asked = outcomes(), [query for query in queries() if query.task_kind]
    bare = [Item("", one.task, "outcome", one.strategy) for one in learned]
    more = [{name: getattr(one, name) for name in ("outcome", "error", "feedback")} for one in learned]
    written = [Item("", f"Process {process} noted fact {n}") for process in range(PROCESSES) for n in range(WRITES)]

    def items(of: Sequence[Item]) -> list[dict[str, Any]]:
        texts = [f"{item.text}\n{item.more}".strip() for item in of]
        return [
            {
                "id": an_id(number),
                "text": text,
                "vector": vector,
                "record": record(number, item, rng) | {"agent": AGENT},
            }
            for number, (item, text, vector) in enumerate(zip(of, texts, vectors(texts), strict=True))
        ]

    natural = items(bare)
    for item, fields in zip(natural, more, strict=True):
        item["record"] |= fields
    return Texts(
        pairs=items(pairs),
        pair_tasks=tasks([item.task for item in pairs]),
        natural=natural,
        kind_of={an_id(number): one.task_kind for number, one in enumerate(learned)},
        natural_tasks=list(
            zip(tasks([one.query for one in asked]), [one.task_kind for one in asked], strict=True)
        ),
        writes=items(written),
    )  # fmt: skip


def tasks(texts: Sequence[str]) -> list[Task]:
    return list(map(Task, texts, vectors(texts)))


def vectors(texts: Sequence[str]) -> list[list[float]]:
    return [list(map(float, vector)) for vector in EMBEDDER.embed(texts)]


def find(measured: Measured, python: Path, home: Path, texts: Texts) -> None:
    """What the peer finds of `pairs` and of `natural`."""
    with Worker(python, measured.peer.name, home / "pairs") as worker:
        worker.ask(do="add", items=texts.pairs)
        found = [worker.ask(**task.call())["ids"] for task in texts.pair_tasks]
        measured.pairs = statistics.fmean(
            item["id"] in ids for item, ids in zip(texts.pairs, found, strict=True)
        )  # fmt: skip
    with Worker(python, measured.peer.name, home / "natural") as worker:
        worker.ask(do="add", items=texts.natural)
        right = [
            [texts.kind_of[id] == kind for id in worker.ask(**task.call())["ids"]]
            for task, kind in texts.natural_tasks
        ]  # fmt: skip
        measured.natural = statistics.fmean(any(each[:PLACES]) for each in right)
        measured.natural_first = statistics.fmean(sum(each[:FIRST]) / FIRST for each in right)


def write_at_once(measured: Measured, python: Path, home: Path, texts: Texts) -> None:
    """Many processes write, all ready before the first does; the errors that they meet are theirs to bear."""
    name, folder = measured.peer.name, home / "writes"
    with Worker(python, name, folder) as worker:
        worker.ask(do="count")
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(python, name, folder)) for _ in range(PROCESSES)]
        own = [texts.writes[start : start + WRITES] for start in range(0, PROCESSES * WRITES, WRITES)]
        for calls in ([{"do": "count"}] * PROCESSES, [{"do": "write", "items": items} for items in own]):
            for worker, call in zip(workers, calls, strict=True):
                worker.send(call)
            for worker in workers:
                try:
                    error = worker.answer().get("failed")
                except PeerError as refused:
                    error = str(refused)
                measured.write_error = error or measured.write_error
    with Worker(python, name, folder) as worker:
        measured.writes = worker.ask(do="count")["count"]


def search(all_measured: Sequence[Measured], size: int, cache: Path, runs: int, folder: Path) -> list[float]:
    """The search of all peers by turns; how long ALMA's embedding took meanwhile, in ms."""
    rng = Random(3)
    rows = made_rows(folder / OWN, size)
    asked = [scale_store.task(rng) for _ in range(runs + 1)]
    embed_ms = []
    with ExitStack() as stack:
        workers = {}
        for measured in working(all_measured):
            name = measured.peer.name
            progress(f"{size:,} memories: filling {name}")
            workers[name] = stack.enter_context(Worker(python_of(cache, measured.peer), name, folder / name))
            if name != OWN:
                step(measured, lambda m=measured, worker=workers[name]: fill(m, worker, rows))
        for text in asked:
            started = time.perf_counter()
            task = Task(text, *vectors([text]))
            embed_ms.append((time.perf_counter() - started) * 1000)
            for measured in working(all_measured):
                if size not in measured.filled_only:
                    took = measured.search_ms.setdefault(size, [])
                    step(
                        measured,
                        lambda m=measured, took=took, task=task: took.append(
                            workers[m.peer.name].ask(**task.call())["ms"]
                        ),
                    )
    for measured in working(all_measured):
        del measured.search_ms.get(size, [0])[0]  # the first loads and imports
    return embed_ms[1:]


def fill(measured: Measured, worker: Worker, rows: Sequence[dict[str, Any]]) -> None:
    """Add these, but for a peer that takes too long; `filled_only` says how far it came."""
    started = time.perf_counter()
    for start in range(0, len(rows), BATCH):
        if time.perf_counter() - started > PATIENCE_S:
            measured.filled_only[len(rows)] = start
            break
        worker.ask(do="add", items=rows[start : start + BATCH])


def made_rows(folder: Path, size: int) -> list[dict[str, Any]]:
    """Made-up memories, in ALMA's store in this folder and as items for the others."""
    alma = store_of(folder, size, agents=1)
    with alma._session.store().reading() as reader:
        rows = reader._rows("SELECT id, task || ' ' || strategy, embedding FROM memories ORDER BY seq", [])
    return [{"id": id, "text": text, "vector": list(vector)} for id, text, vector in rows]


def first_answers(all_measured: Sequence[Measured], cache: Path, runs: int, folder: Path) -> None:
    """Each turn a process of each peer, until it has answered."""
    rng = Random(4)
    for number in range(runs + 1):
        task = tasks([scale_store.task(rng)])[0]
        for measured in working(all_measured):
            name, python = measured.peer.name, python_of(cache, measured.peer)
            started = time.perf_counter()
            if name == OWN:
                command = [
                    python.with_name(OWN),
                    "retrieve",
                    "--agent",
                    AGENT,
                    "--json",
                    "--dir",
                    folder / OWN,
                    task.text,
                ]
                subprocess.run(command, check=True, capture_output=True)
                took = time.perf_counter() - started
            else:
                with Worker(python, name, folder / name) as worker:
                    worker.ask(**task.call())
                    took = time.perf_counter() - started
            if number:
                measured.first_ms.append(took * 1000)


def table(all_measured: Sequence[Measured], embed_ms: Mapping[int, Sequence[float]]) -> str:
    """In Markdown, for docs/benchmarks.md; after it those that have no row, with their reasons."""
    alma = all_measured[0]
    heads = ["", "kind", "size", "first answer", *(f"search, {size:,}" for size in embed_ms)]
    heads += [f"`pairs`, recall@{PLACES}", f"`natural`, a right one in {PLACES}", f"right of the first {FIRST}"]
    heads += [f"writes kept, of {PROCESSES * WRITES}"]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for measured in working(all_measured):
        peer = measured.peer
        cells = [peer.packages[0] if peer.name != OWN else "**ALMA**", peer.kind, f"{measured.size_mb:.0f} MB"]
        cells.append(times(measured.first_ms, alma.first_ms))
        for size, embedding in embed_ms.items():
            if size in measured.filled_only:
                cells.append(f"took only {measured.filled_only[size]:,} in {PATIENCE_S} s")
                continue
            cell = times(measured.search_ms[size], alma.search_ms[size])
            if peer.needs_vectors:
                whole = [search + embed for search, embed in zip(measured.search_ms[size], embedding, strict=True)]
                cell += f", with embedding {times(whole, alma.search_ms[size])}"
            cells.append(cell)
        cells += [f"{share:.3f}" for share in (measured.pairs, measured.natural, measured.natural_first)]
        cells.append(str(measured.writes))
        lines.append(f"| {' | '.join(cells)} |")
    unable = [f"- {each.peer.name}: {each.reason}" for each in all_measured if each.reason]
    errors = [
        f"- {each.peer.name}, while {PROCESSES} wrote: {each.write_error}"
        for each in working(all_measured)
        if each.write_error
    ]
    parts = ["\n".join(lines)]
    if unable:
        parts.append("\n".join(["What could not be measured, and what it says:", "", *unable]))
    if errors:
        parts.append("\n".join(["What writers were told:", "", *errors]))
    return "\n\n".join(parts)


def times(took: Sequence[float], of_alma: Sequence[float]) -> str:
    """The median, and the median ratio to ALMA's; empty where nothing ran."""
    pairs = list(zip(took, of_alma, strict=False))
    if not pairs:
        return ""
    ratio = statistics.median(one / alma for one, alma in pairs)
    middle = statistics.median(took)
    return f"{middle:{',.0f' if middle >= 10 else '.2g'}} ms ({ratio:.2g}x)"


if __name__ == "__main__":
    main()
