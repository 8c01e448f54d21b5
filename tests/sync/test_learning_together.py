"""Machines that share evidence make the same rules of it, and count nothing twice."""

import json

import pytest

from tests.sync.replicas import is_idle, shared_records


def outcomes_of(one, other, number=3):
    for _ in range(number):
        one.learn("Test the login form", strategy="Tested empty fields")
        other.learn("Test the login form", outcome="failure", strategy="Clicked around")


def test_evidence_of_two_machines_makes_one_rule_on_both(two):
    one, other = two
    for machine in (one, other, one):
        machine.learn("Test the login form", strategy="Tested empty fields")
        assert [] == [record for record in machine.records().values() if record["origin"] == "derived"]
    for machine in (one, other, one):
        machine.sync()
    derived = [record for record in one.records().values() if record["origin"] == "derived"]
    assert [(3, 3.0)] == [(record["occurrences"], record["successes"]) for record in derived]
    assert one.records() == other.records()


def test_nothing_is_counted_twice_however_often_it_comes(two, container):
    one, other = two
    outcomes_of(one, other)
    for _ in range(3):
        for machine in (one, other):
            machine.sync()
            with machine.session.store().file.opened(read_only=False) as connection:
                connection.execute("UPDATE sync_state SET checkpoint = NULL")
    assert one.records() == other.records()
    assert {3} == {record["occurrences"] for record in one.records().values() if record["origin"] == "derived"}


def test_two_machines_with_different_models_share_every_memory_and_derive_the_same(machine, container):
    one, other = machine("one"), machine("two", model="other-letters", dimension=5)
    one.sync()
    other.sync()
    outcomes_of(one, other)
    id = other.know("CI has two cores")
    told = []
    report = other.sync(tell=told.append)
    assert any("vectors are by letters" in note for note in report.notes)
    assert told == report.notes
    assert not [body for body in shared_records(container).values() if "embedding" in body]
    assert 4 == one.sync().vectors_written
    other.sync()
    assert one.records() == other.records()
    assert 2 == sum(record["origin"] == "derived" for record in one.records().values())
    bodies = shared_records(container)
    assert {"letters"} == {body["embedding_model"] for body in bodies.values()}
    assert {("letters", 8)} == set(one.rows("SELECT DISTINCT embedding_model, len(embedding) FROM memories"))
    assert {("other-letters", 5)} == set(other.rows("SELECT DISTINCT embedding_model, len(embedding) FROM memories"))
    assert bodies[id]["hlc"] == other.rows(f"SELECT hlc FROM memories WHERE id = '{id}'")[0][0]
    for each in (one, other):
        assert is_idle(each.sync())


def test_vectors_that_came_along_are_not_made_again(two):
    one, other = two
    one.know("CI has two cores")
    one.sync()
    other.embedder.embedded.clear()
    other.sync()
    assert [] == other.embedder.embedded
    assert 1 == len(other.alma.retrieve("CI has two cores", "helena").knowledge)


@pytest.mark.parametrize("wrong", [[1e-40] * 8, [0.0] * 8, [1.9] * 8, [1.0]], ids=["tiny", "zero", "huge", "short"])
def test_a_vector_that_no_model_gives_is_made_here(two, container, wrong):
    """One of hardly any length was as near as can be to every task."""
    one, other = two
    id = one.know("CI has two cores")
    one.sync()
    body = {**shared_records(container)[id], "embedding": wrong}
    container.put("p", "helena", id, json.dumps(body))
    other.sync()
    assert ["CI has two cores"] == other.embedder.embedded
    assert one.rows("SELECT embedding FROM memories") == other.rows("SELECT embedding FROM memories")


def test_new_outcomes_find_the_keys_that_were_pulled(two):
    one, other = two
    for _ in range(2):
        one.learn("Test the login form", strategy="Tested empty fields")
    one.sync()
    other.sync()
    other.learn("Test the login form", strategy="Tested empty fields")
    assert 1 == len({(record["task_key"], record["strategy_key"]) for record in other.records(derived=False).values()})
    assert 1 == sum(record["origin"] == "derived" for record in other.records().values())


def test_derived_memories_are_written_for_readers_once_and_taken_back_when_retired(two, container):
    one, other = two
    ids = [one.learn("Test the login form", strategy="Tested empty fields") for _ in range(3)]
    assert 1 == one.sync().derived_written
    assert 0 == other.sync().derived_written
    [cached] = [json.loads(content) for _, content in container.documents.values() if "content_hash" in content]
    assert (3, "heuristic", None) == (cached["occurrences"], cached["kind"], cached.get("hlc"))
    other.alma.forget(ids[:2])
    assert 1 == other.sync().derived_written
    [cached] = [json.loads(content) for _, content in container.documents.values() if "content_hash" in content]
    assert ("", True) == (cached["content_hash"], cached["deleted_at"] is not None)
    assert 0 == one.sync().derived_written


def test_rules_configured_otherwise_write_no_derived_memories(machine, container):
    one = machine("one")
    one.sync()
    other = machine("two", more="  learning: {min_occurrences_for_heuristic: 2}\n")
    for _ in range(3):
        other.learn("Test the login form", strategy="Tested empty fields")
    told = []
    report = other.sync(tell=told.append)
    assert 0 == report.derived_written
    assert any("--reseed" in note for note in report.notes)
    assert told == report.notes
    assert other.status().same_rules is False
    assert 1 == other.sync(reseed=True).derived_written
    assert other.status().same_rules is True
