"""Which commands there are: enough to show the overview without loading any of them."""

from typing import NamedTuple


class Command(NamedTuple):
    """A command, what it does in a line, and the module of its function (or, with subcommands, of each).

    One that stands `alone` can be run without any of its subcommands too.
    """

    name: str
    usage: str
    summary: str
    module: str
    subcommands: tuple[str, ...] = ()
    alone: bool = False


GROUPS: tuple[tuple[str, tuple[Command, ...]], ...] = (
    (
        "The loop",
        (
            Command("init", "init", "make .alma/ here; safe to run again", "init"),
            Command("setup", "setup [TARGET]", "connect ALMA with all hosts that are found here", "setup"),
            Command("retrieve", "retrieve TASK", "what is worth knowing before doing TASK", "retrieve"),
            Command("learn", "learn", "record how a task went, and learn from it", "learn"),
            Command("reflect", "reflect", "general words for outcomes that have none", "reflect"),
        ),
    ),
    (
        "Memories",
        (
            Command("remember", "remember TEXT", "keep a fact; short for add knowledge", "remember"),
            Command(
                "add",
                "add KIND TEXT",
                "author one: preference, knowledge, heuristic, anti-pattern",
                "add",
                ("preference", "knowledge", "heuristic", "anti-pattern"),
            ),
            Command("search", "search WORDS", "memories of all kinds and agents, by words and meaning", "search"),
            Command("list", "list", "memories, newest first", "list_"),
            Command("show", "show ID", "one memory, whole", "show"),
            Command("edit", "edit ID", "change a memory in your editor, all of it", "edit"),
            Command("correct", "correct ID TEXT", "put right what a memory says; history keeps it", "correct"),
            Command("forget", "forget ID...", "remove memories for good", "forget"),
            Command("review", "review", "go through what is new, a key for each", "review"),
            Command("undo", "undo [ID]", "take back your last write, a forget too", "undo"),
            Command("feedback", "feedback ID", "say that a memory --helped or --misled", "feedback"),
        ),
    ),
    (
        "Every day",
        (
            Command("status", "status", "where this project stands; so does `alma` alone", "status"),
            Command("log", "log [ID]", "what was done, by whom, and earlier versions", "log"),
            Command("report", "report", "one HTML page: what was learned, and what it changed", "report"),
            Command("sync", "sync [status]", "reconcile with the shared copy", "sync", ("status",), alone=True),
            Command("doctor", "doctor", "check that everything works", "doctor"),
        ),
    ),
    (
        "More",
        (
            Command("run", "run -- COMMAND", "run COMMAND, and learn from how it ended", "run"),
            Command("install", "install TARGET", "let claude, git, pre-commit or github call ALMA", "install"),
            Command("uninstall", "uninstall TARGET", "take that out again, byte for byte", "install"),
            Command("publish", "publish", "the rules as an Agent Skill, or in AGENTS.md", "publish"),
            Command("mcp", "mcp", "an MCP server on stdio, for agents' hosts", "mcp"),
            Command("hook", "hook EVENT", "what installed hooks call; JSON on stdin", "hook"),
            Command("cloud", "cloud create", "make the database and container to share through", "cloud", ("create",)),
            Command("stats", "stats", "how much is remembered", "stats"),
            Command("agents", "agents", "scopes, and what each agent learned and sees", "agents"),
            Command("reindex", "reindex", "give memories vectors by the configured model", "reindex"),
            Command(
                "config",
                "config SUBCOMMAND",
                "the configuration and where it comes from; the project's name",
                "config",
                ("show", "check", "set", "rename"),
            ),
            Command("completion", "completion", "complete words in bash, zsh and fish", "completion"),
            Command("export", "export [FILE]", "all memories as NDJSON, lossless", "export"),
            Command("import", "import FILE|-", "memories from NDJSON, or facts from Markdown", "import_"),
            Command("demo", "demo", "all of this in a temporary project, in ten seconds", "demo"),
        ),
    ),
)
"""Those under `More` are only named in the overview, which is to be read at a glance."""

COMMANDS: dict[str, Command] = {command.name: command for _, commands in GROUPS for command in commands}

MEANT = {
    "rm": "forget",
    "delete": "forget",
    "remove": "forget",
    "find": "search",
    "grep": "search",
    "query": "search",
    "ls": "list",
    "cat": "show",
    "get": "show",
    "history": "log",
    "revert": "undo",
    "fix": "correct",
    "update": "correct",
    "save": "remember",
    "note": "remember",
    "store": "remember",
    "record": "learn",
    "archive": "forget --stale",
    "prune": "forget --stale",
    "restore": "undo",
    "rename": "config rename",
    "backup": "export",
    "recall": "retrieve",
    "check": "doctor",
    "push": "sync",
    "pull": "sync",
    "serve": "mcp",
    "set": "config set",
    "version": "--version",
}
"""What people type who know other tools, and how it is called here."""

MEANT_BELOW = {
    "add fact": "add knowledge",
    "add note": "add knowledge",
    "add rule": "add heuristic",
    "add avoid": "add anti-pattern",
    "config get": "config show",
    "config list": "config show",
    "config edit": "config set",
    "config unset": "config set",
}
"""The same of subcommands; kinds are also called as lists call them."""

OWN_FORMATS = frozenset({"retrieve", "reflect"})
"""The commands that have formats besides JSON; of any other `--format json` is `--json`."""

OWN_OUTPUT = frozenset({"export", "run", "hook", "mcp"})
"""The commands whose stdout is not ours to put a JSON envelope on."""


def welcome(version: str, why: str) -> str:
    """The answer of `alma` alone where no project is."""
    return "\n".join(
        [
            f"ALMA {version}: a memory that lets AI agents learn from what happened.",
            f"There is {why}. To begin, in a project's folder:",
            "  alma init                                   make .alma/, once",
            "  alma setup                                  connect the agents found there",
            '  alma learn "Test login" --ok "With a stub"  record how a task went',
            '  alma retrieve "Test the login form"         what to know before the next',
            "",
            "See it work in ten seconds:  alma demo",
            "Every command:               alma --help",
            "More about one of them:      alma COMMAND --help",
        ]
    )


def overview(version: str) -> str:
    """The overview of `alma --help`: at most 40 lines of 80 columns."""
    import textwrap

    lines = [
        f"ALMA {version}: a memory that lets AI agents learn from what happened.",
        "Usage: alma [--dir PATH] [--verbose] COMMAND [OPTIONS] [ARGUMENTS]",
    ]
    for title, commands in GROUPS:
        lines += ["", f"{title}:"]
        if title == "More":
            names = ", ".join(command.name for command in commands)
            lines += textwrap.wrap(names, 80, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
        else:
            lines += [f"  {command.usage:<18} {command.summary}" for command in commands]
    lines += [
        "",
        "Options:",
        "  --dir PATH         the project's folder [else ALMA_DIR, else upwards]",
        "  --verbose          tell on stderr what happens; ALMA_DEBUG=1 tells more",
        "  --color WHEN       auto, always or never; --no-pager shows all at once",
        "  --version, --help  `alma COMMAND --help` in short; `alma help COMMAND` all",
    ]
    return "\n".join(lines)
