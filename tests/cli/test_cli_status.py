"""`alma status` and `alma` alone: where a project stands, and how to begin where none is."""

import os
from datetime import UTC, datetime

import pytest

from alma_cli import ALMA, __version__


def lines_of(finished):
    """The lines of a status by their labels."""
    return {line[:10].strip(): line[10:] for line in finished.out.splitlines()}


@pytest.fixture
def rule(learn):
    """Three successes with the same general words; the id of the last."""
    words = {"when": "a page has a form", "do": "send it empty first"}
    return [learn(f"Test form {number}", strategy="Sent it empty", **words) for number in range(3)][-1]


def test_an_empty_project_is_told_in_ten_lines_that_end_with_a_beginning(run_alma, project):
    finished = run_alma("status")
    assert (0, "", 10) == (finished.code, finished.err, finished.out.count("\n"))
    assert {"memories": "none yet", "waiting": "nothing", "last": "no outcome yet", "agents": "none yet"}.items() <= (
        lines_of(finished).items()
    )
    assert "alma learn" in lines_of(finished)["next"]
    assert f"shop, in {project}" == lines_of(finished)["project"]


def test_alma_alone_in_a_project_is_its_status(run_alma, learn, project, tmp_path, monkeypatch):
    learn("Test the login form")
    alone = run_alma()
    assert run_alma("status") == alone
    monkeypatch.chdir(tmp_path)
    assert alone == run_alma("--dir", str(project))


