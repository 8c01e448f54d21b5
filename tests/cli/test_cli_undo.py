"""`alma undo`: the last write of who asks is taken back, a forget within its grace too, and nothing else is."""

import json
from datetime import timedelta

import pytest

from alma_cli.api import ALMA
from alma_cli.store.writing.undoable import GRACE


@pytest.fixture
def undo(run_json):
    """Undo, and return what was done and to which memories."""

    def run(*argv):
        undone = run_json("undo", *argv, "--yes")["data"]["undone"]
        return undone["action"], undone["ids"]

    return run


def total(run_json):
    return run_json("stats")["data"]["total"]


NOTHING = (
    "error: there is no write of tester that can be undone\n"
    "hint: `alma undo --list` shows those; a forget can be undone for an hour, and not after `alma sync` or with --now\n"
)


def test_an_outcome_is_taken_back_as_if_it_had_never_been(learn, undo, run_alma, run_json):
    ids = [learn("Test the login form", strategy="try blanks", key=f"k{n}") for n in range(3)]
    assert 1 == len(run_json("list", "--kind", "heuristic")["data"]["memories"])
    assert ("insert", [ids[2]]) == undo()
    assert [] == run_json("list", "--kind", "heuristic")["data"]["memories"], "its rule went with it"
    assert {"total": 2, "forgotten": 0} == {name: run_json("stats")["data"][name] for name in ("total", "forgotten")}
    assert ids[2] == learn("Test the login form", strategy="try blanks", key="k2"), "and it may be told again"
    assert 1 == len(run_json("list", "--kind", "heuristic")["data"]["memories"])


def test_undone_step_by_step_all_is_as_before(learn, undo, run_alma, run_json):
    id = learn("Test the login form", strategy="try blanks", used=learn("Look at it"))
    first = run_json("show", id)["data"]
    run_alma("correct", id, "Test the sign-in form", "--outcome", "failure")
    run_alma("add", "knowledge", "CI has 2 cores", "--project-wide")
    run_alma("forget", id, "--yes")
    told = f"undone: you forgot {id[:8]}: Test the sign-in form [failure] - try blanks\n"
    assert (0, "", told) == run_alma("undo")
    assert "failure" == run_json("show", id)["data"]["outcome"]
    assert "insert" == undo()[0]
    assert ("revise", [id]) == undo()
    restored = run_json("show", id)["data"]
    assert {**first, "updated_at": ""} == {**restored, "updated_at": ""}
    action, ids = undo()
    assert ("insert", id, 2) == (action, ids[0], len(ids)), "the outcome with its credit"
    assert "insert" == undo()[0]
    assert 0 == total(run_json)
    assert (1, "", NOTHING) == run_alma("undo")


def test_what_was_forgotten_comes_back_with_its_vector_and_history(learn, undo, run_alma, run_json):
    id = learn("Test the login form", strategy="try blanks")
    run_alma("correct", id, "Test the sign-in form")
    run_alma("forget", id)
    assert [None, None] == [one["content"] for one in run_json("log", id)["data"]["versions"]], "hidden meanwhile"
    assert ("forget", [id]) == undo()
    versions = [json.loads(one["content"])["task"] for one in run_json("log", id)["data"]["versions"]]
    assert ["Test the login form"] == versions
    found = run_json("retrieve", "test the sign-in form", "--agent", "helena")["data"]["outcomes"]
    assert [id] == [hit["id"] for hit in found]
    assert run_json("show", id)["data"]["task"] == "Test the sign-in form"
    run_alma("forget", id)
    assert ("forget", [id]) == undo(), "and again"


def test_forgetting_a_rule_is_undone_with_all_its_evidence(learn, undo, run_alma, run_json):
    ids = {learn("Test the login form", strategy="try blanks") for _ in range(3)}
    rule = run_json("list", "--kind", "heuristic")["data"]["memories"][0]["id"]
    run_alma("forget", rule)
    assert 0 == total(run_json)
    action, undone = undo()
    assert ("forget", ids) == (action, set(undone))
    assert rule == run_json("list", "--kind", "heuristic")["data"]["memories"][0]["id"]


@pytest.mark.parametrize("how", ["--now", "later"])
def test_forget_now_erases_and_can_not_be_undone(learn, run_alma, project, how):
    id = learn("Test with the password horse-staple")
    if how == "later":
        run_alma("forget", id)
        assert (0, "", "erased the text of what was forgotten\n") == run_alma("forget", "--now")
    else:
        assert (0, "", f"forgot {id[:8]}\n") == run_alma("forget", id, "--now")
    refused = run_alma("undo", id)
    assert (1, f"error: there is no write to {id} that can be undone") == (refused.code, refused.err.splitlines()[0])
    assert [] == json.loads(run_alma("undo", "--list", "--json").out)["data"]["writes"]


