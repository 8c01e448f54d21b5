"""With --json every command prints one object, whatever happens, and ends with the same exit code as without."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from alma_cli.cli.commands import COMMANDS, OWN_OUTPUT

ENVELOPE = json.loads((Path(__file__).parents[2] / "docs/schemas/envelope.schema.json").read_text())

COMMAND_LINES = {
    "init": [],
    "retrieve": ["test the login form", "--agent", "helena"],
    "learn": ["--agent", "helena", "--task", "Test the login form", "--outcome", "success"],
    "reflect": ["--agent", "helena"],
    "add preference": ["Write commit messages in English"],
    "add knowledge": ["CI has two cores", "--agent", "helena"],
    "add heuristic": ["a selector breaks", "--strategy", "use data-testid", "--agent", "helena"],
    "add anti-pattern": ["sleeping before a click", "--agent", "helena"],
    "search": ["login form"],
    "list": [],
    "show": ["ID"],
    "remember": ["CI has 2 cores", "--project-wide"],
    "correct": ["ID", "Test the sign-in form"],
    "forget": ["ID"],
    "review": [],
    "undo": [],
    "feedback": ["ID", "--helped"],
    "log": ["ID"],
    "sync": [],
    "sync status": [],
    "status": [],
    "stats": [],
    "agents": [],
    "doctor": [],
    "reindex": [],
    "config show": [],
    "config check": [],
    "config set": ["wait_s", "5"],
    "import": ["-"],
    "install": ["claude", "--dry-run"],
    "uninstall": ["claude", "--dry-run"],
    "publish": ["--agent", "helena"],
    "setup": ["skill", "--dry-run"],
}
"""Every command with arguments it succeeds with; ID stands for a memory's."""

DATA = {
    "init": ["project_id", "config", "created", "next"],
    "retrieve": [
        "retrieval_id",
        "agent",
        "task",
        "when",
        "tokens",
        "retrieval_ms",
        "considered",
        "anti_patterns",
        "heuristics",
        "preferences",
        "knowledge",
        "outcomes",
    ],
    "learn": ["id", "domain", "queued", "duplicate", "differs", "forgotten", "heuristics", "anti_patterns", "similar"],
    "reflect": ["agent", "domain", "left", "outcomes", "known"],
    "remember": ["id", "kind", "domain", "added", "same_as", "hides", "similar", "queued"],
    "add": ["id", "kind", "domain", "added", "same_as", "hides", "similar", "queued"],
    "search": ["memories", "considered", "sure", "more"],
    "list": ["memories", "more"],
    "forget": ["forgotten", "queued"],
    "review": ["answered", "left", "waiting"],
    "undo": ["undone", "queued"],
    "log": ["audit", "versions"],
    "sync": [
        "remote",
        "busy",
        "dry_run",
        "pulled",
        "pushed",
        "merged",
        "forgotten",
        "conflict_count",
        "conflicts",
        "set_aside",
        "missing",
        "vectors_written",
        "derived_written",
        "pending",
        "requests",
        "request_charge",
        "seconds",
        "plan",
        "notes",
    ],
    "sync status": [
        "remote",
        "answers",
        "trouble",
        "joined",
        "synced_at",
        "pending",
        "pending_by_agent",
        "blocked",
        "conflicts",
        "set_aside",
        "model",
        "remote_model",
        "same_rules",
    ],
    "status": [
        "project_id",
        "folder",
        "memories",
        "archived",
        "emptied_since",
        "agents",
        "rules",
        "waiting",
        "last",
        "sync",
        "hosts",
        "hook_troubles",
        "next",
    ],
    "stats": ["total", "forgotten", "waiting", "store_bytes", "models", "outcomes", "tallies"],
    "agents": ["agents"],
    "doctor": ["checks"],
    "reindex": ["embedded", "derived_changed", "model"],
    "config show": ["settings"],
    "config check": ["path", "problems"],
    "config set": ["key", "value", "origin", "before"],
    "import": ["imported", "queued", "present", "forgotten", "derived", "refused"],
    "install": ["target", "changes", "changed", "notes"],
    "uninstall": ["target", "changes", "changed", "notes"],
    "publish": ["name", "rules", "left_out", "changes", "changed"],
    "setup": ["targets", "changed"],
}


def test_every_command_is_here():
    named = {line.partition(" ")[0] for line in COMMAND_LINES}
    elsewhere = {
        "cloud",
        "completion",
        "demo",
        "edit",
        "report",
    }  # tests/cli/test_cli_cloud.py, test_cli_edit.py, ...; tests/test_docs.py
    assert named == set(COMMANDS) - OWN_OUTPUT - elsewhere


@pytest.fixture
def shared(monkeypatch):
    """A folder to synchronise with."""
    monkeypatch.setenv("ALMA_STORAGE", "file")
    monkeypatch.setenv("ALMA_FILE_PATH", "../shared")


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("command", COMMAND_LINES)
def test_a_success_has_data_and_no_error(run_json, learn, command):
    id = learn("Test the login form")
    envelope = run_json(*command.split(), *(id if part == "ID" else part for part in COMMAND_LINES[command]))
    Draft202012Validator(ENVELOPE).validate(envelope)
    assert (command, []) == (envelope["command"], envelope["warnings"])
    expected = DATA.get(command) or DATA.get(command.partition(" ")[0])
    if expected:
        assert expected == list(envelope["data"])
    else:  # a record
        assert ["kind", "id", "project_id", "agent", "domain"] == list(envelope["data"])[:5]


