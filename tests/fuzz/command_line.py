"""The command line: any command with some of its options, odd values for them, and lines of batches on stdin."""

import inspect
import typing

from alma_cli.cli.app import function_of
from alma_cli.cli.commands import COMMANDS, OWN_OUTPUT
from tests.fuzz import drawing
from tests.fuzz.doors import HARMFUL, Door, Fault

CODES = {0, 1, 2, 3, 4, 6}
"""The documented ones, but for those of a busy store and of an interrupt, of which there is none here."""

MOST_OF_ERRORS = 20_000
"""Characters on stderr: a hundred lines of refusals, at most."""

LEFT_OUT = {"mcp", "hook", "demo"}
"""They have doors of their own, and the demo takes no input."""

OUTCOME = {
    "agent": "helena", "task": "Test the login form", "outcome": "success", "strategy": "Tested empty fields", "domain": "testing",
    "when": "a form is tested", "do": "test empty fields", "feedback": "fine", "error": "Timed out", "duration_ms": 1200,
    "at": "2026-01-31T09:30:00Z", "labels": {"build": "1187"}, "key": "k1", "used": [], "retrieval": "", "followed": "",
}  # fmt: skip
RECORDS = [
    {"kind": "knowledge", "agent": "helena", "domain": "ui", "fact": "CI has two cores", "source": "wiki", "confidence": 0.5},
    {"kind": "preference", "agent": "_project", "preference": "Short answers", "user_id": "u", "category": "style", "labels": {}},
    {"kind": "outcome", "agent": "victor", "domain": "api", "task": "t", "outcome": "failure", "strategy": "s", "at": "2026-01-31",
     "created_at": "2026-01-31T00:00:00Z", "updated_at": "2026-01-31T00:00:00Z", "archived": False, "origin": "observed"},
    {"kind": "heuristic", "agent": "helena", "domain": "testing", "condition": "c", "strategy": "s", "occurrences": 3,
     "successes": 2.5, "confidence": 0.4, "origin": "authored", "last_validated_at": "2026-01-31"},
    {"kind": "anti_pattern", "agent": "helena", "domain": "testing", "pattern": "p", "why_bad": "w", "better_alternative": "b",
     "occurrences": 3, "successes": 0, "last_seen_at": "2026-01-31"},
    {"kind": "credit", "agent": "helena", "target": "0" * 32, "value": 1, "outcome_id": "", "at": "2026-01-31"},
]  # fmt: skip
WORDS = [{"when": "a form is tested", "do": "look first", "outcomes": ["o1"]}, {"same": "abc", "outcomes": ["abc"]},
         {"rename": "S1", "when": "w"}, {"merge": ["S1"], "into": "S2"}, {"move": ["o1"], "when": "w", "do": "d"}, {"unclear": ["o1"]}]  # fmt: skip


def lines(chance):
    """Lines for a batch, an import or a worksheet's answer."""
    templates = [OUTCOME, *RECORDS, *WORDS]
    drawn = [
        drawing.written(chance, drawing.broken(chance, chance.choice(templates))) for _ in range(chance.randint(1, 4))
    ]
    if chance.random() < 0.5:
        drawn = [drawing.written(chance, drawing.broken(chance, OUTCOME, 0.4)) for _ in drawn]
    return drawing.damaged(chance, b"\n".join(drawn))


