"""What outcomes teach, as the commands show it."""

import json
from datetime import UTC, datetime, timedelta
from operator import itemgetter

import pytest

from alma_cli.api import ALMA
from alma_cli.api.learn import _outcome
from alma_cli.core.learning.reports import Report
from alma_cli.errors import ScopeViolation
from alma_cli.store import Insert

TASK = "Test the login form"
GOOD, BAD = "Tried empty fields", "Slept for ten seconds"


def lines(*values):
    return "".join(json.dumps(value) + "\n" for value in values)


@pytest.fixture
def outcomes(run_json):
    """Record outcomes of the login task that ended so (s, f or p each); what the last learn said."""

    def record(ended, strategy=GOOD, *, agent="helena", task=TASK, domain="ui", **options):
        words = {"s": "success", "f": "failure", "p": "partial"}
        *before, last = [
            {"agent": agent, "task": task, "outcome": words[letter], "strategy": strategy, "domain": domain}
            for letter in ended
        ]
        if before:
            run_json("learn", "--batch", "-", stdin=lines(*before))
        flags = [part for name, value in {**last, **options}.items() for part in (f"--{name}", value)]
        return run_json("learn", *flags)

    return record


@pytest.fixture
def memories(run_json):
    """The listed memories of a kind."""

    def listed(kind, *argv):
        return run_json("list", "--kind", kind.replace("_", "-"), *argv)["data"]["memories"]

    return listed


@pytest.fixture
def retrieved(run_json):
    def retrieve(*argv, task=TASK, agent="helena"):
        return run_json("retrieve", task, "--agent", agent, *argv)["data"]

    return retrieve


# learn


def test_learn_shows_what_became_of_heuristics(outcomes):
    shown = [outcomes(letter)["data"] for letter in "ssssfff"]
    changes = [[item["change"] for item in data["heuristics"]] for data in shown]
    assert [[], [], ["created"], ["strengthened"], ["weakened"], ["weakened"], ["retired"]] == changes
    (created,) = shown[2]["heuristics"]
    assert (3, 3.0, ["id", "change", "occurrences", "successes", "confidence"]) == (
        created["occurrences"],
        created["successes"],
        list(created),
    )
    assert created["confidence"] == pytest.approx(3 / (3 + 1.28**2), abs=1e-3)
    assert {created["id"]} == {item["id"] for data in shown for item in data["heuristics"]}
    assert [[]] * 7 == [data["anti_patterns"] for data in shown]


def test_a_heuristic_that_became_an_anti_pattern_is_retired(configure, outcomes):
    configure(
        """
alma:
  project_id: shop
  learning: {min_occurrences_for_heuristic: 1, z: 0, anti_pattern_below: 1}
  agents: {helena: {min_occurrences_for_heuristic: 1}}
"""
    )
    outcomes("s")
    data = outcomes("f")["data"]
    (retired,), (created,) = data["heuristics"], data["anti_patterns"]
    assert ("retired", 1, 1.0) == (retired["change"], retired["occurrences"], retired["confidence"])
    assert ("created", 2, None) == (created["change"], created["occurrences"], created["confidence"])


def test_what_is_known_to_be_bad_is_warned_of_and_never_refused(outcomes, memories):
    outcomes("sss")
    created = outcomes("fff", BAD, error="it was flaky")
    assert (["created"], []) == ([item["change"] for item in created["data"]["anti_patterns"]], created["warnings"])
    again = outcomes("f", BAD)
    id = created["data"]["anti_patterns"][0]["id"]
    assert [f"known to be bad ({id[:8]}): {BAD} (when: {TASK}); it worked 0 of 3 times; better: {GOOD}"] == again[
        "warnings"
    ]
    assert ["strengthened"] == [item["change"] for item in again["data"]["anti_patterns"]]
    assert 7 == len(memories("outcome"))
    (shown,) = memories("anti_pattern")
    assert ("it was flaky", GOOD, 4) == (shown["why_bad"], shown["better_alternative"], shown["occurrences"])


def test_learn_tells_what_became_of_a_rule(outcomes, run_alma, memories):
    flags = ["--agent", "helena", "--task", TASK, "--domain", "ui"]
    outcomes("ss", "Tried \x1b[31mempty fields")
    told = []
    for result in ("success", "success", "failure", "failure", "failure"):
        finished = run_alma("learn", *flags, "--strategy", "Tried \x1b[31mempty fields", "--outcome", result)
        told += finished.err.splitlines()[1:]
    (id,) = {line.partition("heuristic ")[2][:8] for line in told}
    text = "Tried \\x1b[31mempty fields"
    assert [
        f"new heuristic {id}, worked 3 of 3: {text}",
        f"heuristic {id} is surer now, worked 4 of 4: {text}",
        f"heuristic {id} is less sure now, worked 4 of 5: {text}",
        f"heuristic {id} is less sure now, worked 4 of 6: {text}",
        f"heuristic {id} no longer holds: {text}",
    ] == told
    assert [] == memories("heuristic")


