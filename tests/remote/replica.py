"""One machine in a convergence run: edits its own store at random and synchronises it, and may be killed at any moment.

What it was told is done goes to its folder's `ledger`, one JSON list a line: ["add", id], ["text", id, text] and
["forgetting", id] before the call, ["added", id] and ["forgot", id] after it returned.
"""

import hashlib
import json
import math
import os
import random
import sys
from array import array
from pathlib import Path

from alma_cli.api import ALMA
from alma_cli.api.sync import sync
from alma_cli.errors import AlmaError
from alma_cli.remote.cosmos import open_cosmos
from alma_cli.sync.report import Options

AGENTS = ("helena", "victor", "_project")
TASKS = [f"{verb} the {what}" for verb in ("Test", "Review", "Migrate") for what in ("login", "cart", "search", "API")]
STRATEGIES = ("empty fields first", "a longer timeout", "a fresh database", "mocked services", "smaller steps")
PATIENCE_S = 2.0


class HashedWords:
    """An embedder that costs nothing: each word is a direction. Similar texts have similar vectors."""

    model_id = "sentence-transformers/all-MiniLM-L6-v2"
    dimension = 384

    def embed(self, texts, *, on_progress=None):
        return [self._vector(text) for text in texts]

    def _vector(self, text):
        numbers = [0.0] * self.dimension
        numbers[0] = 0.01
        for word in text.lower().split():
            numbers[hash_of(word) % self.dimension] += 1.0
        length = math.hypot(*numbers)
        return array("f", [number / length for number in numbers])


def hash_of(text):
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def opened(folder):
    """The replica's memory, with the cheap embedder."""
    alma = ALMA.find(directory=folder)
    alma._session._embedder = HashedWords()
    return alma


def synced(alma, *, patience_s=PATIENCE_S):
    """A sync with a remote that is less patient than the command's."""
    remote = open_cosmos(alma.config.azure, alma.config.project_id, patience_s=patience_s)
    try:
        return sync(alma._session, Options(join=True), remote=remote)
    finally:
        remote.close()


class Replica:
    def __init__(self, folder, seed):
        self.folder = Path(folder)
        self.alma = opened(folder)
        self.ledger = open(self.folder / "ledger", "a", encoding="utf-8")  # noqa: SIM115
        self.added = [line[1] for line in read_ledger(self.folder) if line[0] == "added"]
        self.chance = random.Random(f"{seed} {len(self.added)} {os.getpid()}")

    def note(self, *words):
        self.ledger.write(json.dumps(words) + "\n")
        self.ledger.flush()

    def run(self, target):
        self.most = max(5, target // 3)
        while len(self.added) < target:
            action = self.chance.choices((self.add, self.correct, self.forget, self.sync), (4, 3, 2, 5))[0]
            action()

    def add(self):
        records = [self._record() for _ in range(self.chance.randint(1, self.most))]
        for record in records:
            self.note("add", record["id"])
        done = self.alma.import_(list(enumerate(records, start=1)))
        assert not done.refused, done.refused
        for record in records:
            self.note("added", record["id"])
            self.added.append(record["id"])

    def correct(self):
        for record in self._some(6):
            if record.kind != "credit":
                text = f"corrected {self.chance.random()}"
                self.note("text", record.id, text)
                self.alma.correct(record.id, text)

    def forget(self):
        for record in self._some(3):
            self.note("forgetting", record.id)
            self.alma.forget([record.id])
            self.note("forgot", record.id)

    def sync(self):
        try:
            synced(self.alma)
        except AlmaError as error:
            if error.exit_code != 4:
                raise

    def _some(self, count):
        """Records at random that a person may change; often of the few that the other machines choose from too."""
        records = [record for record in self.alma.memories() if record.origin != "derived"]
        if self.chance.random() < 0.5:
            records = sorted(records, key=lambda record: record.id)[:30]
        return self.chance.sample(records, min(count, len(records)))

    def _record(self):
        chance = self.chance
        record = {"id": f"{chance.getrandbits(128):032x}", "agent": chance.choice(AGENTS), "domain": "general"}
        kind = chance.choices(("outcome", "knowledge", "preference"), (6, 3, 1))[0]
        words = " ".join(chance.choices(("alpha", "beta", "gamma", "delta", "épsilon", "😀"), k=4))
        if kind == "outcome":
            result = chance.choices(("success", "failure", "partial"), (6, 3, 1))[0]
            task, strategy = chance.choice(TASKS), chance.choice(STRATEGIES)
            return {"kind": kind, "task": task, "outcome": result, "strategy": strategy, **record}
        if kind == "knowledge":
            return {"kind": kind, "fact": f"{words} {record['id'][:6]}", **record}
        return {"kind": kind, "preference": f"{words} {record['id'][:6]}", **record}


def read_ledger(folder):
    path = Path(folder) / "ledger"
    if not path.exists():
        return []
    # A kill may leave half a line.
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.endswith("]")]


def live(folder, seed, target, key):
    """Be the machine with this folder until `target` memories have been added. For a process of its own."""
    os.environ["ALMA_COSMOS_KEY"] = key
    with open(Path(folder) / "errors", "a", encoding="utf-8") as errors:
        os.dup2(errors.fileno(), sys.stderr.fileno())
    Replica(folder, seed).run(target)
