"""What one store learned, the others know after both synchronised, and an idle sync does nothing."""

import json

import pytest

from alma_cli.errors import RemoteThrottled, RemoteUnreachable
from tests.contracts.memory_remote import MemoryRemote
from tests.sync.replicas import is_idle, shared_records


def test_what_one_machine_learned_the_other_knows_after_both_synchronised(two):
    one, other = two
    one.learn("Test the login form")
    other.know("CI has two cores")
    assert (0, 1) == ((report := one.sync()).pulled, report.pushed)
    assert (1, 1) == ((report := other.sync()).pulled, report.pushed)
    assert (1, 0) == ((report := one.sync()).pulled, report.pushed)
    assert one.records() == other.records()
    assert 2 == len(one.records())


def test_a_second_sync_with_no_changes_writes_nothing(two, container):
    one, other = two
    for number in range(5):
        one.learn(f"Test form {'abcde'[number]}")
    one.sync()
    other.sync()
    one.sync()
    writes = container.writes
    for machine in (one, other, one):
        assert is_idle(machine.sync())
    assert container.writes == writes
    assert one.rows("SELECT DISTINCT action FROM audit WHERE done_by = 'sync'") == [("compare",)]  # the first sync


def test_an_idle_sync_asks_for_the_marker_and_the_changes_only(two):
    one, _ = two
    one.learn("Test the login form")
    one.sync()
    one.sync()
    calls = []
    one.sync(faults=calls.append)
    assert ["read", "changes"] == calls


def test_after_a_push_the_next_sync_is_idle_at_once(two):
    one, _ = two
    one.learn("Test the login form")
    assert 1 == one.sync().pushed
    calls = []
    assert is_idle(one.sync(faults=calls.append))
    assert ["read", "changes"] == calls


def test_what_others_write_while_a_sync_pushes_is_taken_in_by_the_same_sync(two):
    one, other = two
    one.learn("Test the login form")

    def meanwhile(call):
        if call == "write" and not other.records():
            other.know("CI has two cores")
            other.sync()

    report = one.sync(faults=meanwhile)
    assert (1, 1) == (report.pushed, report.pulled)
    assert 2 == len(one.records())


@pytest.mark.parametrize("fault", [RemoteUnreachable("no answer", hint=""), RemoteThrottled("too busy", hint="")])
def test_a_sync_that_has_pushed_does_not_fail_for_reading_it_back(two, fault):
    one, other = two
    one.learn("Test the login form")
    calls = []

    def fail(call):
        calls.append(call)
        if "write" in calls and call == "changes":
            raise fault

    assert 1 == one.sync(faults=fail).pushed
    assert "changes" == calls[-1]
    other.sync()
    assert one.records() == other.records()


def test_what_has_no_vector_is_pushed_without_anything_beside_it(two):
    one, other = two
    id = one.know("CI has two cores")
    one.sync()
    one.alma.feedback(id, helped=True)
    assert 1 == one.sync().pushed
    other.sync()
    assert one.records() == other.records()


def test_every_kind_goes_over_with_all_its_fields(two):
    one, other = two
    target = one.learn("Test the login form", feedback="good", labels={"ci": "yes"}, duration_ms=5)
    one.know("CI has two cores")
    one.alma.add_preference("short answers", user="ana", category="style")
    one.alma.add_anti_pattern("sleeping in tests", agent="helena")
    one.alma.add_heuristic("testing forms", agent="helena", strategy="try blanks")
    one.alma.feedback(target, helped=True)
    one.sync()
    other.sync()
    assert one.records() == other.records()
    assert 6 == len({record["kind"] for record in other.records().values()})


def test_what_a_newer_version_wrote_travels_along(two, container):
    one, other = two
    id = one.know("CI has two cores")
    one.sync()
    _, content = container.documents["p", "helena", id]
    body = json.loads(content)
    newer = {**body, "mood": {"deep": [1]}, "hlc": body["hlc"].replace(".000000.", ".000009.")}
    container.put("p", "helena", id, json.dumps(newer))
    other.sync()
    other.alma.correct(id, "CI has four cores")
    other.sync()
    assert {"deep": [1]} == shared_records(container)[id]["mood"]


def test_only_one_direction_when_told(two):
    one, other = two
    one.know("from one")
    other.know("from two")
    one.sync()
    report = other.sync(push=False)
    assert (1, 0, 1) == (report.pulled, report.pushed, report.pending)
    other.know("more from two")
    report = other.sync(pull=False)
    assert (0, 2, 0) == (report.pulled, report.pushed, report.pending)


def test_an_agent_limits_the_push(two, container):
    one, _ = two
    one.know("helena's", agent="helena")
    one.know("victor's", agent="victor")
    report = one.sync(agents=["victor"])
    assert (1, 1) == (report.pushed, report.pending)
    assert ["victor's"] == [body["fact"] for body in shared_records(container).values()]
    assert 1 == one.sync().pushed


def test_pages_and_batches_of_any_size_give_the_same(machine):
    one, other = machine("one", together=1), machine("two", page=1)
    one.sync()
    for number in range(7):
        one.learn(f"task {'abcdefg'[number]}")
    one.sync()
    assert 7 == other.sync().pulled
    assert one.records() == other.records()


def test_the_container_in_memory_is_told_apart_by_project(container):
    assert [] == list(MemoryRemote(container, "other").nearest("helena", [1.0], limit=3))
