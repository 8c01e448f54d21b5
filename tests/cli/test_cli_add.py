"""`alma add`."""

import pytest

EXAMPLES = {
    "preference": (
        ["Write commit messages in English", "--user", "ana", "--category", "git"],
        {"preference": "Write commit messages in English", "user_id": "ana", "category": "git", "confidence": 1.0},
    ),
    "knowledge": (
        ["CI has two cores", "--source", "runbook", "--confidence", "0.8"],
        {"fact": "CI has two cores", "source": "runbook", "confidence": 0.8},
    ),
    "heuristic": (
        ["a selector breaks", "--strategy", "use data-testid", "--confidence", "0.25"],
        {"condition": "a selector breaks", "strategy": "use data-testid", "confidence": 0.25, "occurrences": 0},
    ),
    "anti-pattern": (
        ["sleeping before a click", "--why", "flaky", "--instead", "wait for it"],
        {"pattern": "sleeping before a click", "why_bad": "flaky", "better_alternative": "wait for it"},
    ),
}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_option_is_stored(run_alma, run_json, kind):
    argv, fields = EXAMPLES[kind]
    finished = run_alma("add", kind, *argv, "--agent", "helena", "--domain", "ui", "--yes", "--wait", "5")
    assert (0, f"added the {kind} in ui\n") == (finished.code, finished.err)
    record = run_json("show", finished.out.strip())["data"]
    expected = {"kind": kind.replace("-", "_"), "agent": "helena", "domain": "ui", "origin": "authored", **fields}
    assert expected == {name: record[name] for name in expected}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_whose_it_is(run_alma, run_json, monkeypatch, kind):
    def agent_of(*argv):
        return run_json("show", run_alma("add", kind, *EXAMPLES[kind][0], *argv).out.strip())["data"]["agent"]

    assert "_project" == agent_of("--project-wide")
    monkeypatch.setenv("ALMA_AGENT", "ines")
    assert ("_project" if kind == "preference" else "ines") == agent_of()
    assert "helena" == agent_of("--agent", "helena")


def test_a_fact_is_remembered_for_all_where_it_is_not_clear_for_whom(scoped_project, run_alma, run_json, monkeypatch):
    def agent_of(fact, *options):
        return run_json("show", run_alma("remember", fact, *options).out.strip())["data"]["agent"]

    assert "_project" == agent_of("CI has two cores")
    assert "victor" == agent_of("The API has a limit", "--agent", "victor")
    monkeypatch.setenv("ALMA_AGENT", "helena")
    assert "helena" == agent_of("The form has two buttons")


@pytest.mark.parametrize("kind", ["knowledge", "heuristic", "anti-pattern"])
def test_all_but_preferences_need_an_agent_where_several_are_named(scoped_project, run_alma, kind):
    hint = "name one with --agent NAME (helena, victor), or set ALMA_AGENT"
    assert (2, "", f"error: no agent given\nhint: {hint}\n") == run_alma("add", kind, *EXAMPLES[kind][0])


@pytest.mark.parametrize("kind", EXAMPLES)
def test_an_agent_and_project_wide_exclude_each_other(run_alma, kind):
    finished = run_alma("add", kind, *EXAMPLES[kind][0], "--agent", "helena", "--project-wide")
    assert (2, "", "error: --agent and --project-wide exclude each other\n") == finished


@pytest.mark.parametrize("kind", EXAMPLES)
@pytest.mark.parametrize("given", [[], ["-"]])
def test_the_text_may_come_from_stdin(run_alma, run_json, kind, given):
    argv, _ = EXAMPLES[kind]
    finished = run_alma("add", kind, *given, *argv[1:], "--project-wide", stdin=argv[0] + "\n")
    assert 0 == finished.code
    assert argv[0] in run_json("show", finished.out.strip())["data"].values()


@pytest.mark.parametrize("kind", EXAMPLES)
@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_text_is_refused(run_alma, kind, text):
    finished = run_alma("add", kind, text, *EXAMPLES[kind][0][1:], "--project-wide")
    hint = "say in a sentence what is to be remembered"
    assert (2, "", f"error: TEXT: empty\nhint: {hint}\n") == finished


def test_a_heuristic_needs_a_strategy(run_alma):
    hint = "say what works with --strategy; TEXT is the condition"
    expected = (2, "", f"error: strategy: empty\nhint: {hint}\n")
    assert expected == run_alma("add", "heuristic", "a selector breaks", "--agent", "helena")


@pytest.mark.parametrize(("given", "shown"), [("1.5", "1.5"), ("-0.1", "-0.1"), ("nan", "nan"), ("inf", "inf")])
@pytest.mark.parametrize("kind", ["preference", "knowledge", "heuristic"])
def test_a_confidence_out_of_range_is_refused(run_alma, kind, given, shown):
    finished = run_alma("add", kind, *EXAMPLES[kind][0], "--project-wide", "--confidence", given)
    assert (2, "", f"error: confidence: expected a number from 0 to 1, got {shown}\n") == finished


@pytest.mark.parametrize("kind", EXAMPLES)
def test_what_says_the_same_is_not_added_again(run_alma, run_json, kind):
    argv, _ = EXAMPLES[kind]
    id = run_alma("add", kind, *argv, "--project-wide").out.strip()
    finished = run_alma("add", kind, argv[0].upper() + ".", *argv[1:], "--project-wide")
    assert (0, id + "\n", f"the same {kind} is there already, as {id[:8]}; nothing was added\n") == finished
    data = run_json("add", kind, *argv, "--project-wide")["data"]
    assert (False, id, id) == (data["added"], data["same_as"], data["id"])
    assert 1 == run_json("stats")["data"]["total"]


def test_what_says_nearly_the_same_is_linked(run_alma, run_json):
    first = run_alma("add", "knowledge", "The staging API allows 100 requests a minute", "--project-wide").out.strip()
    finished = run_alma("add", "knowledge", "The staging API allows 100 requests per minute", "--project-wide")
    assert [
        "added the knowledge in general",
        f"it says nearly the same as {first[:8]}: `alma show {first[:8]}`",
    ] == finished.err.splitlines()
    assert {"similar_to": first} == run_json("show", finished.out.strip())["data"]["labels"]


def test_the_domain_is_recognised_within_scope(scoped_project, run_alma, run_json):
    id = run_alma("add", "knowledge", "Testing strategies for forms", "--agent", "helena").out.strip()
    assert "testing_strategies" == run_json("show", id)["data"]["domain"]
    finished = run_alma("add", "knowledge", "x", "--agent", "helena", "--domain", "backend_logic")
    assert (6, "error: helena may not learn backend_logic: its cannot_learn names it") == (
        finished.code,
        finished.err.splitlines()[0],
    )
    refusals = [row for row in run_json("log")["data"]["audit"] if row["action"] == "refuse"]
    assert [("helena", "helena may not learn backend_logic: its cannot_learn names it")] == [
        (row["agent"], row["detail"]) for row in refusals
    ]
    assert 1 == run_json("stats")["data"]["total"]