def test_a_batch_tells_what_came_of_all_of_it(run_alma):
    learned = [
        {"agent": "helena", "task": TASK, "strategy": strategy, "outcome": outcome, "domain": "ui"}
        for strategy, outcome in ((GOOD, "success"), (BAD, "failure"))
        for _ in range(260)
    ]
    finished = run_alma("learn", "--batch", "-", stdin=lines(*learned))
    assert ["recorded 520 outcomes", "new: 1 heuristic, 1 anti-pattern"] == finished.err.splitlines()[:2]


def test_a_person_vouches_for_what_outcomes_taught(outcomes, run_alma, run_json, memories, retrieved):
    outcomes("sss")
    (derived,) = memories("heuristic")
    given = ["add", "heuristic", TASK.upper(), "--strategy", GOOD, "--agent", "helena", "--domain", "ui"]
    added = run_alma(*given)
    told = f"it stands in the place of {derived['id'][:8]}, which outcomes taught; they still count"
    assert ["added the heuristic in ui", told] == added.err.splitlines()
    (shown,) = retrieved("--kind", "heuristic")["heuristics"]
    assert (added.out.strip(), derived["confidence"]) == (shown["id"], shown["confidence"])
    assert {"occurrences": 3, "successes": 3.0} == {
        name: shown["in_such_tasks"][name] for name in ("occurrences", "successes")
    }
    assert (added.out.strip(), None) == itemgetter("same_as", "hides")(run_json(*given)["data"])
    actions = [row["action"] for row in run_json("log", derived["id"])["data"]["audit"]]
    assert ["hidden", "created"] == actions
    run_alma("forget", added.out.strip(), "--yes")
    assert [derived["id"]] == [memory["id"] for memory in retrieved("--kind", "heuristic")["heuristics"]]


def test_what_turns_bad_is_shown_although_somebody_vouched_for_it(outcomes, run_alma, memories):
    outcomes("sss")
    run_alma("add", "heuristic", TASK, "--strategy", GOOD, "--agent", "helena", "--domain", "ui")
    outcomes("f" * 12)
    (avoid,) = memories("anti_pattern")
    assert (False, 15) == (avoid["archived"], avoid["occurrences"])


def test_a_batch_warns_too(outcomes, run_json):
    outcomes("fff", BAD)
    line = {"agent": "helena", "task": TASK, "outcome": "failure", "strategy": BAD, "domain": "ui"}
    (warning,) = run_json("learn", "--batch", "-", stdin=lines(line, line))["warnings"]
    assert warning.startswith("known to be bad")


def test_nobody_is_told_of_what_waited_of_another_agent(project, outcomes, run_json):
    outcomes("sss", agent="victor")
    outcomes("fff", BAD, agent="victor")
    alma = ALMA.find(directory=project)
    session = alma._session
    report = Report(agent="victor", task=TASK, outcome="failure", strategy=BAD, domain="ui")
    entries, _ = session.entries([_outcome(session, report)])
    session.store().journal.write(session.operation(Insert, entries=tuple(entries)))
    told = outcomes("s", agent="helena")
    assert ([], [], []) == (told["warnings"], told["data"]["heuristics"], told["data"]["anti_patterns"])


# retrieve


def test_rules_are_shown_first_and_evidence_is_not_hidden(outcomes, retrieved, run_alma):
    outcomes("sss")
    outcomes("fff", BAD)
    data = retrieved()
    assert ([1, 1], True) == ([len(data["anti_patterns"]), len(data["heuristics"])], len(data["outcomes"]) > 1)
    assert {GOOD, BAD} == {hit["strategy"] for hit in data["outcomes"]}
    prompt = run_alma("retrieve", TASK, "--agent", "helena").out
    assert prompt.index("### What works") < prompt.index("\n  - [") < prompt.index("### What happened before")


def test_heuristics_of_one_strategy_are_shown_once_with_pooled_numbers(outcomes, retrieved):
    outcomes("sss")
    outcomes("ssp", domain="admin")
    for argv in ([], ["--kind", "heuristic"]):
        (hit,) = retrieved(*argv)["heuristics"]
        assert (3, {"occurrences": 6, "successes": 5.5}) == (hit["occurrences"], hit["in_such_tasks"])