class CommandLine(Door):
    name = "command line"
    may_name_paths = True

    def __init__(self, place):
        super().__init__(place)
        self.commands = [
            (command.name, sub)
            for command in COMMANDS.values()
            if command.name not in LEFT_OUT
            for sub in (*command.subcommands, *([""] if command.alone or not command.subcommands else []))
        ]
        place.run(
            "learn",
            "--batch",
            "-",
            stdin=b"\n".join(drawing.json.dumps(OUTCOME | {"key": f"k{n}"}).encode() for n in range(3)),
        )
        place.run("import", "-", stdin=b"\n".join(drawing.json.dumps(record).encode() for record in RECORDS[:2]))
        self.ids = [record.id for record in place.alma().memories(limit=20)]

    def begin(self):
        with open("file.ndjson", "wb") as file:
            file.write(b'{"kind": "knowledge", "agent": "helena", "fact": "f", "domain": "ui"}\n')

    def one(self, chance):
        argv, stdin = self.drawn(chance)
        self.given = argv, stdin[:3000]
        ended = self.place.run(*argv, stdin=stdin)
        own_output = bool(argv) and argv[0] in OWN_OUTPUT
        if ended.code not in CODES and "run" not in argv:
            raise Fault(f"an exit code that isn't documented: {ended}")
        if "this is a bug" in ended.err + ended.out or "Traceback" in ended.err:
            raise Fault(f"a crash: {ended}")
        if ended.code and not own_output and not ended.err and '"ok": false' not in ended.out:
            raise Fault(f"it failed without a word: {ended}")
        if HARMFUL.search(ended.err) or (HARMFUL.search(ended.out) and not own_output):
            raise Fault(f"what it printed may do something: {ended}")
        if len(ended.err) > MOST_OF_ERRORS:
            raise Fault(f"{len(ended.err)} characters of errors: {ended.err[:500]}")
        if "--json" in argv[:-1] and "--" not in argv and not own_output and ended.out[:1] == "{":
            self.check_envelope(ended)

    def drawn(self, chance):
        """Arguments, and what is piped in."""
        if chance.random() < 0.02:
            return [self.text(chance) for _ in range(chance.randint(0, 4))], b""
        command, sub = chance.choice(self.commands)
        argv = [command, *([sub] if sub else [])]
        signature = inspect.signature(function_of(COMMANDS[command], sub), eval_str=True)
        for parameter in signature.parameters.values():
            argv += self.argument(chance, parameter)
        if chance.random() < 0.05:
            argv.insert(chance.randint(0, len(argv)), self.text(chance))
        if chance.random() < 0.05:
            argv = ["--dir", chance.choice([".", *drawing.PATHS]), *argv]
        if chance.random() < 0.3 and command not in OWN_OUTPUT:
            argv.append("--json")
        if chance.random() < 0.5:
            argv.append("--yes")
        stdin = lines(chance) if chance.random() < 0.8 else drawing.text(chance).encode("utf-8", "surrogatepass")
        return [argument.replace("\0", "") for argument in argv], stdin  # as the system has it

    def argument(self, chance, parameter):
        """The arguments for a parameter of a command's function; none, if it is left out."""
        if not typing.get_args(parameter.annotation):
            return []  # Typer's own
        declared, option = typing.get_args(parameter.annotation)[:2]
        names = [name for name in getattr(option, "param_decls", ()) or () if name.startswith("-")]
        if not names and hasattr(option, "param_decls") and type(option).__name__ == "OptionInfo":
            names = [f"--{parameter.name.replace('_', '-')}"]
        required = parameter.default is inspect.Parameter.empty
        if chance.random() > (0.95 if required else 0.75 if not names else 0.25):
            return []
        if not names:
            return [
                self.value(chance, parameter.name)
                for _ in range(1 if "list" not in str(declared) else chance.randint(1, 3))
            ]
        name = chance.choice(names).split("/")[0]
        if declared is bool:
            return [name]
        if parameter.name in ("batch", "apply"):
            return [name, chance.choice(["-", "file.ndjson", self.value(chance, parameter.name)])]
        if parameter.name == "deadline" or parameter.name.startswith("timeout"):
            return [name, "1"]
        given = self.value(chance, parameter.name)
        return [f"{name}={given}"] if chance.random() < 0.3 else [name, given]

    def value(self, chance, parameter):
        """A value for a parameter of this name: often one that fits."""
        fitting = {
            "agent": ["helena", "victor"], "domain": drawing.DOMAINS, "outcome": ["success", "failure", "partial"],
            "task": ["Test the login form"], "id": self.ids, "ids": self.ids, "used": self.ids, "followed": self.ids,
            "kind": ["outcome", "heuristic", "anti-pattern", "preference", "knowledge"], "at": drawing.TIMES, "since": drawing.TIMES,
            "format": ["table", "prompt", "json"], "file": ["-", "file.ndjson", "out.ndjson"], "label": ["a=b", "a=", "=b"],
            "target": ["claude", "git", "pre-commit", "github", "codex", "agents-md", "skill"], "command": ["echo", "true", "false"],
        }.get(parameter, [])  # fmt: skip
        if fitting and chance.random() < 0.7:
            given = chance.choice(fitting)
            return given[: chance.choice([32, 32, 8, 1])] if given in self.ids else given
        return chance.choice([self.text, self.text, lambda _: str(drawing.number(chance))[:500], lambda _: chance.choice(drawing.PATHS),
                              lambda _: chance.choice(self.ids), drawing.time, drawing.id])(chance)  # fmt: skip

    def text(self, chance):
        """A text as an argument: what isn't UTF-8 comes as lone surrogates, as Python gives it."""
        return drawing.text(chance)[:100_000].replace("\ud800", "\udc80")
