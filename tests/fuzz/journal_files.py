"""The journal: files that a crash, a disk or a stranger left there; a good one among them is folded in all the same."""

import json
import os
from pathlib import Path
from uuid import uuid4

from tests.fuzz import drawing
from tests.fuzz.command_line import RECORDS
from tests.fuzz.doors import Door, Fault
from tests.remote.replica import HashedWords

BETWEEN_FOLDS = 10
AT = "2026-01-31T09:30:00Z"
COMMON = {
    "id": "",
    "project_id": "shop",
    "origin": "observed",
    "created_at": AT,
    "updated_at": AT,
    "labels": {},
    "archived": False,
    "domain": "ui",
}
WORDED = {
    "id": "0" * 32,
    "when": "w",
    "do": "d",
    "task": "t",
    "replaces": True,
    "unclear": False,
    "model": "m",
    "vector": "AAAAAA==",
}


class JournalFiles(Door):
    name = "journal files"

    def __init__(self, place):
        super().__init__(place)
        self.kept = place.alma().add_knowledge("This stays", agent="helena", domain="ui").id
        self.model = HashedWords.model_id
        self.journal = Path(place.project, ".alma", "journal")

    def begin(self):
        self.given = []

    def one(self, chance):
        content = drawing.damaged(chance, drawing.written(chance, self.drawn(chance)), 0.15)
        self.given.append(content)
        (self.journal / f"{len(self.given):020d}-bad.json").write_bytes(content)
        if len(self.given) == BETWEEN_FOLDS:
            self.fold(chance)
            self.given = []

    def fold(self, chance):
        good = f"{chance.getrandbits(128):032x}"
        (self.journal / f"{BETWEEN_FOLDS:020d}-good.json").write_text(
            json.dumps(self.insert(RECORDS[0] | {"id": good}))
        )
        alma = self.place.alma()
        ids = {record.id for record in alma.memories(limit=100_000)}
        waiting = [name for name in os.listdir(self.journal) if name.endswith(".json")]
        if any("good" in name for name in waiting) or good not in ids:
            raise Fault(f"a good write is not folded in: {waiting}")
        for name in waiting:
            if json.loads((self.journal / name).read_bytes()).get("format", 0) <= 1:
                raise Fault(f"{name} is tried for ever")
            os.unlink(self.journal / name)
        if self.kept not in ids and self.kept.encode() not in b"".join(self.given):
            raise Fault("what was stored is gone")
        list(alma.export())
        alma.retrieve("CI has two cores", "helena")

    def drawn(self, chance):
        record = drawing.broken(
            chance,
            COMMON | chance.choice(RECORDS) | {"id": chance.choice([self.kept, f"{chance.getrandbits(128):032x}"])},
        )
        operation = self.insert(record)
        if chance.random() < 0.3:
            vectors = [
                "AAAAAA==",
                "",
                "x",
                "/////w==",
                "AACAfwAAgH8=" * 192,
                "AAAAAA==" * 9,
                "AACAPw" + "AAAA" * 511 + "AA==",
            ]
            operation["entries"][0] |= {"model": chance.choice(["m", self.model]), "vector": chance.choice(vectors)}
        match chance.randrange(7):
            case 0:
                operation |= {
                    "op": "revise",
                    "entry": drawing.broken(chance, {"record": COMMON | RECORDS[0] | {"id": self.kept}}, 0.3),
                }
            case 1:
                operation |= {
                    "op": chance.choice(["forget", "archive"]),
                    "ids": [drawing.id(chance), drawing.value(chance)],
                }
            case 2:
                operation |= {"op": "reword", "agent": "helena", "words": [drawing.broken(chance, WORDED)]}
            case 3:
                operation |= {"op": "refuse", "agent": "helena", "domain": "secrets", "reason": drawing.text(chance)}
        return drawing.broken(chance, operation, 0.3)

    def insert(self, record):
        id = uuid4().hex
        return {"format": 1, "op": "insert", "op_id": id, "at": AT, "by": "f", "entries": [{"record": COMMON | record}]}

    def end(self):
        """A journal is a user's own: what was written there passed the check of its scope before."""
