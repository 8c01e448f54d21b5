"""The shared copy: documents that others put into the folder, and files that are none."""

import json
import os
from pathlib import Path

from alma_cli.core.records import PROJECT_AGENT
from alma_cli.errors import RemoteError
from tests.fuzz import drawing
from tests.fuzz.doors import Door, Fault

STAMPS = [
    "0000000000000-00000-0123456789abcdef0123456789abcdef", "9999999999999999-00000-x", "", None, 5, "1-1-1", "999999999999999999999",
]  # fmt: skip
BETWEEN_SYNCS = 20


class SharedDocuments(Door):
    name = "shared documents"

    def __init__(self, place):
        super().__init__(place)
        alma = place.alma()
        for agent, domain in (("helena", "testing"), ("victor", "api")):
            for number in range(3):
                alma.learn(
                    agent,
                    f"Test the login form {number}",
                    "success",
                    "Tested empty fields",
                    domain=domain,
                    when="a form",
                    do="look",
                )
            alma.add_knowledge(f"CI has two cores, says {agent}", agent=agent, domain=domain)
        gone = alma.add_knowledge("This is forgotten", agent="helena", domain="ui").id
        alma.sync()
        alma.forget([gone])
        alma.sync()
        self.gone = gone
        self.documents = [json.loads(path.read_text()) for path in sorted(Path(place.shared).rglob("*.json"))]
        self.files = {
            path.relative_to(place.shared): path.read_bytes()
            for path in Path(place.shared).rglob("*")
            if path.is_file()
        }

    def begin(self):
        self.given = []
        for name, content in self.files.items():
            path = Path(self.place.shared, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def one(self, chance):
        self.given.append(self.put(chance))
        if len(self.given) < BETWEEN_SYNCS:
            return
        self.given = self.given[-BETWEEN_SYNCS:]
        alma = self.place.alma()
        try:
            alma.sync()
            alma.sync()  # a marker and memories that changed together take two
            before = self.contents()
            again = alma.sync()
        except RemoteError:
            self.given = []
            return  # the folder as a whole can't be used, and that was said
        if before != self.contents():
            raise Fault(f"an idle sync wrote: {again}")
        self.check_what_is_seen(alma)
        self.given = []

    def put(self, chance):
        """Put one file into the folder; its path and content."""
        document = drawing.broken(chance, chance.choice(self.documents))
        if chance.random() < 0.3:
            document["hlc"] = chance.choice(
                [*STAMPS, _later(document.get("hlc"), chance.choice([1, 10**6, 10**12, 10**14]))]
            )
        if chance.random() < 0.2:
            document["id"] = chance.choice(
                [f"{chance.getrandbits(128):032x}", self.gone, self.gone.upper(), drawing.id(chance)]
            )
        if chance.random() < 0.1:
            document["embedding"] = chance.choice(
                [[], [1e308] * 384, [0] * 384, [0.1] * 3, "x", [float("nan")] * 384, [[1]]]
            )
        id, agent = str(document.get("id"))[:100], str(document.get("agent"))[:100]
        name = id if chance.random() < 0.95 else drawing.text(chance)[:50]
        parts = ["shop", agent.replace("/", "_"), name[:2] if chance.random() < 0.95 else "zz", f"{name}.json"]
        content = drawing.damaged(chance, drawing.written(chance, document), 0.1)
        path = os.path.join(self.place.shared, *(_file_name(part) for part in parts))
        if name == "_meta" or document.get("kind") == "marker":
            path = os.path.join(self.place.shared, "shop", "_project", "_meta.json")
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if chance.random() < 0.01:
                os.symlink("/etc/passwd", path)
            else:
                Path(path).write_bytes(content)
        except (OSError, ValueError):
            pass  # the name can't be one
        return path, content

    def contents(self):
        return {
            path: (path.read_bytes() if not path.is_symlink() else "")
            for path in Path(self.place.shared).rglob("*")
            if path.is_file()
        }

    def check_what_is_seen(self, alma):
        """Every record can be read and is of this project; what an agent is given is in its scope; forgotten is forgotten."""
        for line in alma.export():
            record = json.loads(line)
            if record["project_id"] != "shop" or record["id"] == self.gone or record["id"] != record["id"].lower():
                raise Fault(f"stored: {record}")
        seen = {"helena": ("helena", "victor", PROJECT_AGENT), "victor": ("victor", PROJECT_AGENT)}
        for agent, owners in seen.items():
            for hit in alma.retrieve("Test the login form", agent, 100):
                if hit.agent not in owners or (agent == "helena" and hit.domain == "secrets"):
                    raise Fault(f"{agent} is given {hit}")

    def end(self):
        """What others put there is stored, whatever the scope of its agent is."""


def _later(stamp, by):
    wall, _, rest = str(stamp).partition("-")
    try:
        return f"{int(wall, 10) + by:0{len(wall)}d}-{rest}"
    except ValueError:
        return "x"


def _file_name(part):
    return part.replace("\0", "").replace("/", "_").encode("utf-8", "replace").decode()[:60] or "_"
