"""`alma learn`."""

import json
import re

import pytest

from alma_cli.store.inbox.lock import hold

USAGE = "alma learn TASK --ok HOW, or --failed HOW, or --outcome partial --strategy HOW"
OUTCOME = ["--agent", "helena", "--task", "Test the login form", "--outcome", "success"]


def lines(*values):
    return "".join(json.dumps(value) + "\n" for value in values)


def test_the_id_is_printed_on_stdout_and_the_rest_on_stderr(run_alma):
    finished = run_alma("learn", *OUTCOME)
    assert (0, "recorded a success in general\n") == (finished.code, finished.err)
    assert re.fullmatch("[0-9a-f]{32}\n", finished.out)


def test_every_option_is_stored(run_alma, run_json):
    used = run_json("learn", *OUTCOME)["data"]["id"]
    retrieval = run_json("retrieve", "test the login form", "--agent", "helena")["data"]["retrieval_id"]
    options = {
        "--strategy": "Tried empty fields",
        "--feedback": "thorough",
        "--error": "one field was missed",
        "--domain": "ui",
        "--duration-ms": "1200",
        "--at": "2026-01-31T10:30:00+01:00",
        "--when": "a form is tested",
        "--do": "try empty fields",
        "--key": "run-7",
        "--used": used[:8],
        "--retrieval": retrieval[:12],
    }
    flags = [part for option in options.items() for part in option]
    finished = run_alma("learn", *OUTCOME, *flags, "--label", "build=1187", "--label", "os=a=b", "--yes", "--wait", "5")
    assert (0, "recorded a success in ui\n") == (finished.code, finished.err)
    record = run_json("show", finished.out.strip())["data"]
    expected = {
        "agent": "helena",
        "task": "Test the login form",
        "outcome": "success",
        "strategy": "Tried empty fields",
        "feedback": "thorough",
        "error": "one field was missed",
        "domain": "ui",
        "duration_ms": 1200,
        "at": "2026-01-31T09:30:00Z",
        "when": "a form is tested",
        "do": "try empty fields",
        "labels": {"build": "1187", "os": "a=b"},
        "origin": "observed",
        "archived": False,
        "project_id": "shop",
    }
    assert expected == {key: record[key] for key in expected}
    credits = [json.loads(line) for line in run_alma("export").out.splitlines()]
    assert [(used, 1, record["id"])] == [(c["target"], c["value"], c["outcome_id"]) for c in credits if "target" in c]


def test_a_memory_that_guided_the_work_and_is_gone_by_now_costs_no_outcome(run_alma, run_json):
    gone, there = (run_json("learn", *OUTCOME)["data"]["id"] for _ in range(2))
    assert 0 == run_alma("forget", gone, "--yes").code
    finished = run_alma("learn", *OUTCOME, "--used", gone, "--used", there, "--used", "zz")
    told = [line for line in finished.err.splitlines() if line.startswith("warning: ")]
    assert 0 == finished.code
    assert [
        f"warning: not credited: no memory has an id that starts with {gone}",
        "warning: not credited: id: expected up to 32 hex digits, got 'zz'",
    ] == told
    credits = [json.loads(line) for line in run_alma("export").out.splitlines() if "target" in line]
    assert [(there, finished.out.strip())] == [(credit["target"], credit["outcome_id"]) for credit in credits]


def test_a_batch_keeps_what_was_guided_by_a_memory_that_is_gone(run_alma, run_json, tmp_path):
    line = {"agent": "helena", "task": "Test the cart", "outcome": "success", "used": ["abc"], "retrieval": "abc"}
    (tmp_path / "batch.ndjson").write_text(json.dumps(line))
    done = run_json("learn", "--batch", str(tmp_path / "batch.ndjson"))
    assert (1, []) == (done["data"]["learned"], done["data"]["refused"])
    assert [
        "line 1: not credited: no memory has an id that starts with abc",
        "line 1: `retrieval` was left out: no retrieve has the id abc",
    ] == done["warnings"]


def test_a_task_that_is_piped_in_is_read(run_alma, run_json):
    finished = run_alma("learn", "--ok", "Waited", stdin="Fix the login test\n")
    assert 0 == finished.code
    assert "Fix the login test" == run_json("show", finished.out.strip())["data"]["task"]


