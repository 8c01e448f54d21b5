"""The configuration: its file and the environment; what can't be used is said with its place, what can works."""

import json
import os
from pathlib import Path

from alma_cli.config import load_config
from alma_cli.config.load import check_config
from alma_cli.config.model import AGENT_KEYS, KEYS
from alma_cli.errors import InvalidConfig, InvalidInput, ProjectNotFound
from tests.fuzz import drawing
from tests.fuzz.doors import Door, Fault

SECRET = "AccountKey=c2VjcmV0c2VjcmV0c2VjcmV0"
WORDS = [
    "alma",
    "agents",
    "project_id",
    "helena",
    "can_learn",
    "storage",
    "*",
    *(key.path for key in KEYS),
    *(key.name for key in AGENT_KEYS),
]
COMMANDS = [
    ["agents"],
    ["stats"],
    ["doctor"],
    ["config", "show"],
    ["learn", "t", "--ok", "s", "--agent", "helena"],
    ["retrieve", "t"],
]


class Configurations(Door):
    name = "configurations"

    def __init__(self, place):
        super().__init__(place)
        self.file = Path(place.project, ".alma", "config.yaml")

    def one(self, chance):
        content, environ = self.drawn(chance), self.environment(chance)
        self.given = content, environ
        self.file.write_bytes(content)
        try:
            config = load_config(self.file, environ)
        except (InvalidConfig, ProjectNotFound) as error:
            if SECRET.partition("=")[2] in f"{error.message} {error.hint}" or len(error.message) > 2000:
                raise Fault(f"an error that says too much: {error.message[:3000]}") from error
            config = None
        try:
            problems = check_config(self.file, environ)
        except ProjectNotFound:
            problems = ["no file"]
        if bool(problems) == (config is not None):
            raise Fault(f"the two readings don't agree: {problems}, {config}")
        if config is None:
            return
        for agent in [*config.agents, "nobody"]:
            try:
                config.scope_for(agent).may_learn("testing")
            except InvalidInput:
                pass
        if chance.random() < 0.1:
            self.use(chance, environ)

    def use(self, chance, environ):
        """Commands end as documented with a configuration that was accepted."""
        before = dict(os.environ)
        os.environ.update(
            {name: value for name, value in environ.items() if "\0" not in value and name.startswith("ALMA_")}
        )
        try:
            ended = self.place.run(*chance.choice(COMMANDS), "--json")
        finally:
            os.environ.clear()
            os.environ.update(before)
        if ended.code not in (0, 1, 2, 3, 6) or "this is a bug" in ended.err + ended.out:
            raise Fault(f"{ended}")
        self.check_envelope(ended)

    def end(self):
        """Each configuration is another one, and what was learned by one isn't in the scopes of the next."""

    def drawn(self, chance):
        """The bytes of a file: mostly YAML with odd values."""
        top = {
            "project_id": chance.choice(["shop", drawing.text(chance)]),
            "storage": chance.choice(["local", "file", "azure", "sqlite"]),
        }
        for key in chance.sample(KEYS, chance.randint(0, 4)):
            *above, last = key.path.split(".")
            below = top
            for part in above:
                below = below.setdefault(part, {})
                if not isinstance(below, dict):
                    break
            else:
                below[last] = chance.choice(
                    [key.default, *key.choices, key.low, key.high, drawing.leaf(chance), SECRET, "${HOME}"]
                )
        if chance.random() < 0.5:
            top["agents"] = {drawing.name(chance): self.agent(chance) for _ in range(chance.randint(0, 3))}
        top = drawing.broken(chance, top, 0.2)
        shown = "alma:\n" + "".join(f"  {_key(chance, key)}: {_flow(value)}\n" for key, value in top.items())
        if chance.random() < 0.2:
            shown = (
                chance.choice(
                    [
                        "- ",
                        "!!python/object:os.system ",
                        "&a ",
                        "*a ",
                        "%YAML 9.9\n---\n",
                        "---\n---\n",
                        "\t",
                        "? ",
                        "<<: ",
                    ]
                )
                + shown
            )
        if chance.random() < 0.1:
            shown += chance.choice(
                [
                    f"  # {SECRET}\n",
                    "  x: [" * 300,
                    "  ? {a: b}\n  : c\n",
                    "  a: |\n   x\n  b: >-\n\n",
                    "\x00",
                    "\x1b",
                    "\r\n",
                ]
            )
        return drawing.damaged(chance, shown.encode("utf-8", "surrogatepass"), 0.2)

    def agent(self, chance):
        given = {"can_learn": ["testing", {"name": "ui", "description": "d", "keywords": ["k"]}], "cannot_learn": ["secrets"],
                 "inherit_from": ["victor"], "share_with": ["*"], "min_occurrences_for_heuristic": 3}  # fmt: skip
        return drawing.broken(chance, {key: given[key] for key in chance.sample(list(given), 2)})

    def environment(self, chance):
        names = chance.sample(KEYS, 2) if chance.random() < 0.2 else []
        return {"HOME": os.environ["HOME"]} | {
            key.variable: drawing.text(chance)[:1000].replace("\0", "") for key in names
        }


def _key(chance, key):
    return json.dumps(key) if chance.random() < 0.2 else key


def _flow(value):
    """A value as YAML's flow style, which takes JSON."""
    return json.dumps(value, ensure_ascii=False)
