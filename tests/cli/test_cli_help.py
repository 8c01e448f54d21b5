"""What a user can find out from the command line itself."""

import re

import pytest

from alma_cli import __version__
from alma_cli.cli.commands import COMMANDS, MEANT

PAGES = [
    *([name] for name in COMMANDS),
    *([name, subcommand] for name, command in COMMANDS.items() for subcommand in command.subcommands),
]


def page_id(argv):
    return " ".join(argv)


@pytest.mark.parametrize(
    "argv", [["--help"], ["-h"], ["help"], ["--dir", "/nowhere", "-h"], ["--dir=/nowhere", "--help"]]
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
def test_help_names_what_each_option_takes_and_fits_80_columns(run_alma, argv):
    shown = run_alma(*argv, "--help").out
    options = shown.partition("\nOptions:\n")[2]
    assert not re.search(r"<[a-z ]+>|INTEGER|FLOAT|x>=|<=x", shown)
    assert options
    assert 80 >= max(map(len, shown.splitlines()))


def test_help_of_a_command_by_the_word_help(run_alma):
    assert run_alma("learn", "--help") == run_alma("help", "learn")
    assert run_alma("add", "knowledge", "--help") == run_alma("help", "add", "knowledge")


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
        (["help", "lern"], "there is no command 'lern'", "did you mean `alma learn`?"),
    ],
)
def test_a_mistyped_command_is_answered_with_what_was_probably_meant(run_alma, argv, message, hint):
    assert (2, "", f"error: {message}\nhint: {hint}\n") == run_alma(*argv)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["learn", "--taks", "x"], "no such option: --taks (Possible options: --at, --ok, --task)"),
        (["learn", "--outcome"], "option '--outcome' requires an argument"),
        (["show"], "missing argument 'ID'"),
        (["stats", "extra"], "got unexpected extra argument(s) (extra)"),
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
    assert finished.err.endswith("hint: `alma add knowledge --help` shows what it takes\n")


def test_every_name_of_other_tools_leads_to_a_command_that_is_there():
    for name, meant in MEANT.items():
        assert name not in COMMANDS
        assert meant.split()[0] in {*COMMANDS, "--version"}


def test_a_capital_v_asks_for_the_version_too(run_alma):
    assert run_alma("--version") == run_alma("-V")