@pytest.mark.parametrize("missing", ["--task", "--outcome"])
def test_what_is_missing_is_named(run_alma, missing):
    place = OUTCOME.index(missing)
    finished = run_alma("learn", *OUTCOME[:place], *OUTCOME[place + 2 :])
    named = "TASK" if missing == "--task" else missing
    assert (2, "", f"error: {named} is missing\nhint: {USAGE}\n") == finished


@pytest.mark.parametrize(
    ("argv", "outcome", "strategy"),
    [
        (["Fix the login test", "--ok", "Waited"], "success", "Waited"),
        (["Fix the login test", "--failed", "Slept"], "failure", "Slept"),
        (["--task", "Fix the login test", "--ok", ""], "success", ""),
        (["Fix the login test", "--outcome", "partial", "--strategy", "Waited"], "partial", "Waited"),
    ],
)
def test_the_short_ways_say_the_same(argv, outcome, strategy, run_json, run_alma):
    run_json("learn", *argv)
    (record,) = [json.loads(line) for line in run_alma("export").out.splitlines()]
    assert ("me", "Fix the login test", outcome, strategy) == tuple(
        record[name] for name in ("agent", "task", "outcome", "strategy")
    )


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["x", "--task", "y", "--ok", "z"], "TASK and --task exclude each other"),
        (["x", "--ok", "y", "--failed", "z"], "--ok and --failed exclude each other"),
        (["x", "--ok", "y", "--outcome", "success"], "--ok says the outcome and the strategy already"),
        (["x", "--failed", "y", "--strategy", "z"], "--failed says the outcome and the strategy already"),
        (["x", "--batch", "-"], "--batch excludes TASK"),
        (["--ok", "y", "--batch", "-"], "--batch excludes --ok"),
        ([], "TASK is missing"),
    ],
)
def test_ways_that_contradict_each_other_are_refused(argv, told, run_alma):
    done = run_alma("learn", *argv)
    assert 2 == done.code
    assert f"error: {told}\n" in done.err


def test_the_agent_is_the_one_given_else_of_the_environment_else_the_only_one_else_me(
    run_alma, run_json, configure, monkeypatch
):
    unnamed = OUTCOME[2:]
    hint = "name one with --agent NAME (victor, helena), or set ALMA_AGENT"
    anybody = run_json("learn", *unnamed)["data"]["id"]
    assert "me" == run_json("show", anybody)["data"]["agent"]
    configure("alma:\n  project_id: shop\n  agents: {victor: {}, helena: {}}\n")
    assert (2, "", f"error: no agent given\nhint: {hint}\n") == run_alma("learn", *unnamed)
    configure("alma:\n  project_id: shop\n  agents: {victor: {}}\n")
    only = run_json("learn", *unnamed)["data"]["id"]
    configure("alma:\n  project_id: shop\n")
    monkeypatch.setenv("ALMA_AGENT", "ines")
    set_ = run_json("learn", *unnamed)["data"]["id"]
    given = run_json("learn", *unnamed, "-a", "helena")["data"]["id"]
    assert ["victor", "ines", "helena"] == [run_json("show", id)["data"]["agent"] for id in (only, set_, given)]


def test_the_same_key_counts_once(run_alma, run_json):
    first = run_json("learn", *OUTCOME, "--key", "build-7")["data"]
    again = run_json("learn", *OUTCOME, "--key", "build-7")["data"]
    assert (first["id"], False, True) == (again["id"], first["duplicate"], again["duplicate"])
    told = f"key 'build-7' was recorded before, as {first['id'][:8]}; nothing changed\n"
    assert (0, first["id"] + "\n", told) == run_alma("learn", *OUTCOME, "--key", "build-7")
    assert run_json("learn", *OUTCOME, "--key", "build-8")["data"]["id"] != first["id"]
    assert 2 == run_json("stats")["data"]["total"]


