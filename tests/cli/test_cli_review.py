"""`alma review` shows what nobody has looked at, does what each answer says, and goes on where it was left."""

import sys

import pytest


@pytest.fixture
def review(run_json):
    """Review with these answers, a line each; return what was answered and how many are left."""

    def run(*answers, argv=(), code=0):
        data = run_json("review", *argv, stdin="".join(f"{one}\n" for one in answers), code=code)["data"]
        return [one["answer"] for one in data["answered"]], data["left"]

    return run


@pytest.fixture
def facts(run_alma):
    """Three facts of helena's, the newest first; their ids."""
    texts = ("Staging has 2 cores", "The API is paged", "Blue is the colour of the brand")
    return [run_alma("remember", text, "--agent", "helena").out.strip() for text in texts][::-1]


def test_what_was_answered_is_not_shown_again(facts, review, run_alma, run_json):
    waiting = run_json("review")["data"]["waiting"]
    assert facts == [one["id"] for one in waiting], "without answers they are listed"
    assert (["keep"], 2) == review("keep")
    assert (["keep"], 1) == review("", "k"), "what was passed on comes again"
    assert facts[1] == run_json("review")["data"]["waiting"][0]["id"]
    assert ([], 1) == review("q", "f"), "and nothing is answered after quit"
    assert (["forget"], 0) == review("f")
    assert (0, "", "nothing is new\n") == run_alma("review")
    assert {facts[0], facts[2]} == {one["id"] for one in run_json("list")["data"]["memories"]}


def test_rules_come_first_and_kinds_and_agents_can_be_chosen(facts, learn, run_json):
    for _ in range(3):
        learn("Test the login form", strategy="try blanks", agent="victor")
    kinds = [one["kind"] for one in run_json("review")["data"]["waiting"]]
    assert ["heuristic", *["knowledge"] * 3, *["outcome"] * 3] == kinds
    assert 1 == run_json("review", "--kind", "heuristic")["data"]["left"]
    assert 4 == run_json("review", "--agent", "victor")["data"]["left"]
    data = run_json("review", "-n", "2")["data"]
    assert (7, 2) == (data["left"], len(data["waiting"]))


def test_all_can_be_taken_as_seen(facts, run_alma, run_json):
    assert (0, "", "noted that 3 memories were looked at\n") == run_alma("review", "--seen", "--yes")
    assert 0 == run_json("review")["data"]["left"]


def test_promoting_makes_a_fact_project_wide(facts, review, run_json):
    assert (["promote"], 2) == review("promote")
    wide = run_json("list", "--agent", "_project")["data"]["memories"]
    assert [("Blue is the colour of the brand", "authored")] == [(one["fact"], one["origin"]) for one in wide]
    assert 3 == run_json("stats")["data"]["total"]
    assert 2 == run_json("review")["data"]["left"], "and the new one was looked at too"


def test_promoting_a_derived_rule_keeps_the_one_that_outcomes_taught(learn, review, run_json):
    for _ in range(3):
        learn("Test the login form", strategy="try blanks")
    assert ["promote"] == review("p", argv=("--kind", "heuristic"))[0]
    found = run_json("list", "--kind", "heuristic")["data"]["memories"]
    assert {("helena", "derived"), ("_project", "authored")} == {(one["agent"], one["origin"]) for one in found}


def test_the_same_as_another_takes_its_words_or_its_place(facts, learn, review, run_json):
    known = learn("Test the login form", strategy="try blanks", when="a form is tested", do="send it empty")
    new = learn("Check the sign-up page", strategy="submitted it without input")
    assert ["same"] == review(f"same {known[:8]}", argv=("--kind", "outcome"))[0]
    shown = run_json("show", new)["data"]
    assert ("a form is tested", "send it empty") == (shown["when"], shown["do"])
    assert ["same"] == review(f"s {facts[2]}", argv=("--kind", "knowledge"))[0]
    assert 2 == len(run_json("list", "--kind", "knowledge")["data"]["memories"])


