"""Whatever the way in, a credential reaches neither the store, nor the journal, nor a log, and a warning names its kind."""

import json
import random
import string

import pytest

from alma_cli import ALMA

SECRET = "gh" + "p_" + "".join(random.Random(9).choices(string.ascii_letters + string.digits, k=36))
TOLD = "redacted what looks like a credential: github token"


@pytest.fixture
def stored(project):
    """Whether these bytes are in any file of the project."""

    def anywhere(text):
        return [path.name for path in project.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]

    return anywhere


LEARN = ["learn", "--agent", "a", "--task", "Push the image", "--outcome", "failure"]
KNOWLEDGE = {"kind": "knowledge", "agent": "a", "domain": "general", "fact": f"the key is {SECRET}", "source": "wiki"}
WAYS_IN = {
    "learn": ([*LEARN, "--error", f"denied for {SECRET}", "--label", f"token={SECRET}"], ""),
    "learn, the task": (["learn", "--agent", "a", "--task", f"Use {SECRET}", "--outcome", "partial"], ""),
    "batch": (
        ["learn", "--batch", "-"],
        json.dumps({"agent": "a", "task": "Push", "outcome": "failure", "strategy": SECRET}),
    ),
    "import": (["import", "-"], json.dumps(KNOWLEDGE)),
    "knowledge": (["add", "knowledge", f"the token is {SECRET}", "--project-wide", "--source", SECRET], ""),
    "preference": (["add", "preference", f"log in with {SECRET}"], ""),
    "heuristic": (["add", "heuristic", "pushing an image", "--strategy", f"use {SECRET}", "--agent", "a"], ""),
    "anti-pattern": (["add", "anti-pattern", "pushing", "--why", SECRET, "--instead", SECRET, "--agent", "a"], ""),
}


@pytest.mark.parametrize("way", WAYS_IN)
def test_a_credential_never_reaches_the_disk(way, run_alma, stored):
    argv, stdin = WAYS_IN[way]
    finished = run_alma(*argv, stdin=stdin)
    assert 0 == finished.code, finished
    assert f"warning: {TOLD}\n" in finished.err
    assert SECRET not in finished.out + finished.err
    assert [] == stored(SECRET)
    assert "[redacted: github token]" in run_alma("export").out


def test_nor_does_one_that_waits_in_the_journal(project, run_alma, stored):
    (project / ".alma/memory.duckdb").write_text("no database")
    finished = run_alma(*LEARN, "--error", SECRET)
    assert 0 == finished.code, finished
    assert 1 == len(list((project / ".alma/journal").glob("*")))
    assert [] == stored(SECRET)


def test_a_correction_is_redacted_in_what_is_kept_and_in_what_is_shown(run_alma, learn, stored):
    id = learn("Push the image")
    finished = run_alma("correct", id, f"Push the image with {SECRET}", "--json")
    assert [TOLD] == json.loads(finished.out)["warnings"]
    assert SECRET not in finished.out
    assert [] == stored(SECRET)


def test_python_redacts_too(project, stored):
    alma = ALMA.find()
    learned = alma.learn("a", f"Push with {SECRET}", "success", strategy_used=SECRET)
    assert [TOLD] == learned.warnings
    assert "Push with [redacted: github token]" == alma.memory(learned.id).task
    assert [] == stored(SECRET)


def test_the_same_fact_with_another_credential_is_the_same(run_json):
    other = SECRET[:10] + SECRET[10:][::-1]
    first = run_json("add", "knowledge", f"the token is {SECRET}", "--project-wide")["data"]
    second = run_json("add", "knowledge", f"the token is {other}", "--project-wide")["data"]
    assert first["id"] == second["same_as"]


def test_redaction_can_be_turned_off(configure, run_alma, stored):
    configure("alma:\n  project_id: shop\n  secrets: {redact: false}\n")
    assert "redacted" not in run_alma(*LEARN, "--error", SECRET).err
    assert SECRET in run_alma("export").out


def test_a_kind_can_be_left_in(configure, run_alma):
    configure('alma:\n  project_id: shop\n  secrets: {keep: "jwt, GitHub token"}\n')
    assert "redacted" not in run_alma(*LEARN, "--error", SECRET).err


def test_an_unknown_kind_to_leave_in_is_an_error_with_a_hint(configure, run_alma):
    configure("alma:\n  project_id: shop\n  secrets: {keep: github tokens}\n")
    finished = run_alma("stats")
    assert 3 == finished.code
    assert "config.yaml:3: secrets.keep names 'github tokens', which is no kind of credential" in finished.err
    assert "did you mean github token?" in finished.err


NAMED = {
    "agent": ["learn", "--agent", SECRET, "--task", "Push", "--outcome", "success"],
    "domain": [*LEARN, "--domain", SECRET],
    "domain of a correction": ["correct", "ID", "--domain", SECRET],
    "agent of a fact": ["add", "knowledge", "CI has 2 cores", "--agent", SECRET],
    "agent of an import": ["import", "-"],
    "project": ["config", "rename", SECRET],
}


@pytest.mark.parametrize("way", NAMED)
def test_no_name_of_an_agent_domain_or_project_is_a_credential(way, run_alma, learn, stored):
    id = learn("Push the image")
    argv = [id if one == "ID" else one for one in NAMED[way]]
    finished = run_alma(*argv, stdin=json.dumps({**KNOWLEDGE, "agent": SECRET, "fact": "two cores"}))
    assert finished.code == (1 if argv[0] == "import" else 2)
    assert f"the name of the {way.split()[0]} looks like a credential (github token)" in finished.err
    assert SECRET not in finished.out + finished.err
    assert [] == stored(SECRET)


def test_the_audit_of_what_is_refused_names_no_credential(scoped_project, run_alma, stored):
    assert 6 == run_alma(*LEARN[:1], "--agent", "helena", *LEARN[3:], "--domain", SECRET).code
    assert [] == stored(SECRET)


def test_init_gives_no_project_the_name_of_a_credential(tmp_path, run_alma):
    assert 2 == run_alma("init", "--project-id", SECRET, "--dir", str(tmp_path)).code
    assert [] == list(tmp_path.glob(".alma/*"))