def test_the_same_key_with_other_words_is_told(run_alma, run_json):
    id = run_json("learn", *OUTCOME, "--key", "k")["data"]["id"]
    other = ["learn", *OUTCOME, "--key", "k", "--feedback", "but not on Fridays"]
    assert (True, True) == tuple(run_json(*other)["data"][key] for key in ("duplicate", "differs"))
    assert f"though it says something else: `alma correct {id[:8]}`" in run_alma(*other).err
    line = {"agent": "helena", "task": "t", "outcome": "success", "key": "b"}
    batch = "".join(json.dumps(line | {"strategy": how}) + "\n" for how in ("one", "one", "other"))
    told = run_alma("learn", "--batch", "-", stdin=batch)
    assert (0, True) == (told.code, "1 that was there says something else here, and stays: " in told.err)


def test_without_a_key_identical_outcomes_are_separate(run_alma, run_json):
    assert run_alma("learn", *OUTCOME).out != run_alma("learn", *OUTCOME).out
    assert 2 == run_json("stats")["data"]["total"]


def test_a_forgotten_key_stays_forgotten_and_that_is_said(run_alma, run_json):
    id = run_json("learn", *OUTCOME, "--key", "k")["data"]["id"]
    run_alma("forget", id)
    data = run_json("learn", *OUTCOME, "--key", "k")["data"]
    assert (id, False, True) == (data["id"], data["duplicate"], data["forgotten"])
    told = "what was recorded under key 'k' has been forgotten; nothing was recorded\n"
    assert (0, id + "\n", told) == run_alma("learn", *OUTCOME, "--key", "k")
    batch = run_json(
        "learn", "--batch", "-", stdin=lines({"agent": "helena", "task": "t", "outcome": "success", "key": "k"})
    )
    assert (0, 0, 1) == tuple(batch["data"][name] for name in ("learned", "duplicates", "forgotten"))


def test_a_busy_store_keeps_the_outcome_in_the_journal(project, run_alma, run_json):
    run_alma("learn", *OUTCOME)
    with hold(str(project / ".alma/lock"), shared=False, wait_s=1):
        finished = run_alma("learn", *OUTCOME, "--wait", "0")
        envelope = run_json("learn", *OUTCOME, "--wait", "0")
        assert (5, "") == run_alma("stats", "--wait", "0")[:2]
    assert 0 == finished.code
    assert "\nwarning: kept in the journal, to be folded in by the next command: the store stayed busy" in finished.err
    assert (True, 1) == (envelope["data"]["queued"], len(envelope["warnings"]))
    assert finished.out.strip() == run_json("show", finished.out.strip())["data"]["id"]
    assert 3 == run_json("stats")["data"]["total"]


# Batches


def test_a_batch_from_a_file_and_from_stdin(project, run_alma, run_json):
    batch = lines(
        {"agent": "helena", "task": "a", "outcome": "success"},
        {
            "agent": "victor",
            "task": "b",
            "outcome": "partial",
            "strategy": "s",
            "feedback": "f",
            "error": "e",
            "domain": "d",
            "duration_ms": 5,
            "at": "2026-01-31",
            "labels": {"n": 1, "b": True},
            "key": "k",
            "when": "tk",
            "do": "sk",
            "used": [],
        },
    )
    (project / "batch.ndjson").write_text("\ufeff" + batch.replace("\n", "\r\n") + "\n\n")
    assert (0, "", "recorded 2 outcomes\n") == run_alma("learn", "--batch", "batch.ndjson")
    expected = {"learned": 1, "duplicates": 1, "forgotten": 0, "queued": 0, "refused": []}
    assert expected == run_json("learn", "--batch", "-", stdin=batch)["data"]
    finished = run_alma("learn", "--batch", "-", stdin=batch)
    assert (0, "", "recorded 1 outcome\n1 had been recorded before under the same key\n") == finished
    record = run_json("list", "--agent", "victor")["data"]["memories"][0]
    assert ("b", "partial", "s", "f", "e", "d", 5, "tk", "sk", {"n": "1", "b": "true"}) == tuple(
        record[name]
        for name in [
            "task",
            "outcome",
            "strategy",
            "feedback",
            "error",
            "domain",
            "duration_ms",
            "when",
            "do",
            "labels",
        ]
    )