WRONG = [
    ("kep", "answer 1: there is no answer 'kep'", "did you mean keep?"),
    ("?", "answer 1: there is no answer '?'", "there are keep, edit, forget, same, promote, pass, quit"),
    ("keep it", "answer 1: keep takes nothing after it, got 'it'", ""),
    ("same", "answer 1: same as which?", "same ID"),
    (
        "same zz",
        "answer 1: id: expected up to 32 hex digits, got 'zz'",
        "`alma list` and `alma search WORDS` show the ids",
    ),
    ("\x1b[2J", "answer 1: there is no answer '\\x1b[2J'", "there are keep, edit, forget, same, promote, pass, quit"),
]


@pytest.mark.parametrize("answer", [b"\xff\xfek\0e\0e\0p\0", b"\xed\xa0\x80\n", b"same \xff\n"])
def test_an_answer_that_is_no_utf_8_is_a_wrong_answer(run_alma, learn, answer):
    learn("Test the login form")
    finished = run_alma("review", stdin=answer)
    assert (2, True) == (finished.code, "bug" not in finished.err), finished
    assert 0 == run_alma("review", stdin=b"keep\n").code


@pytest.mark.parametrize(("answer", "message", "hint"), WRONG)
def test_a_wrong_answer_is_told_with_its_number_and_changes_nothing(facts, run_json, answer, message, hint):
    error = run_json("review", stdin=f"{answer}\nforget\n", code=2)["error"]
    assert (message, hint) == (error["message"], error["hint"])
    assert 3 == run_json("review")["data"]["left"]


def test_what_can_not_be_is_refused_and_what_was_answered_before_stays(facts, learn, run_json):
    outcome = learn("Test the login form")
    lines = f"keep\nsame {outcome}\nkeep\n"
    envelope = run_json("review", "--kind", "knowledge", stdin=lines, code=2)
    message = f"answer 2: {outcome[:8]} is of another kind (outcome)"
    assert (message, "name another knowledge") == (envelope["error"]["message"], envelope["error"]["hint"])
    assert (["keep"], 2) == ([one["answer"] for one in envelope["data"]["answered"]], envelope["data"]["left"])
    error = run_json("review", "--kind", "outcome", stdin="promote\n", code=2)["error"]
    assert "answer 1: an outcome stays with who had it" == error["message"]
    error = run_json("review", "--kind", "knowledge", stdin=f"same {facts[1]}\n", code=2)["error"]
    assert f"answer 1: {facts[1][:8]} is the memory itself" == error["message"]
    assert 2 == run_json("review", stdin="edit\n", code=2)["data"]["left"] - 1, "there is no terminal"


def test_on_a_narrow_terminal_a_text_breaks_between_words(run_on_terminal, run_alma):
    run_alma("remember", "The staging database is restored every Sunday")
    shown = run_on_terminal("review", typed="q", columns=30).out
    assert "  The staging database is\n  restored every Sunday\n" in shown


@pytest.mark.slow
def test_on_a_terminal_each_answer_is_a_key(facts, run_on_terminal, run_json):
    finished = run_on_terminal("review", typed="xknf")
    assert 0 == finished.code
    assert "there is no answer 'x'" in finished.out
    assert "1/3  knowledge" in finished.out
    assert "2 answers; 1 left" in finished.out
    assert {facts[0], facts[1]} == {one["id"] for one in run_json("list")["data"]["memories"]}


@pytest.mark.slow
def test_what_others_changed_meanwhile_is_shown_again_before_it_is_answered(facts, run_on_terminal, run_json, tmp_path):
    alma = f"{sys.executable} -m alma_cli"
    script = tmp_path / "editor-beside"  # which is open while others correct one memory, and forget another
    script.write_text(
        f"#!/bin/sh\n{alma} correct {facts[1]} 'The API has pages of 50'\n{alma} forget {facts[2]} --yes\n"
    )
    script.chmod(0o755)
    finished = run_on_terminal("review", typed="efkf", VISUAL=str(script))
    assert 0 == finished.code, finished
    assert "it was changed meanwhile:" in finished.out
    assert "it is gone meanwhile" in finished.out
    found = {one["id"]: one["fact"] for one in run_json("list")["data"]["memories"]}
    assert {facts[0]: "Blue is the colour of the brand", facts[1]: "The API has pages of 50"} == found
