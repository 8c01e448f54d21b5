"""`retrieve --remote`: the same answers, from the shared copy alone."""

import json

import pytest

import alma_cli.api.retrieve_remote as retrieve_remote_module
from alma_cli.api import ALMA
from alma_cli.api.retrieve import Wanted
from alma_cli.api.retrieve_remote import retrieve_remote
from alma_cli.core.replication.documents import MARKER_AGENT, MARKER_ID
from alma_cli.errors import InvalidConfig, RemoteError, RemoteUnreachable
from tests.contracts.memory_remote import MemoryRemote


def asked(machine, task="Test the login form", agent="helena", *, faults=lambda call: None, **more):
    remote = MemoryRemote(machine.container, "p", faults=faults)
    return retrieve_remote(machine.session, Wanted(task=task, agent=agent, **more), remote=remote)


def without_ids(found):
    """A slice as JSON without what differs between any two retrieves."""
    return {name: value for name, value in found.to_json().items() if name not in ("retrieval_id", "retrieval_ms")}


@pytest.fixture
def learned(machine):
    """A machine that knows something of every kind, and shared it."""
    one = machine("one")
    for _ in range(3):
        one.learn("Test the login form", strategy="Tested empty fields")
        one.learn("Test the login form", outcome="failure", strategy="Clicked around")
    one.know("The login form has two fields")
    one.know("project-wide: login is at /login", agent="_project")
    one.know("victor's login secret", agent="victor")
    one.alma.add_preference("short answers about login", user="ana")
    one.alma.feedback(one.know("The logout button is green"), helped=True)
    one.sync()
    return one


@pytest.mark.parametrize("when", ["", "a form for logging in"])
def test_the_remote_gives_what_the_store_gives_when_the_pool_is_everything(learned, machine, when):
    nobody = machine("nobody")
    moment = learned.container.now
    ours = learned.alma.retrieve("Test the login form", "helena", user="ana", when=when)
    learned.container.now = moment
    theirs = asked(nobody, user="ana", when=when)
    assert without_ids(ours) == without_ids(theirs)
    assert 5 == sum(bool(hits) for hits in (theirs.anti_patterns, theirs.heuristics, theirs.preferences, theirs.knowledge, theirs.outcomes))  # fmt: skip
    assert "victor's" not in theirs.to_prompt(2000)


def test_scores_are_the_stores_when_only_the_best_are_candidates(machine, monkeypatch):
    one, nobody = machine("one"), machine("nobody")
    for number in range(30):
        one.know(f"{'abcdefghijklmnopqrstuvwxyzäöüß'[number] * 9} is of no use")
    one.know("The login form has two fields")
    one.know("The login page is at /login")
    one.sync()
    monkeypatch.setattr(retrieve_remote_module, "_PER_SIGNAL", 4)
    theirs = asked(nobody)
    ours = one.alma.retrieve("Test the login form", "helena")
    assert [(hit.id, pytest.approx(hit.score)) for hit in theirs.knowledge] == [
        (hit.id, hit.score) for hit in ours.knowledge
    ]


def test_nothing_is_stored_on_the_way(learned, machine):
    nobody = machine("nobody")
    asked(nobody)
    assert not (nobody.folder / ".alma/memory.duckdb").exists()


def test_who_inherits_from_everybody_sees_everybody(learned, machine):
    anyone = machine("anyone", more="  agents: {helena: {inherit_from: ['*']}, '*': {}}\n")
    found = asked(anyone, "the login secret of victor")
    assert "victor's login secret" in {hit.text for hit in found.knowledge}


def test_another_model_compares_words_only_and_says_so(learned, machine):
    stranger = machine("stranger", model="other-letters", dimension=5)
    found = asked(stranger)
    assert any("only words are compared" in warning for warning in found.warnings)
    assert found.heuristics


def test_an_empty_remote_gives_nothing_and_says_so(machine):
    found = asked(machine("one"))
    assert 0 == len(found)
    assert any("is empty" in warning for warning in found.warnings)


def test_forgotten_archived_and_broken_documents_are_left_out(learned, machine):
    [id] = [id for id, record in learned.records().items() if record.get("fact") == "The login form has two fields"]
    learned.alma.forget([id])
    learned.sync()
    learned.container.put(
        "p", "helena", "f" * 32, json.dumps({"id": "f" * 32, "agent": "helena", "fact": "login form"})
    )
    learned.container.put("p", "helena", "e" * 32, "login form")
    found = asked(machine("nobody"))
    assert {"project-wide: login is at /login", "The logout button is green"} == {hit.text for hit in found.knowledge}


@pytest.mark.parametrize("wrong", [[1e-40] * 8, [0.0] * 8, [1.9] * 8], ids=["tiny", "zero", "huge"])
def test_a_vector_that_no_model_gives_is_as_near_as_no_vector(learned, machine, wrong):
    *_, (_, content) = (one for one in learned.container.documents.values() if '"kind": "outcome"' in one[1])
    fields = {"embedding": wrong, "task": "Bake bread", "strategy": "", "id": "f" * 32}
    learned.container.put("p", "helena", "f" * 32, json.dumps({**json.loads(content), **fields}))
    hits = asked(machine("nobody"), "Water the plants", top_k=10, kinds=("outcome",)).outcomes
    assert "f" * 32 not in [hit.id for hit in hits]


def test_what_a_store_would_set_aside_as_still_to_come_is_left_out(learned, machine):
    *_, (_, content) = (one for one in learned.container.documents.values() if '"kind": "outcome"' in one[1])
    body = {**json.loads(content), "id": "f" * 32, "strategy": "Waited", "at": "9999-01-01T00:00:00Z"}
    learned.container.put("p", "helena", "f" * 32, json.dumps(body))
    assert "f" * 32 not in [hit.id for hit in asked(machine("nobody"), top_k=10).outcomes]


def test_a_remote_that_does_not_answer_says_so(learned, machine):
    def fail(call):
        raise RemoteUnreachable("no answer", hint="is it there?")

    with pytest.raises(RemoteUnreachable):
        asked(machine("nobody"), faults=fail)
    learned.container.put("p", MARKER_AGENT, MARKER_ID, "{}")
    with pytest.raises(RemoteError) as error:
        asked(machine("nobody2"))
    assert "marker" in error.value.message


@pytest.mark.parametrize(
    ("storage", "next_step"),
    [("local", "run `alma retrieve` without --remote"), ("file, file: {path: ../shared}", "run `alma sync`, then")],
)
def test_without_a_service_to_search_the_command_says_what_to_do(configure, run_json, storage, next_step):
    configure(f"alma: {{project_id: shop, storage: {storage}}}\n")
    error = run_json("retrieve", "x", "--agent", "a", "--remote", code=3)["error"]
    assert ("invalid_config", True) == (error["code"], error["hint"].startswith(next_step))
    with pytest.raises(InvalidConfig):
        ALMA.find().retrieve("x", "a", remote=True)