def test_archived_outcomes_are_still_pooled(outcomes, retrieved, run_json):
    old = (datetime.now(UTC) - timedelta(days=1000)).isoformat()
    for _ in range(3):
        outcomes("s", at=old)
    assert 3 == len(run_json("forget", "--stale")["data"]["archived"])
    data = retrieved()
    assert [] == data["outcomes"]
    assert [3] == [hit["in_such_tasks"]["occurrences"] for hit in data["heuristics"]]


def test_credit_moves_the_rank_within_bounds_and_neither_count_nor_confidence(outcomes, retrieved, run_alma):
    outcomes("sss")
    run = retrieved("--kind", "heuristic")
    outcomes("s", "Typed fast", task="Bake a cake", used=run["heuristics"][0]["id"])
    outcomes("s", "Typed fast", task="Bake a cake", retrieval=run["retrieval_id"])
    (before,) = retrieved("--explain")["heuristics"]
    assert 2 == before["explain"]["credit"]
    for _ in range(5):
        run_alma("feedback", before["id"], "--helped")
    (after,) = retrieved("--explain")["heuristics"]
    assert 7 == after["explain"]["credit"]
    assert before["score"] < after["score"] < before["score"] + 0.05
    for name in ("occurrences", "successes", "confidence", "in_such_tasks"):
        assert before[name] == after[name]


def test_using_a_rule_again_gives_it_no_credit_but_evidence(outcomes, retrieved):
    outcomes("sss")
    (before,) = retrieved()["heuristics"]
    outcomes("s", used=before["id"])
    (after,) = retrieved("--explain")["heuristics"]
    assert (0, 4) == (after["explain"]["credit"], after["occurrences"])


# agents, correct, forget


def test_agents_count_what_was_learned(outcomes, run_json, memories):
    outcomes("sss")
    outcomes("fff", BAD)
    outcomes("s", agent="victor")
    found = {view["agent"]: view for view in run_json("agents")["data"]["agents"]}
    assert (8, 1, 1, {"failure": 3, "success": 3}) == tuple(
        found["helena"][name] for name in ("learned", "heuristics", "anti_patterns", "outcomes")
    )
    assert (1, 0, 0) == tuple(found["victor"][name] for name in ("learned", "heuristics", "anti_patterns"))
    run_json("correct", memories("heuristic")[0]["id"], "testing a form")
    assert 1 == run_json("agents")["data"]["agents"][0]["heuristics"]


def test_correcting_a_derived_memory_adds_one_that_hides_it(outcomes, run_alma, run_json, retrieved, memories):
    id = outcomes("sss")["data"]["heuristics"][0]["id"]
    finished = run_alma("correct", id, "testing any form at all")
    new = finished.out.strip()
    assert f"added {new[:8]}, which hides what was derived as {id[:8]}\n" == finished.err
    shown = {memory["id"]: memory for memory in memories("heuristic") + memories("heuristic", "--archived")}
    assert ("authored", "testing any form at all", GOOD, False) == tuple(
        shown[new][name] for name in ("origin", "condition", "strategy", "archived")
    )
    assert (True, shown[new]["strategy_key"]) == (shown[id]["archived"], shown[id]["strategy_key"])
    assert [new] == [hit["id"] for hit in retrieved(task="test any form at all")["heuristics"]]
    run_json("forget", new)
    assert [id] == [hit["id"] for hit in retrieved()["heuristics"]]


def test_forgetting_a_derived_memory_forgets_its_evidence(outcomes, run_alma, run_json, memories):
    id = outcomes("sss")["data"]["heuristics"][0]["id"]
    other = outcomes("s", BAD)["data"]["id"]
    evidence = {memory["id"] for memory in memories("outcome")} - {other}
    dry = run_alma("forget", id, "--dry-run")
    assert (0, True) == (dry.code, dry.err.startswith("would forget 3 memories:\n"))
    assert evidence == set(run_json("forget", id, "--dry-run")["data"]["would_forget"])
    assert 4 == len(memories("outcome"))
    assert evidence == set(run_json("forget", id)["data"]["forgotten"])
    assert ([], [other]) == (memories("heuristic"), [memory["id"] for memory in memories("outcome")])


