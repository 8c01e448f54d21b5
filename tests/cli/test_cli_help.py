"""What a user can find out from the command line itself."""

import re

import pytest

from alma_cli import __version__
from alma_cli.cli.commands import COMMANDS, MEANT, MEANT_BELOW

PAGES = [
    *([name] for name in COMMANDS),
    *([name, subcommand] for name, command in COMMANDS.items() for subcommand in command.subcommands),
]


def page_id(argv):
    return " ".join(argv)


@pytest.mark.parametrize(
    "argv",
    [
        ["--help"],
        ["-h"],
        ["help"],
        ["help", "help"],
        ["help", "-h"],
        ["--dir", "/nowhere", "-h"],
        ["--dir=/nowhere", "--help"],
    ],
)
def test_the_overview_lists_every_command(run_alma, argv):
    finished = run_alma(*argv)
    assert (0, "") == (finished.code, finished.err)
    listed, more = finished.out.partition("\nOptions:")[0].split("\nMore:\n")
    told = re.findall(r"^  ([a-z]+) .*  ", listed, re.MULTILINE) + re.findall(r"[a-z]+", more)
    assert list(COMMANDS) == told


def test_the_overview_is_read_at_a_glance(run_alma):
    lines = run_alma("--help").out.splitlines()
    assert (True, True) == (len(lines) <= 40, max(map(len, lines)) <= 80)


@pytest.mark.parametrize("argv", PAGES, ids=page_id)
def test_every_command_has_help_with_an_example(run_alma, argv):
    finished = run_alma(*argv, "--help")
    assert (0, "") == (finished.code, finished.err)
    assert finished.out.startswith(f"Usage: alma {' '.join(argv)} ")
    examples = finished.out.partition("\n  Examples:\n")[2].partition("\n\n")[0]
    assert f"alma {' '.join(argv)}" in examples
    assert finished == run_alma(*argv, "-h")


@pytest.mark.parametrize("argv", PAGES, ids=page_id)
def test_the_help_of_every_command_fits_a_screen_of_24_lines_and_names_all_its_options(run_alma, argv):
    lines = run_alma(*argv, "--help").out.splitlines()
    assert (True, True) == (len(lines) <= 23, max(map(len, lines)) <= 80)
    names = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", run_alma("help", *argv).out, re.MULTILINE)
    assert [] == [name for name in names if not re.search(rf"(?<![\w-]){name}(?![\w-])", "\n".join(lines))]
    assert "--help" in names


@pytest.mark.parametrize("argv", PAGES, ids=page_id)
def test_the_word_help_tells_what_each_option_takes_and_means(run_alma, argv):
    shown = run_alma("help", *argv).out
    assert not re.search(r"<[a-z ]+>|INTEGER|FLOAT|x>=|<=x|None", shown)
    assert re.search(r"^  -h, --help  +Show this", shown, re.MULTILINE)
    assert 80 >= max(map(len, shown.splitlines()))


def test_help_that_fits_is_whole(run_alma):
    assert run_alma("show", "--help") == run_alma("help", "show")
    assert run_alma("add", "--help") == run_alma("help", "add")


def test_help_that_does_not_fit_names_the_rest_and_says_where_it_is(run_alma):
    shown = run_alma("learn", "--help").out
    assert shown.endswith("Common: --wait, --dir, --verbose, --yes, --json, --help\n`alma help learn` explains each.\n")
    assert "  --dry-run          With --from-git, only show" in run_alma("help", "learn").out
    assert "\n`alma help add knowledge` explains each.\n" in run_alma("add", "knowledge", "--help").out


@pytest.mark.parametrize("columns", [60, 40, 20])
@pytest.mark.parametrize("argv", [["learn", "--help"], ["help", "search"], ["help", "add"], ["--help"]], ids=page_id)
def test_help_is_no_wider_than_the_terminal_and_loses_no_word(run_on_terminal, run_alma, argv, columns):
    shown = run_on_terminal(*argv, columns=columns).out
    assert columns >= max(map(len, shown.splitlines()))
    if columns == 60 and argv[0] != "learn":
        assert set(re.findall(r"[\w-]{4,}", run_alma(*argv).out)) <= set(re.findall(r"[\w-]{4,}", shown)) | {"----"}


def test_what_is_told_breaks_between_words(run_on_terminal):
    assert ["error: there is no", "command 'lern'", "hint: did you mean", "`alma learn`?"] == [
        re.sub(r"\x1b\[\d*m", "", line) for line in run_on_terminal("lern", columns=20).out.splitlines()
    ]


def test_the_version(run_alma):
    assert (0, f"alma {__version__}\n", "") == run_alma("--version")


