"""`alma list`, `show`, `correct`, `forget`, `feedback`, and how ids are given."""

import json

import pytest


@pytest.fixture
def two(run_alma):
    """Two memories whose ids start alike; the ids."""
    ids = ["abc1" + "0" * 28, "abc2" + "0" * 28]
    lines = [{"kind": "knowledge", "agent": "helena", "fact": f"fact {id[:4]}", "id": id} for id in ids]
    finished = run_alma("import", "-", stdin="".join(json.dumps(line) + "\n" for line in lines))
    assert 0 == finished.code, finished
    return ids


BY_ID = {
    "show": ([], []),
    "correct": ([], ["a better text"]),
    "forget": ([], []),
    "feedback": ([], ["--misled"]),
    "log": ([], []),
}
"""What stands before and behind the id."""


@pytest.mark.parametrize("command", BY_ID)
def test_any_unique_prefix_is_an_id(two, run_alma, command):
    before, behind = BY_ID[command]
    assert 0 == run_alma(command, *before, "abc1", *behind).code


def test_an_id_may_be_whole_in_capitals_or_have_spaces_around_it(two, run_alma):
    assert 1 == len({run_alma("show", given) for given in ("abc1", "ABC10", " abc1 ", two[0])})


@pytest.mark.parametrize("command", BY_ID)
def test_an_ambiguous_prefix_is_refused_with_the_candidates(two, run_alma, command):
    before, behind = BY_ID[command]
    message = "several memories have an id that starts with abc: abc100000000, abc200000000"
    expected = (1, "", f"error: {message}\nhint: add more digits\n")
    assert expected == run_alma(command, *before, "abc", *behind)


@pytest.mark.parametrize("command", BY_ID)
def test_an_unknown_id_is_not_found(two, run_alma, command):
    before, behind = BY_ID[command]
    expected = (1, "", "error: no memory has an id that starts with abd\nhint: `alma list` shows the ids\n")
    assert expected == run_alma(command, *before, "abd", *behind)


@pytest.mark.parametrize("command", BY_ID)
def test_what_can_not_be_an_id_is_refused(run_alma, command):
    before, behind = BY_ID[command]
    for given in ("", " ", "xyz", "a" * 33, "abc1%", "'; DROP TABLE memories; --", "\udcff", "\u0661"):
        finished = run_alma(command, *before, given, *behind)
        assert (2, "") == finished[:2]
        assert finished.err.startswith("error: id: expected up to 32 hex digits, got ")


# list


@pytest.fixture
def several(learn, run_alma):
    learn("Test the login form", agent="helena", domain="ui")
    learn("Load the ORDERS table", agent="victor", outcome="failure", domain="database")
    run_alma("add", "preference", "Never force-push", "--user", "ana")
    run_alma("add", "preference", "Prefer rebase", "--user", "bo")
    run_alma("add", "anti-pattern", "sleeping before a click", "--agent", "helena")
    run_alma("add", "heuristic", "a form is long", "--strategy", "split it", "--agent", "helena")
    run_alma("add", "knowledge", "CI has 2 cores", "--project-wide")


def listed(run_json, *argv):
    return [memory["kind"] for memory in run_json("list", *argv)["data"]["memories"]]


CHOSEN = [
    ([], ["knowledge", "heuristic", "anti_pattern", "preference", "preference", "outcome", "outcome"]),
    (["--kind", "outcome"], ["outcome", "outcome"]),
    (["--kind", "knowledge", "--kind", "anti-pattern"], ["knowledge", "anti_pattern"]),
    (["--agent", "helena"], ["heuristic", "anti_pattern", "outcome"]),
    (["-a", "victor"], ["outcome"]),
    (["--agent", "nobody"], []),
    (["--domain", "database"], ["outcome"]),
    (["--user", "ana"], ["preference"]),
    (["--containing", "orders"], ["outcome"]),
    (["--containing", "SPLIT"], ["heuristic"]),
    (["--containing", "%"], []),
    (["--archived"], []),
    (["--limit", "2"], ["knowledge", "heuristic"]),
    (["-n", "1", "--agent", "helena"], ["heuristic"]),
]
"""Options of list, and the kinds of what they choose."""


def test_memories_are_listed_newest_first_and_chosen_by_every_option(several, run_json):
    for argv, kinds in CHOSEN:
        assert (argv, kinds) == (argv, listed(run_json, *argv))


