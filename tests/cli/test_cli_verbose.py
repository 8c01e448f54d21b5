"""`--verbose` and `ALMA_DEBUG`: what happens is told on stderr, and never what a memory says."""

import json
import logging
import re
import subprocess
import sys

import pytest

from alma_cli.api import ALMA
from alma_cli.cli.commands import COMMANDS

SECRET = "zebra quagga okapi"
LINE = re.compile(r"^ *\d+ ms (INFO |DEBUG) \S")
FILE_REMOTE = "alma:\n  project_id: shop\n  storage: file\n  file: {path: shared}\n"
WHOLE_NAMES = [
    name.split()
    for command in COMMANDS.values()
    for name in ([command.name] if command.alone else []) + ([f"{command.name} {each}" for each in command.subcommands])
    or [command.name]
]


def log_of(finished):
    """The lines of the log in what was told, with the times taken out."""
    return [line.split(" ms ", 1)[1] for line in finished.err.splitlines() if LINE.match(line)]


@pytest.mark.parametrize("name", WHOLE_NAMES, ids=" ".join)
def test_every_command_takes_it(run_alma, name):
    assert "\n  --verbose " in run_alma("help", *name).out


@pytest.mark.parametrize("where", ["before", "behind", "beside --dir"])
def test_the_steps_are_told_on_stderr_and_stdout_stays_as_it_is(run_alma, project, learn, where):
    learn("Test the login form")
    argv = ["retrieve", "test the login form", "--agent", "helena"]
    quiet = run_alma(*argv)
    told = run_alma(
        *{
            "before": ["--verbose", *argv],
            "behind": [*argv, "--verbose"],
            "beside --dir": ["--verbose", "--dir", str(project), *argv],
        }[where]
    )
    assert (quiet.code, quiet.out) == (told.code, told.out)
    log = log_of(told)
    assert [line for line in log if not line.startswith("INFO ")] == []
    for step in ("ALMA ", "memory in ", "texts embedded: 1", "opened ", "memories searched: 1"):
        assert [line for line in log if line.startswith(f"INFO  {step}")], step
    assert quiet.err == run_alma(*argv).err  # what was asked for once is not told later


@pytest.mark.parametrize(("value", "levels"), [("1", {"INFO", "DEBUG"}), ("0", set()), ("", set()), ("off", set())])
def test_the_variable_tells_in_detail(run_alma, learn, monkeypatch, value, levels):
    id = learn("Test the login form")
    monkeypatch.setenv("ALMA_DEBUG", value)
    log = log_of(run_alma("retrieve", "test the login form", "--agent", "helena"))
    assert levels == {line.split()[0] for line in log}
    assert bool(levels) == any(id in line for line in log)


def test_json_stays_one_object(run_alma, learn):
    learn("Test the login form")
    finished = run_alma("stats", "--verbose", "--json")
    assert json.loads(finished.out)["ok"]
    assert log_of(finished)


def test_behind_two_dashes_it_is_the_commands_own(run_alma):
    assert log_of(run_alma("run", "--agent", "a", "--", "true", "--verbose")) == []
    assert log_of(run_alma("run", "--agent", "a", "--verbose", "--", "true"))


def test_no_line_has_what_a_memory_says(run_alma, configure, monkeypatch, project):
    configure(FILE_REMOTE)
    monkeypatch.setenv("ALMA_DEBUG", "1")
    words = SECRET.split()
    learned = run_alma("learn", "--agent", "a", "--task", SECRET, "--outcome", "failure", "--error", SECRET)
    id = learned.out.strip()
    done = [
        learned,
        run_alma("learn", "--batch", "-", stdin=json.dumps({"agent": "a", "task": SECRET, "outcome": "success"})),
        run_alma("retrieve", SECRET, "--agent", "a", "--explain", "--format", "json"),
        run_alma("add", "knowledge", SECRET, "--agent", "a", "--source", SECRET, "--json"),
        run_alma("correct", id, f"{SECRET} again"),
        run_alma("sync", "--json"),
        run_alma("reindex", "--all"),
        run_alma("forget", id, "--yes"),
        run_alma("doctor", "--json"),
    ]
    assert [] == [finished for finished in done if finished.code]
    lines = [line for finished in done for line in log_of(finished)]
    assert [line for line in lines if any(word in line for word in words)] == []
    for step in ("wrote to the journal: ", "operations folded in: 1", "waited 0 ms for ", "synchronising with "):
        assert [line for line in lines if step in line], step


@pytest.mark.slow
def test_in_a_hook_it_goes_to_the_log_of_hooks(alma_process, learn, project):
    learn("Test the login form", strategy="Try empty fields")
    event = json.dumps({"session_id": "s", "prompt": "Test the login form"}).encode()
    argv = ["hook", "user-prompt-submit", "--agent", "helena", "--deadline", "60"]
    finished = alma_process(*argv, input=event, environ={"ALMA_DEBUG": "1"})
    assert (0, b"") == (finished.returncode, finished.stderr)
    assert "Test the login form" in json.loads(finished.stdout)["hookSpecificOutput"]["additionalContext"]
    log = (project / ".alma/log/hooks.log").read_text("utf-8")
    assert "INFO memories searched: 1" in log
    assert "INFO user-prompt-submit, turn 1: memories given: 1" in log
    assert "login" not in log


def test_a_program_hears_it_through_its_own_logging(project, caplog):
    alma = ALMA.find(directory=project)
    with caplog.at_level(logging.DEBUG, logger="alma"):
        alma.learn("a", "Test the login form", "success")
    assert {"store", "session"} <= {record.module for record in caplog.records}
    assert {"alma"} == {record.name for record in caplog.records}


@pytest.mark.slow
def test_nobody_who_does_not_ask_imports_logging(project):
    code = "import sys; from alma_cli.cli import main; main(sys.argv[1:]); print('logging' in sys.modules)"
    argv = ["learn", "--agent", "a", "--task", "Test the login form", "--outcome", "success"]
    done = subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True)
    assert "False" == done.stdout.splitlines()[-1]