def test_forgetting_what_is_stale_hides_it_and_keeps_it_as_evidence(outcomes, run_alma, run_json, memories):
    old = (datetime.now(UTC) - timedelta(days=200)).isoformat()
    stale, praised = (outcomes("s", at=old)["data"]["id"] for _ in range(2))
    outcomes("s")
    run_alma("feedback", praised, "--helped")
    assert (0, "", "would archive 1 memory\n") == run_alma("forget", "--stale", "--dry-run")
    assert {"archived": [], "would_archive": [stale], "queued": False} == run_json("forget", "--stale", "--dry-run")[
        "data"
    ]
    assert {"archived": [stale], "queued": False} == run_json("forget", "--stale")["data"]
    assert [stale] == [memory["id"] for memory in memories("outcome", "--archived")]
    assert (0, "", "archived 0 memories\n") == run_alma("forget", "--stale")
    assert [3] == [memory["occurrences"] for memory in memories("heuristic")]


@pytest.mark.parametrize("argv", [[], ["abc1", "--stale"]])
def test_forget_takes_either_ids_or_stale(run_alma, argv):
    hint = "`alma list` shows the ids"
    assert (2, "", f"error: give either IDs or --stale\nhint: {hint}\n") == run_alma("forget", *argv)


# export and import


def test_an_import_derives_again_what_is_left_out(outcomes, run_alma, run_json, memories, project):
    outcomes("sssp")
    outcomes("fff", BAD, error="flaky")
    run_json("correct", memories("anti_pattern")[0]["id"], "sleeping")
    exported = run_alma("export").out

    def derived(*argv):
        found = [memory for kind in ("heuristic", "anti_pattern") for memory in memories(kind, *argv)]
        return [
            memory for memory in found + memories("anti_pattern", "--archived", *argv) if memory["origin"] == "derived"
        ]

    (project / "other").mkdir()
    (project / "other/.alma").mkdir()
    (project / "other/.alma/config.yaml").write_text("alma: {project_id: shop}")
    other = ["--dir", str(project / "other")]
    imported = run_json("import", "-", *other, stdin=exported)["data"]
    assert (8, 2) == (imported["imported"], imported["derived"])
    assert {"heuristic", "anti_pattern"} == {memory["kind"] for memory in derived()}
    assert derived() == derived(*other)


# Scope


FORBIDDEN = {"agent": "helena", "domain": "backend_logic"}
FLAGS = ["--agent", "helena", "--domain", "backend_logic"]
WAYS_IN = {
    "flags": lambda run, id: run("learn", "--task", TASK, "--outcome", "success", *FLAGS),
    "batch": lambda run, id: run(
        "learn", "--batch", "-", stdin=lines({"task": TASK, "outcome": "success", **FORBIDDEN})
    ),
    "import": lambda run, id: run("import", "-", stdin=lines({"kind": "knowledge", "fact": "f", **FORBIDDEN})),
    "add": lambda run, id: run("add", "knowledge", "f", *FLAGS),
    "correct": lambda run, id: run("correct", id, "new"),
}


@pytest.mark.parametrize("way", WAYS_IN)
def test_every_way_in_is_refused_and_audited(configure, run_alma, run_json, learn, way):
    configure("alma: {project_id: shop}")
    id = learn(TASK, domain="backend_logic")
    configure("alma: {project_id: shop, agents: {helena: {cannot_learn: [backend_logic]}}}")
    assert 6 == WAYS_IN[way](run_alma, id).code
    assert 1 == run_json("stats")["data"]["total"]
    assert [("refuse", "helena")] == [
        (row["action"], row["agent"]) for row in run_json("log", "-n", "1")["data"]["audit"]
    ]


def test_python_is_refused_and_audited(scoped_project):
    alma = ALMA.find(directory=scoped_project)
    with pytest.raises(ScopeViolation):
        alma.learn(agent="helena", task=TASK, outcome="success", domain="backend_logic")
    assert (0, "refuse") == (sum(t.count for t in alma.stats().tallies), alma.log().audit[0].action)


def test_a_correction_of_a_rule_claims_no_outcomes_since_more_may_come_that_say_otherwise(
    outcomes, run_json, retrieved
):
    rule = outcomes("sss")["data"]["heuristics"][0]["id"]
    mine = run_json("correct", rule, "--strategy", "blanks, gently")["data"]["id"]
    outcomes("fffffff")
    found = retrieved()
    assert [(mine, 0, None)] == [(one["id"], one["occurrences"], one["success_rate"]) for one in found["heuristics"]]
    assert [(10, 3.0)] == [(one["occurrences"], one["successes"]) for one in found["anti_patterns"]]