def test_piped_a_memory_is_a_line_with_its_whole_id(several, run_alma, run_json):
    finished = run_alma("list", "--containing", "orders")
    memory = run_json("list", "--containing", "orders")["data"]["memories"][0]
    line = [memory["id"], "outcome", "victor", "database", memory["updated_at"][:10], "Load the ORDERS table [failure]"]
    assert (0, "\t".join(line) + "\n", "") == finished


def test_more_than_the_limit_is_said(several, run_alma, run_json):
    assert "only 2; --limit shows more, --offset 2 the next\n" == run_alma("list", "-n", "2").err
    assert run_json("list", "-n", "2")["data"]["more"]
    assert not run_json("list", "-n", "7")["data"]["more"]
    assert "" == run_alma("list", "-n", "7").err


def test_no_memories(run_alma, run_json):
    assert (0, "", "no memories\n") == run_alma("list")
    assert {"memories": [], "more": False} == run_json("list")["data"]


@pytest.mark.parametrize(
    "argv, told",
    [
        (["--kind", "preference", "--outcome", "failure"], "1 without --kind"),
        (["--agent", "victor", "--outcome", "success"], "1 without --agent, 1 without --outcome"),
        (["--kind", "preference", "--outcome", "partial"], "none by --kind, none by --outcome"),
        (["--archived"], "2 without --archived"),
        (["--offset", "9"], "--offset leaves out all there are"),
    ],
)
def test_filters_that_exclude_each_other_are_told_with_what_each_leaves_out(run_alma, argv, told):
    for agent, outcome in (("helena", "success"), ("victor", "failure")):
        run_alma("learn", "--agent", agent, "--task", f"Test of {agent}", "--outcome", outcome)
    assert (0, "", f"no memories ({told})\n") == run_alma("list", *argv)


@pytest.mark.parametrize("command", ["list", "log"])
@pytest.mark.parametrize("limit", ["0", "-1", "1,000,002", "9" * 30])
def test_a_limit_out_of_range_is_refused(run_alma, command, limit):
    finished = run_alma(command, "--limit", limit.replace(",", ""))
    assert (2, "") == finished[:2]
    assert finished.err.startswith("error: limit: expected a whole number from 1 to 1,000,000, got ")


# show


def test_show_prints_what_is_there(run_alma, learn):
    id = learn("Test the login form", strategy="Tried\nempty fields", label="os=linux", duration_ms="0")
    finished = run_alma("show", id[:10])
    fields = dict(line.split(":", 1) for line in finished.out.splitlines() if ":" in line[:20])
    shown = {name: value.strip() for name, value in fields.items()}
    assert (0, "") == (finished.code, finished.err)
    assert {"kind": "outcome", "id": id, "task": "Test the login form", "labels": "os=linux", "duration_ms": "0"} == {
        name: shown[name] for name in ("kind", "id", "task", "labels", "duration_ms")
    }
    assert f"strategy:{' ' * 12}Tried\n{' ' * 21}empty fields\n" in finished.out
    assert not {"feedback", "error", "archived"} & set(shown)


# correct


@pytest.mark.parametrize(
    ("argv", "field"),
    [
        (["learn", "--outcome", "success", "--task", "old text", "--agent", "a"], "task"),
        (["add", "heuristic", "old text", "--strategy", "s", "--agent", "a"], "condition"),
        (["add", "anti-pattern", "old text", "--agent", "a"], "pattern"),
        (["add", "preference", "old text"], "preference"),
        (["add", "knowledge", "old text", "--agent", "a"], "fact"),
    ],
)
def test_correct_replaces_the_main_text_and_history_keeps_the_old(run_alma, run_json, argv, field):
    id = run_alma(*argv).out.strip()
    finished = run_alma("correct", id[:12], "new text", "--yes", "--wait", "5")
    assert (0, id + "\n", f"replaced the {field}; `alma log {id[:8]}` has the old one\n") == finished
    corrected = run_json("correct", id, "-", stdin="newest text")["data"]
    assert ("newest text", False) == (corrected[field], corrected["queued"])
    assert "newest text" == run_json("show", id)["data"][field]
    story = run_json("log", id)["data"]
    assert ["revise", "revise", "insert"] == [row["action"] for row in story["audit"]]
    assert ["new text", "old text"] == [json.loads(version["content"])[field] for version in story["versions"]]
    newest = run_json("retrieve", "newest text", "--agent", "a")["data"]
    assert [id] == [hit["id"] for kind in newest.values() if isinstance(kind, list) for hit in kind]