@pytest.mark.parametrize("command", ["list", "learn", "sync status", "add knowledge"])
@pytest.mark.parametrize("spelling", [["--format", "json"], ["--format=json"]])
def test_format_json_is_json(run_alma, run_json, shared, command, spelling):
    argv = [*command.split(), *COMMAND_LINES[command]]
    finished = run_alma(*argv, *spelling)
    assert (0, list(run_json(*argv)["data"])) == (finished.code, list(json.loads(finished.out)["data"]))


@pytest.mark.parametrize(
    "argv", [["list", "--format", "yaml"], ["list", "--", "--format=json"], ["export", "--format=json"]]
)
def test_another_format_is_none(run_alma, argv):
    finished = run_alma(*argv)
    assert (2, "") == (finished.code, finished.out)


@pytest.mark.parametrize("command", [line for line in COMMAND_LINES if line != "init"])
def test_a_missing_project_is_exit_3_with_json_and_without(run_alma, run_json, tmp_path, command):
    argv = [*command.split(), *COMMAND_LINES[command], "--dir", str(tmp_path)]
    envelope = run_json(*argv, code=3)
    Draft202012Validator(ENVELOPE).validate(envelope)
    message = f"{tmp_path} (--dir) has no .alma/config.yaml"
    hint = "`alma init` there makes one, or is --dir wrong?"
    assert (command, None) == (envelope["command"], envelope["data"])
    assert {"code": "no_project", "message": message, "hint": hint} == envelope["error"]
    assert (3, "", f"error: {message}\nhint: {hint}\n") == run_alma(*argv)


@pytest.mark.parametrize("command", COMMAND_LINES)
def test_a_usage_error_is_one_object_too(run_alma, run_json, command):
    argv = [*command.split(), *COMMAND_LINES[command], "--no-such-option"]
    envelope = run_json(*argv, code=2)
    assert (command, None, "usage") == (envelope["command"], envelope["data"], envelope["error"]["code"])
    assert envelope["error"]["message"].startswith("no such option: --no-such-option")
    assert 2 == run_alma(*argv).code


@pytest.mark.parametrize(
    ("argv", "code", "error"),
    [
        (["retrive"], 2, "usage"),
        (["add"], 2, "usage"),
        (["show", "0000"], 1, "not_found"),
        (["show", "xyz"], 2, "invalid_input"),
        (["learn", "--task", "x", "--outcome", "success", "--agent", "nobody"], 2, "invalid_input"),
        (
            ["learn", "--task", "x", "--outcome", "success", "--agent", "helena", "--domain", "backend_logic"],
            6,
            "scope_violation",
        ),
        (["import", "missing.ndjson"], 2, "invalid_input"),
    ],
)
@pytest.mark.usefixtures("scoped_project")
def test_failures_have_the_same_exit_code_with_json_and_without(run_alma, run_json, argv, code, error):
    assert error == run_json(*argv, code=code)["error"]["code"]
    finished = run_alma(*argv)
    assert (code, "") == (finished.code, finished.out)
    assert finished.err.startswith("error: ")


@pytest.mark.parametrize("spelling", [["--json"], ["--format", "json"], ["--format=json"]])
def test_json_is_recognised_in_a_command_line_that_can_not_be_parsed(run_alma, spelling):
    finished = run_alma("retrieve", "x", "--agent", "a", *spelling, "--nope")
    assert (2, "usage", "") == (finished.code, json.loads(finished.out)["error"]["code"], finished.err)


@pytest.mark.parametrize(
    "argv", [["retrieve", "--nope", "--", "--json"], ["retrieve", "write --format json", "--nope"]]
)
def test_a_task_that_speaks_of_json_does_not_ask_for_it(run_alma, argv):
    finished = run_alma(*argv)
    assert (2, "") == (finished.code, finished.out)


def test_what_goes_to_export_is_never_an_envelope(run_alma):
    finished = run_alma("export", "--json")
    assert (2, "") == (finished.code, finished.out)
    assert finished.err.startswith("error: no such option: --json")


def test_part_of_a_batch_has_data_and_an_error(run_json):
    lines = '{"task": "a", "outcome": "success", "agent": "x"}\n{"task": "b", "outcome": "won"}\n'
    envelope = run_json("learn", "--batch", "-", stdin=lines, code=1)
    Draft202012Validator(ENVELOPE).validate(envelope)
    assert (1, "partial_failure") == (envelope["data"]["learned"], envelope["error"]["code"])
    assert [
        {
            "line": 2,
            "code": "invalid_input",
            "message": "outcome: expected success or failure or partial, got 'won'",
            "hint": "",
        }
    ] == envelope["data"]["refused"]