@pytest.mark.parametrize(
    ("argv", "message", "hint"),
    [
        (["retreive", "x"], "there is no command 'retreive'", "did you mean `alma retrieve`?"),
        (["xyz"], "there is no command 'xyz'", "`alma --help` lists the commands"),
        (["\x1b[31m"], "there is no command '\\x1b[31m'", "`alma --help` lists the commands"),
        (
            ["--jsn"],
            "there is no option '--jsn' before the command",
            "write options after it, as in `alma retrieve TASK --json`",
        ),
        (["--dir"], "--dir needs a path", "alma --dir PATH COMMAND"),
        (["add", "knowlege", "x"], "there is no `alma add knowlege`", "did you mean `alma add knowledge`?"),
        (
            ["add", "the tests are slow"],
            "there is no `alma add the tests are slow`",
            "`alma add` takes preference, knowledge, heuristic or anti-pattern",
        ),
        (
            ["add"],
            "what follows `alma add` is missing",
            "`alma add` takes preference, knowledge, heuristic or anti-pattern",
        ),
        (["config"], "what follows `alma config` is missing", "`alma config` takes show, check, set or rename"),
        (
            ["config", "--all"],
            "what follows `alma config` is missing",
            "`alma config` takes show, check, set or rename",
        ),
        (["rm", "abc"], "there is no command 'rm'", "it is `alma forget` here"),
        (["ls"], "there is no command 'ls'", "it is `alma list` here"),
        (["find", "x"], "there is no command 'find'", "it is `alma search` here"),
        (["version"], "there is no command 'version'", "it is `alma --version` here"),
        (["set", "wait_s", "5"], "there is no command 'set'", "it is `alma config set` here"),
        (["prune"], "there is no command 'prune'", "it is `alma forget --stale` here"),
        (["config", "get", "wait_s"], "there is no `alma config get`", "it is `alma config show` here"),
        (["help", "lern"], "there is no command 'lern'", "did you mean `alma learn`?"),
    ],
)
def test_a_mistyped_command_is_answered_with_what_was_probably_meant(run_alma, argv, message, hint):
    assert (2, "", f"error: {message}\nhint: {hint}\n") == run_alma(*argv)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["learn", "--bogus", "x"], "no such option: --bogus"),
        (["learn", "--outcome"], "option '--outcome' requires an argument"),
        (["show"], "missing argument 'ID'"),
        (["stats", "extra"], "`alma stats` has no place for 'extra'"),
        (["list", "--limit", "many"], "invalid value for '--limit' / '-n': 'many' is not a whole number"),
        (["list", "--wait", "long"], "invalid value for '--wait': 'long' is not a number"),
        (
            ["search", "x", "--sort", "best"],
            "invalid value for '--sort': 'best' is not one of 'relevance', 'newest', 'oldest'",
        ),
        (
            ["retrieve", "x", "--format", "yaml"],
            "invalid value for '--format': 'yaml' is not one of 'table', 'prompt', 'json'",
        ),
    ],
)
def test_a_mistaken_option_is_named(run_alma, argv, message):
    assert (2, "", f"error: {message}\nhint: `alma {argv[0]} --help` shows what it takes\n") == run_alma(*argv)


def test_a_subcommands_mistake_points_to_its_own_help(run_alma):
    finished = run_alma("add", "knowledge", "x", "--sorce", "wiki")
    hint = "did you mean --source? `alma add knowledge --help` shows what it takes"
    assert f"error: no such option: --sorce\nhint: {hint}\n" == finished.err


def test_every_name_of_other_tools_leads_to_a_command_that_is_there():
    for name, meant in MEANT.items():
        assert name not in COMMANDS
        assert meant.split()[0] in {*COMMANDS, "--version"}
    for name, meant in MEANT_BELOW.items():
        command, subcommand = meant.split()
        assert name.split()[1] not in COMMANDS[command].subcommands
        assert subcommand in COMMANDS[command].subcommands


def test_a_capital_v_asks_for_the_version_too(run_alma):
    assert run_alma("--version") == run_alma("-V")


@pytest.mark.parametrize(
    "argv",
    [
        ("help", "learn", "x", "--ok"),
        ("learn", "x", "--ok", "--help"),
        ("remember", "x", "--agent", "-h"),
        ("help", "correct", "abc", "--do"),
        ("help", "run", "--", "touch", "made"),
        ("sync", "--timeout", "--help"),
        ("help", "config", "set", "project_id", "x"),
    ],
)
def test_who_asks_for_help_runs_nothing(run_alma, project, argv):
    words = [word for word in argv if word not in ("help", "--help", "-h")]
    name = " ".join(words[: 2 if words[0] == "config" else 1])
    finished = run_alma(*argv)
    assert (0, True) == (finished.code, finished.out.startswith(f"Usage: alma {name} ["))
    assert not (project / "made").exists()
    assert "no memories" in run_alma("list").err


def test_help_behind_the_dashes_is_the_programs(alma_process):
    assert b"--help\n" == alma_process("run", "--", "printf", "%s\\n", "--help").stdout