def test_correct_mends_what_an_outcome_says_and_its_rule_is_derived_again(learn, run_alma, run_json):
    ids = [learn("Test the login form", strategy="try blanks", domain="ui") for _ in range(3)]
    assert ["heuristic"] == listed(run_json, "--kind", "heuristic")
    finished = run_alma("correct", ids[0][:8], "--outcome", "failure", "--error", "timed out", "--yes")
    told = [f"replaced the outcome and error; `alma log {ids[0][:8]}` has the old one"]
    assert (0, f"{ids[0]}\n", told) == (finished.code, finished.out, finished.err.splitlines()[:1])
    assert 2 == run_json("list", "--kind", "heuristic")["data"]["memories"][0]["successes"]
    moved = run_json("correct", ids[1], "--domain", "forms", "--when", "a form is tested", "--do", "send it empty")
    assert ["when", "do", "domain"] == moved["data"]["changed"]
    assert [] == listed(run_json, "--kind", "heuristic"), "two are no rule"
    shown = run_json("show", ids[1])["data"]
    assert ("forms", "send it empty", "helena") == (shown["domain"], shown["do"], shown["agent"])
    assert "" == run_json("correct", ids[0], "--error", "")["data"]["error"]


def test_where_nothing_changes_nothing_is_written(learn, run_alma, run_json):
    id = learn("Test the login form", strategy="try blanks")
    finished = run_alma("correct", id, "Test the login form", "--strategy", "try blanks")
    assert (0, f"{id}\n", f"nothing changed: {id[:8]} says that already\n") == finished
    assert ["insert"] == [row["action"] for row in run_json("log", id)["data"]["audit"]]


def test_correcting_the_strategy_of_a_rule_hides_what_was_derived(learn, run_alma, run_json):
    for _ in range(3):
        learn("Test the login form", strategy="try blanks")
    rule = run_json("list", "--kind", "heuristic")["data"]["memories"][0]["id"]
    data = run_json("correct", rule, "--strategy", "try blanks, then long names")["data"]
    assert (rule, "authored", ["strategy"]) == (data["hides"], data["origin"], data["changed"])
    refused = run_alma("correct", rule, "--domain", "ui")
    assert f"error: {rule[:8]} was derived from outcomes in general, and is where they are" in refused.err


def test_correct_checks_the_domain_that_it_gives(scoped_project, learn, run_alma):
    id = learn("Test the login form", domain="ui_patterns")
    finished = run_alma("correct", id, "--domain", "backend_logic")
    assert (6, "error: helena may not learn backend_logic: its cannot_learn names it") == (
        finished.code,
        finished.err.splitlines()[0],
    )


def test_remember_keeps_a_fact(run_alma, run_json):
    finished = run_alma("remember", "CI has 2 cores", "--project-wide", "--source", "runbook", "--yes")
    assert (0, "added the knowledge in general\n") == (finished.code, finished.err)
    fact = run_json("show", finished.out.strip())["data"]
    assert ("knowledge", "_project", "runbook", "CI has 2 cores") == (
        *(fact[name] for name in ("kind", "agent", "source", "fact")),
    )
    assert (
        finished.out.strip() == run_json("remember", "-", "--project-wide", stdin="ci has 2 cores")["data"]["same_as"]
    )


def test_correct_needs_a_text(two, run_alma):
    hint = "give the corrected text, or use `alma forget` to remove the memory"
    assert (2, "", f"error: TEXT: empty\nhint: {hint}\n") == run_alma("correct", "abc1", "  ")
    missing = run_alma("correct", "abc1", stdin=None)
    assert (2, "", "error: TEXT is missing\nhint: give TEXT, or pipe it in\n") == missing


def test_a_credit_has_nothing_to_correct(two, run_alma):
    credit = run_alma("feedback", "abc1", "--helped").out.strip()
    hint = "`alma forget` removes it"
    expected = (2, "", f"error: a credit has no text to correct\nhint: {hint}\n")
    assert expected == run_alma("correct", credit, "better")


def test_what_the_present_scope_forbids_is_not_corrected(configure, run_alma, run_json, learn):
    id = learn("Design the schema", domain="backend_logic")
    configure("alma:\n  project_id: shop\n  agents: {helena: {cannot_learn: [backend_logic]}}\n")
    finished = run_alma("correct", id, "Design the tables")
    assert (6, "error: helena may not learn backend_logic: its cannot_learn names it") == (
        finished.code,
        finished.err.splitlines()[0],
    )
    assert "Design the schema" == run_json("show", id)["data"]["task"]
    assert "refuse" == run_json("log")["data"]["audit"][0]["action"]


# forget