@pytest.mark.parametrize("ahead", [-GRACE - timedelta(seconds=1), timedelta(days=9999)])
def test_when_the_grace_is_over_the_next_write_erases_also_where_a_clock_was_ahead(learn, run_alma, project, ahead):
    id = learn("Test the login form")
    alma = ALMA.from_config(project / ".alma/config.yaml")
    now = alma._session.now  # the time comes in as an argument, and this is where
    alma._session.now = lambda: now() + ahead
    alma.forget([id])
    learn("Test another form")
    assert id not in run_alma("undo", "--list").out
    assert 1 == run_alma("undo", id).code


def test_a_clock_that_was_ahead_leaves_the_last_reflection_and_the_log_in_order(project):
    alma = ALMA.from_config(project / ".alma/config.yaml")
    now = alma._session.now
    ids = [alma.learn("helena", f"Task {way}", "success", way).id for way in ("one", "two")]
    for id, ahead in zip(ids, (timedelta(days=9999), timedelta()), strict=True):
        alma._session.now = lambda ahead=ahead: now() + ahead
        alma.apply_reflection("helena", json.dumps({"when": "a login fails", "do": id, "outcomes": [id]}))
    assert ids[::-1] == [row.id for row in alma.log(limit=2).audit]
    assert 1 == alma.undo_reflection("helena").worded
    assert {ids[0]: ids[0], ids[1]: ""} == {one.id: one.do for one in alma.memories(kinds=("outcome",))}


def test_the_last_write_to_a_memory_can_be_undone_before_later_ones(learn, undo, run_json):
    first, second = learn("Test the login form"), learn("Test the search")
    assert ("insert", [first]) == undo(first[:8])
    assert second == run_json("show", second)["data"]["id"]


def test_what_changed_since_stays(learn, undo, run_alma, run_json, project):
    first = learn("Test the login form")
    assert 0 == run_alma("forget", first).code
    run_alma("undo")
    run_alma("correct", first, "Test the sign-in form")
    writes = run_json("undo", "--list")["data"]["writes"]
    assert ["revise"] == [write["action"] for write in writes], "what it was made from comes after it"
    alma = ALMA.from_config(project / ".alma/config.yaml")
    newest = alma.undoable()[0]
    assert (newest.action, list(newest.ids)) == ("revise", [first])
    run_alma("undo")
    run_alma("undo")
    assert 0 == total(run_json)


def test_another_users_write_is_not_mine_to_undo(learn, run_alma, monkeypatch):
    learn("Test the login form")
    monkeypatch.setenv("USER", "ana")
    assert (1, "", NOTHING.replace("tester", "ana")) == run_alma("undo")


def test_archiving_and_reflecting_are_undone(learn, undo, run_alma, run_json):
    id = learn("Test the login form", strategy="send it empty", at="2020-01-01")
    run_alma("forget", "--stale")
    assert run_json("show", id)["data"]["archived"]
    assert ("archive", [id]) == undo()
    assert not run_json("show", id)["data"]["archived"]
    run_alma("reflect", "--agent", "helena", "--apply", "-", stdin=_answer(run_alma))
    assert "a form is tested" == run_json("show", id)["data"]["when"]
    assert ("reword", [id]) == undo()
    assert "" == run_json("show", id)["data"]["when"]


def _answer(run_alma):
    sheet = json.loads(run_alma("reflect", "--agent", "helena", "--json").out)["data"]
    code = sheet["outcomes"][0]["code"]
    return json.dumps({"when": "a form is tested", "do": "try blanks", "outcomes": [code]})


def test_the_list_says_when_what_and_which(learn, run_alma):
    id = learn("Test the login form")
    run_alma("feedback", id, "--helped")
    lines = [line.split("\t")[1:] for line in run_alma("undo", "--list").out.splitlines()]
    assert [["added", f"helped: {id}"], ["added", "Test the login form [success]"]] == [
        [line[0], line[2]] for line in lines
    ]
    assert 1 == len(run_alma("undo", "--list", "-n", "1").out.splitlines())


def test_a_tombstone_that_left_ends_the_grace(learn, run_alma, run_json, configure):
    configure("alma:\n  project_id: shop\n  storage: file\n  file: {path: ../shared}\n")
    kept, gone = learn("Test the login form"), learn("Test the search")
    assert 0 == run_alma("sync").code
    run_alma("forget", kept)
    assert 0 == run_alma("undo").code
    run_alma("forget", gone)
    assert 0 == run_alma("sync").code
    assert 1 == run_alma("undo", gone).code
    assert [kept] == [one["id"] for one in run_json("list")["data"]["memories"]]


def test_what_was_shared_is_taken_back_everywhere(learn, run_alma, run_json, configure):
    configure("alma:\n  project_id: shop\n  storage: file\n  file: {path: ../shared}\n")
    learn("Test the login form")
    assert 0 == run_alma("sync").code
    run_alma("undo", "--yes")
    assert 1 == run_json("stats")["data"]["forgotten"], "with a tombstone, which others get"
    assert 1 == run_json("sync")["data"]["pushed"]
