"""Commands whose options another process reads answer as if this one had read them."""

import json
import os
import signal
import subprocess
import sys

import pytest

from alma_cli.cli import answering, app
from alma_cli.cli.commands import COMMANDS

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # pytest's own threads wait, no more

ARGUMENTS = [
    ["retrieve", "Test the login form"],
    ["retrieve", "-", "--agent", "helena", "--kind", "outcome", "--kind", "anti-pattern", "-k", "3", "--json"],
    ["retrieve", "--min-score", "0.25", "--max-tokens=90", "--explain", "--", "--help"],
    ["retrieve", "caf\u00e9 \u2713 \udcff \x1b[31m {} \"'", "--wait", "1.5", "--dir", "/nowhere"],
    ["learn", "--task", "a", "--outcome", "success", "--label", "a=b", "--label", "c=d=e", "--duration-ms", "12"],
    ["learn", "--batch", "-", "--yes"],
    ["hook", "post-commit", "HEAD", "--deadline", "1"],
]
WRONG = [
    ["retrieve", "a", "--top-k", "many"],
    ["retrieve", "a", "b"],
    ["learn", "--nonsense"],
    ["learn", "--task", "a", "--agent", "helena"],
    ["retrieve", "--help"],
    ["retrieve", "a", "--agent", "helena", "--kind", "nothing"],
    ["retrieve", "", "--agent", "helena"],
    ["retrieve", "a", "--agent", "helena", "--dir", "/nowhere", "--json"],
]
LOADED = """
import sys
from alma_cli.cli import main
main(sys.argv[1:], is_alone=True)
print("typer" in sys.modules, "numpy" in sys.modules)
"""


@pytest.mark.parametrize("arguments", ARGUMENTS)
@pytest.mark.parametrize("directory", [None, "/some/where"])
def test_the_options_are_the_same_wherever_they_are_read(arguments, directory):
    command = COMMANDS[arguments[0]]
    beside = answering.read_beside(command, arguments, directory)
    assert beside == json.loads(json.dumps(app.called(command.name, arguments, directory)))
    assert beside is not None


@pytest.mark.parametrize("argv", WRONG)
def test_what_is_wrong_is_said_by_this_process(run_alma, alma_process, argv):
    here, there = run_alma(*argv), alma_process(*argv)
    assert (here.code, here.err) == (there.returncode, there.stderr.decode())
    if "--json" not in argv:
        assert here.out == there.stdout.decode()


def test_a_whole_process_answers_as_this_one_does(run_alma, alma_process, learn):
    learn("Test the login form", strategy="Tried empty fields first")
    argv = ["retrieve", "-", "--agent", "helena", "--format", "prompt"]
    here, there = run_alma(*argv, stdin="Check the login form"), alma_process(*argv, input=b"Check the login form")
    assert "Tried empty fields first" in here.out
    assert (here.code, here.out, here.err) == (there.returncode, there.stdout.decode(), there.stderr.decode())


@pytest.mark.parametrize("argv", [["retrieve", "Test it", "--agent", "a"], ["learn", "--agent", "a", "--batch", "-"]])
def test_the_process_that_answers_loads_no_typer(project, argv):
    done = subprocess.run([sys.executable, "-c", LOADED, *argv], capture_output=True, stdin=subprocess.DEVNULL)
    assert "False True" == done.stdout.decode().splitlines()[-1], done.stderr


@pytest.mark.parametrize("end", [lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: os._exit(0), lambda: 1 / 0])
def test_a_reader_that_dies_leaves_the_reading_to_this_process(monkeypatch, end):
    monkeypatch.setattr(app, "called", lambda *_: end())
    assert answering.read_beside(COMMANDS["retrieve"], ["retrieve", "a"], None) is None


def test_without_another_process_this_one_reads(monkeypatch):
    def refused():
        raise BlockingIOError("no more processes")

    before = set(os.listdir("/proc/self/fd")) if sys.platform == "linux" else set()
    monkeypatch.setattr(os, "fork", refused)
    assert answering.read_beside(COMMANDS["retrieve"], ["retrieve", "a"], None) is None
    assert before == (set(os.listdir("/proc/self/fd")) if sys.platform == "linux" else set())