def test_a_bad_line_is_reported_with_its_number_and_the_rest_is_kept(run_alma, run_json):
    batch = lines({"task": "a", "outcome": "success"}) + "nonsense\n\n" + lines({"task": "b", "outcome": "won"}, ["c"])
    finished = run_alma("learn", "--batch", "-", "--agent", "helena", stdin=batch)
    assert (1, "") == finished[:2]
    assert [
        "recorded 1 outcome",
        "line 2: not JSON: Expecting value at column 1",
        "line 4: outcome: expected success or failure or partial, got 'won'",
        "line 5: expected a JSON object, got ['c']",
        "error: 3 lines were refused; the rest is kept",
        "hint: each line is one JSON object",
    ] == finished.err.splitlines()
    assert 1 == run_json("stats")["data"]["total"]


def test_scope_as_the_only_trouble_of_a_batch_is_exit_6(scoped_project, run_alma, run_json):
    forbidden = {"agent": "helena", "task": "x", "outcome": "success", "domain": "backend_logic"}
    fine = {"agent": "helena", "task": "x", "outcome": "success", "domain": "ui_patterns"}
    finished = run_alma("learn", "--batch", "-", stdin=lines(fine, forbidden))
    assert [
        "recorded 1 outcome",
        "line 2: helena may not learn backend_logic: its cannot_learn names it",
        "error: 1 line was refused by the agents' scopes; the rest is kept",
        "hint: helena may learn testing_strategies, selector_patterns, ui_patterns, general",
    ] == finished.err.splitlines()
    assert 6 == finished.code
    envelope = run_json("learn", "--batch", "-", stdin=lines(fine, forbidden), code=6)
    assert ("scope_violation", 2) == (envelope["error"]["code"], envelope["data"]["refused"][0]["line"])
    assert 1 == run_alma("learn", "--batch", "-", stdin=lines(fine, forbidden, {})).code


def test_the_agent_of_lines_without_one(configure, run_alma, run_json, monkeypatch):
    line = lines({"task": "a", "outcome": "success"})
    assert 0 == run_alma("learn", "--batch", "-", stdin=line).code
    monkeypatch.setenv("ALMA_AGENT", "ines")
    assert 0 == run_alma("learn", "--batch", "-", stdin=line).code
    assert 0 == run_alma("learn", "--batch", "-", "--agent", "victor", stdin=line).code
    monkeypatch.delenv("ALMA_AGENT")
    configure("alma:\n  project_id: shop\n  agents: {helena: {}, victor: {}}\n")
    finished = run_alma("learn", "--batch", "-", stdin=line)
    assert (1, "line 1: agent: missing") == (finished.code, finished.err.splitlines()[1])
    configure("alma:\n  project_id: shop\n  agents: {helena: {}}\n")
    assert 0 == run_alma("learn", "--batch", "-", stdin=line).code
    assert ["helena", "victor", "ines", "me"] == [m["agent"] for m in run_json("list")["data"]["memories"]]


@pytest.mark.parametrize(
    "option",
    [
        "task",
        "outcome",
        "strategy",
        "feedback",
        "error",
        "domain",
        "duration-ms",
        "at",
        "label",
        "used",
        "retrieval",
        "key",
        "when",
        "do",
        "followed",
    ],
)
def test_a_batch_excludes_what_its_lines_say(run_alma, option):
    finished = run_alma("learn", "--batch", "-", f"--{option}", "1")
    hint = "write it into the lines of the batch"
    assert (2, "", f"error: --batch excludes --{option}\nhint: {hint}\n") == finished


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing", "cannot read missing: No such file or directory"),
        (".", "cannot read .: Is a directory"),
        ("a\0b", "cannot read a\\x00b: embedded null byte"),
    ],
)
def test_a_batch_that_can_not_be_read(run_alma, path, message):
    hint = "name a file in it" if path == "." else "is the path right?"
    assert (2, "", f"error: {message}\nhint: {hint}\n") == run_alma("learn", "--batch", path)


def test_a_batch_from_a_closed_stdin(run_alma):
    hint = "pipe NDJSON in, or name a file"
    assert (2, "", f"error: nothing is piped in\nhint: {hint}\n") == run_alma("learn", "--batch", "-", stdin=None)


def test_an_empty_batch_is_no_failure(run_alma):
    assert (0, "", "recorded 0 outcomes\n") == run_alma("learn", "--batch", "-")