def test_alma_alone_elsewhere_says_in_ten_lines_how_to_begin(run_alma, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    finished = run_alma()
    assert (0, "", 10) == (finished.code, finished.err, finished.out.count("\n"))
    assert finished.out.startswith(f"ALMA {__version__}: ")
    assert "alma init" in finished.out
    assert max(len(line) for number, line in enumerate(finished.out.splitlines()) if number != 1) <= 80


def test_a_folder_that_was_named_has_to_have_a_project(run_alma, tmp_path):
    finished = run_alma("--dir", str(tmp_path))
    assert (3, "") == finished[:2]
    assert finished.err.startswith(f"error: {tmp_path} (--dir) has no .alma/config.yaml\n")


def test_a_broken_configuration_is_told_by_alma_alone(run_alma, configure):
    configure("alma: [")
    assert 3 == run_alma().code


def test_memories_are_counted_by_kind_with_singular_and_plural(run_alma, learn, rule):
    run_alma("add", "knowledge", "CI has two cores", "--project-wide")
    told = lines_of(run_alma("status"))
    assert "5: 1 rule, 1 fact, 3 outcomes" == told["memories"]
    assert "helena 4, project-wide 1" == told["agents"]


def test_the_most_learned_agents_are_named_and_the_others_counted(run_alma, learn):
    for number in range(7):
        learn("Test the login form", agent=f"agent{number}")
    assert lines_of(run_alma("status"))["agents"].endswith(", 2 others")


def test_rules_are_new_until_they_were_looked_at(run_alma, run_json, project, rule, learn):
    (new,) = run_json("status")["data"]["rules"]["new"]
    assert lines_of(run_alma("status"))["rules"].startswith(f"1 new to you: {new[:8]} When a page has a form: ")
    assert [new] == run_json("status")["data"]["rules"]["new"], "a pipe is no look"
    look(project)
    told = run_json("status")["data"]["rules"]
    assert ([], [], 0) == (told["new"], told["changed"], told["gone"])
    assert "nothing new since you looked just now" == lines_of(run_alma("status"))["rules"]
    learn("Test form 4", strategy="Sent it empty", when="a page has a form", do="send it empty first")
    assert [new] == run_json("status")["data"]["rules"]["changed"]
    run_alma("forget", new, "--yes")
    assert lines_of(run_alma("status"))["rules"].startswith("1 gone since ")


def look(project):
    alma = ALMA.from_config(project / ".alma/config.yaml")
    alma.note_looked(alma.status())


def test_rules_wait_for_review_until_they_were_reviewed(run_alma, run_json, rule):
    assert "1 rule for review" == lines_of(run_alma("status"))["waiting"]
    assert lines_of(run_alma("status"))["next"].startswith("alma review --kind rule (")
    assert 0 == run_alma("review", "--kind", "rule", stdin="k\n").code
    assert 0 == run_json("status")["data"]["waiting"]["review"]


def test_what_one_user_saw_is_still_new_to_another(run_json, project, rule, monkeypatch):
    look(project)
    monkeypatch.setenv("USER", "somebody-else")
    assert 1 == len(run_json("status")["data"]["rules"]["new"])


@pytest.mark.parametrize("content", ["", "[]", '{"tester": 1}', '{"tester": {"at": "soon", "rules": {}}}', "\0"])
def test_a_mark_that_can_not_be_read_is_as_none(run_json, project, rule, content):
    (project / ".alma/log").mkdir(exist_ok=True)
    (project / ".alma/log/seen.json").write_text(content)
    assert 1 == len(run_json("status")["data"]["rules"]["new"])


def test_a_mark_that_can_not_be_kept_is_no_error(project, rule):
    (project / ".alma/log").write_text("in the way")
    look(project)


def test_outcomes_wait_for_general_words_and_the_next_step_says_so(run_alma, run_json, learn):
    for number in range(5):
        learn(f"Test form {number}", strategy=f"Tried it {number}", agent="helena")
    told = lines_of(run_alma("status"))
    assert "5 outcomes for general words" == told["waiting"]
    assert told["next"].startswith("alma reflect --agent helena (")
    assert {"reflection": {"helena": 5}, "review": 0, "journal": 0} == run_json("status")["data"]["waiting"]


def test_the_last_session_is_that_of_the_newest_outcome(run_alma, run_json, learn):
    learn("Ship", agent="helena", label="session=one")
    learn("Test", agent="helena", label="session=two", outcome="failure")
    learn("Build", agent="helena", label="session=two")
    assert "just now, helena: Build [1 success, 1 failure in the session]" == lines_of(run_alma("status"))["last"]
    assert {"success": 1, "failure": 1} == run_json("status")["data"]["last"]["results"]
    learn("Alone", agent="victor")
    assert "just now, victor: Alone [success]" == lines_of(run_alma("status"))["last"]


def test_hosts_that_are_here_are_connected_or_not(run_alma, run_json, project, tmp_path, monkeypatch):
    (tmp_path / "alma").write_text("#!/bin/sh\n# alma_cli\n")
    (tmp_path / "alma").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    run_alma("learn", "Ship", "--ok", "Tagged first")
    (project / ".cursor").mkdir()
    assert "cursor here, not connected" == lines_of(run_alma("status"))["hosts"]
    assert lines_of(run_alma("status"))["next"].startswith("alma setup")
    assert 0 == run_alma("setup", "cursor", "--yes").code
    assert [{"target": "cursor", "state": "connected", "why": "", "remedy": ""}] == [
        host for host in run_json("status")["data"]["hosts"] if host["target"] == "cursor"
    ]


def test_a_host_whose_part_is_gone_is_told_and_the_doctor_is_next(run_alma, project):
    (project / ".cursor").mkdir()
    run_alma("setup", "cursor", "--yes")
    (project / ".cursor/mcp.json").write_text("{")
    assert "cursor gone" in lines_of(run_alma("status"))["hosts"]
    assert lines_of(run_alma("status"))["next"].startswith("alma doctor")


def test_a_hook_that_had_trouble_makes_the_doctor_the_next_step(run_alma, project):
    (project / ".alma/log").mkdir()
    (project / ".alma/log/hooks.log").write_text(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} stop: it broke\n")
    told = lines_of(run_alma("status"))
    assert ("1 trouble in 7 days", "alma doctor (not everything went well)") == (told["hooks"], told["next"])


def test_sync_is_told_in_a_phrase(run_alma, run_json, configure, learn):
    assert lines_of(run_alma("status"))["sync"].startswith("off: ")
    assert run_json("status")["data"]["sync"] is None
    configure("alma:\n  project_id: shop\n  storage: file\n  file: {path: ../shared}\n")
    learn("Ship")
    assert "file, never yet, 1 to push" == lines_of(run_alma("status"))["sync"]
    assert lines_of(run_alma("status"))["next"].startswith("alma sync (")
    assert 0 == run_alma("sync").code
    assert "file, last just now, nothing to push" == lines_of(run_alma("status"))["sync"]


def test_hostile_texts_are_harmless_in_a_status(run_alma, learn):
    learn("Ship\x1b[2J\nnow", agent="helena")
    finished = run_alma("status")
    assert 10 == finished.out.count("\n")
    assert r"Ship\x1b[2J now" in finished.out
    assert "\x1b" not in finished.out


def test_on_a_terminal_a_look_is_noted(run_on_terminal, run_json, rule):
    assert 1 == len(run_json("status")["data"]["rules"]["new"])
    finished = run_on_terminal()
    assert 0 == finished.code
    assert all(len(line) <= 80 for line in finished.out.splitlines())
    assert [] == run_json("status")["data"]["rules"]["new"]


def test_a_status_can_be_read_where_nothing_may_be_written(run_alma, project, rule):
    before = sorted(os.listdir(project / ".alma"))
    os.chmod(project / ".alma", 0o500)
    try:
        assert 0 == run_alma("status").code
    finally:
        os.chmod(project / ".alma", 0o700)
    assert before == sorted(os.listdir(project / ".alma"))