def test_forgetting_removes_the_text_for_good(two, run_alma, run_json, project):
    run_alma("correct", "abc1", "a secret")
    told = "forgot abc10000, abc20000; `alma undo` brings them back for an hour\n"
    assert (0, "", told) == run_alma("forget", "abc1", "abc2", "abc1", "--wait", "5")
    assert {"total": 0, "forgotten": 2} == {name: run_json("stats")["data"][name] for name in ("total", "forgotten")}
    versions = run_json("log", "abc1")["data"]["versions"]
    assert [None, None] == [version["content"] for version in versions]
    assert "(forgotten)" in run_alma("log", "abc1").out
    again = run_alma("forget", "abc1")
    assert (1, "error: no memory has an id that starts with abc1") == (again.code, again.err.splitlines()[0])


def test_if_one_id_is_not_found_none_is_forgotten(two, run_alma, run_json):
    assert 1 == run_alma("forget", "abc1", "fff").code
    assert 2 == run_json("stats")["data"]["total"]


def test_forget_as_json(two, run_json):
    assert {"forgotten": [two[0]], "queued": False} == run_json("forget", "abc1", "-y")["data"]


# feedback


@pytest.mark.parametrize(("word", "value"), [("helped", 1), ("misled", -1)])
def test_feedback_is_a_record(two, run_alma, run_json, word, value):
    flag = f"--{word}"
    finished = run_alma("feedback", "abc1", flag, "--yes", "--wait", "5")
    assert (0, f"noted that abc10000 {word}\n") == (finished.code, finished.err)
    credit = run_json("show", finished.out.strip())["data"]
    assert (two[0], value, "credit") == (credit["target"], credit["value"], credit["kind"])
    assert run_json("feedback", "abc1", flag)["data"]["queued"] is False


@pytest.mark.parametrize("flags", [[], ["--helped", "--misled"]])
def test_feedback_is_one_of_two(two, run_alma, flags):
    expected = (2, "", "error: give either --helped or --misled\nhint: alma feedback ID --helped\n")
    assert expected == run_alma("feedback", "abc1", *flags)


def test_feedback_moves_a_memory_within_bounds(run_json, run_alma, learn):
    ids = [learn("Test the login form", strategy=strategy) for strategy in ("empty fields", "long names")]

    def scores():
        hits = run_json("retrieve", "test the login form", "--agent", "helena")["data"]["outcomes"]
        return {hit["id"]: hit["score"] for hit in hits}

    before = scores()
    for _ in range(3):
        run_alma("feedback", ids[0], "--helped")
        run_alma("feedback", ids[1], "--misled")
    after = scores()
    assert after[ids[0]] > before[ids[0]] > after[ids[0]] - 0.05
    assert after[ids[1]] < before[ids[1]] < after[ids[1]] + 0.05


def test_a_rule_is_shown_with_short_numbers_and_in_full_as_json(learn, run_alma, run_json):
    for result in ("success", "success", "partial"):
        learn("Test the login form", result, when="a form is tested", do="try blanks")
    (rule,) = run_json("list", "--kind", "heuristic")["data"]["memories"]
    shown = dict(line.split(":", 1) for line in run_alma("show", rule["id"]).out.splitlines() if ": " in line)
    found = {name: shown[name].strip() for name in ("occurrences", "successes", "success_rate")}
    assert {"occurrences": "3", "successes": "2.5", "success_rate": "0.83"} == found
    assert 2.5 / 3 == run_json("show", rule["id"])["data"]["success_rate"]


def test_a_write_tells_which_rules_it_changes(learn, run_alma, run_json):
    ids = [learn("Test the login form", when="a form is tested", do="try blanks") for _ in range(3)]
    (rule,) = run_json("list", "--kind", "heuristic")["data"]["memories"]
    gone, back = (
        f"heuristic {rule['id'][:8]} no longer holds: try blanks",
        f"new heuristic {rule['id'][:8]}, worked 3 of 3",
    )
    assert gone in run_alma("forget", ids[0]).err
    assert back in run_alma("undo", "--yes").err
    assert f"heuristic {rule['id'][:8]} is less sure now" in run_alma("correct", ids[0], "--outcome", "partial").err
    assert gone in run_alma("forget", rule["id"], "--yes").err


def test_many_changed_rules_are_told_in_one_line(learn, run_alma):
    ids = [learn(f"Test form {n}", when=f"form number {n * 7}", do="try blanks") for n in range(11) for _ in range(3)]
    assert "no longer holding: 11 heuristics" in run_alma("forget", *ids, "--yes").err.splitlines()
