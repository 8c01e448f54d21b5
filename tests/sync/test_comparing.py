"""What no change tells of is found by comparison: documents that are gone, or that a hand put there."""

import json
from datetime import timedelta

import pytest

from tests.sync.replicas import is_idle, known_to_both, shared_records


def test_a_check_finds_what_is_gone_from_the_remote_and_pushes_it_again(two, container, machine):
    one, _ = two
    ids = [one.know(f"fact {'abc'[number]}") for number in range(3)]
    forgotten = one.know("wrong")
    one.sync()
    one.alma.forget([forgotten])
    one.sync()
    for id in (ids[0], forgotten):
        del container.documents["p", "helena", id]
    assert is_idle(one.sync())
    report = one.sync(check=True, dry_run=True)
    assert (2, 2) == (report.missing, report.pushed)
    report = one.sync(check=True)
    assert (2, 2) == (report.missing, report.pushed)
    assert any("2 documents that" in note for note in report.notes)
    assert set(ids) == set(shared_records(container))
    assert (0, 0) == ((report := one.sync(check=True)).missing, report.pushed)
    three = machine("three")
    three.sync()
    assert one.records() == three.records()


def test_once_a_month_ids_are_compared_without_being_told(two, container):
    one, _ = two
    id = one.know("CI has two cores")
    one.sync()
    del container.documents["p", "helena", id]
    container.now += timedelta(days=29)
    assert 0 == one.sync().missing
    container.now += timedelta(days=2)
    assert (1, 1) == ((report := one.sync()).missing, report.pushed)
    one.sync()
    calls = []
    one.sync(faults=calls.append)
    assert ["read", "changes"] == calls


def test_a_clock_that_was_a_year_ahead_puts_no_comparison_off_for_a_year(two, container):
    one, _ = two
    id = one.know("CI has two cores")
    container.now += timedelta(days=365)
    one.sync(check=True)
    container.now -= timedelta(days=365)
    del container.documents["p", "helena", id]
    assert 1 == one.sync().missing


def test_after_the_clock_was_put_right_ids_are_compared_once_a_month_again(two):
    one, _ = two
    one.offset = timedelta(days=3650)
    one.sync(check=True)
    one.offset = timedelta()
    one.sync()
    calls = []
    one.sync(faults=calls.append)
    assert ["read", "changes"] == calls


def test_what_others_had_changed_and_is_gone_comes_back_without_a_conflict(two, container):
    one, other = two
    id = known_to_both(one, other, "first")
    del container.documents["p", "helena", id]
    one.alma.correct(id, "second")
    one.sync()
    report = other.sync(check=True)
    assert (1, 0) == (report.pulled, report.conflict_count)
    assert is_idle(one.sync())


def test_a_document_that_gives_an_id_to_another_kind_or_agent_is_kept_aside(two, container):
    one, _ = two
    id = one.know("CI has two cores")
    one.sync()
    body = shared_records(container)[id]
    container.put("p", "victor", id, json.dumps({**body, "agent": "victor"}))
    report = one.sync()
    assert 1 == report.set_aside
    assert any("never changes" in warning for warning in report.warnings)
    assert "helena" == one.records()[id]["agent"]


def test_a_document_that_claims_a_derived_id_is_kept_aside(two, container):
    one, _ = two
    for _ in range(3):
        one.learn("Test the login form", strategy="Tested empty fields")
    one.sync()
    [derived] = [record for record in one.records().values() if record["origin"] == "derived"]
    hostile = {**derived, "origin": "authored", "hlc": "000000000000001.000000.x"}
    container.put("p", "helena", derived["id"], json.dumps(hostile))
    report = one.sync()
    assert any("derived here" in warning for warning in report.warnings)
    assert derived == one.records()[derived["id"]]


@pytest.mark.parametrize("is_forgotten", [False, True])
def test_a_derived_document_in_the_place_of_what_was_recorded_is_told_of_and_no_new_version_of_it(
    two, container, is_forgotten
):
    one, other = two
    id = known_to_both(one, other, "CI has two cores")
    body = shared_records(container)[id]
    if is_forgotten:
        one.alma.forget([id])
        one.sync()
        other.sync()
    before = one.records()
    covering = {name: body[name] for name in ("id", "agent", "project_id", "kind")} | {"content_hash": "x"}
    container.put("p", "helena", id, json.dumps(covering))
    for each in two:
        report = each.sync()
        assert 1 == report.set_aside
        assert any("nobody can have derived it" in warning for warning in report.warnings)
        assert before == each.records()
        calls = []
        assert is_idle(each.sync(faults=calls.append))
        assert ["read", "changes"] == calls
    del container.documents["p", "helena", id]
    one.sync(check=True)
    other.sync(check=True)
    assert ([], []) == (one.status().set_aside, other.status().set_aside)
    assert before == {id: record for id, record in one.records().items() if id in shared_records(container)}


def test_something_that_only_a_hand_can_have_put_there_does_not_stop_a_sync(two, container):
    one, other = two
    one.know("CI has two cores")
    one.sync()
    for number, content in enumerate(["null", "[]", '{"id": 5}', '"text"', "9" * 5000, '{"kind": "outcome"}']):
        container.put("p", "helena", f"{number:032x}", content)
    report = other.sync()
    assert (1, 6) == (report.pulled, report.set_aside)


def test_a_document_that_was_removed_is_written_again_by_who_edits_it(two, container):
    one, _ = two
    id = one.know("CI has two cores")
    one.sync()
    del container.documents["p", "helena", id]
    one.alma.correct(id, "CI has four cores")
    assert 1 == one.sync().pushed
    assert "CI has four cores" == shared_records(container)[id]["fact"]


def test_what_was_passed_over_is_found_by_a_check_and_taken_in(two):
    one, other = two
    id = one.know("CI has two cores")
    one.sync()
    position = one.rows("SELECT checkpoint FROM sync_state")[0][0]
    other.rows(f"UPDATE sync_state SET checkpoint = '{position}'")  # as a restored copy of a store or container has it
    other.sync()
    assert id not in other.records()
    assert 1 == other.sync(check=True).pulled
    assert id in other.records()
    calls = []
    assert is_idle(other.sync(check=True, faults=calls.append))
    assert 1 == calls.count("changes")


def test_a_check_reads_nothing_twice_that_others_wrote_meanwhile(two):
    one, other = two
    for number in range(3):
        one.know(f"fact {number}")
    one.sync()
    other.sync()
    calls = []

    def write_before_ids(call):
        calls.append(call)
        if call == "ids":
            one.know("CI has two cores")
            one.sync()

    assert 1 == other.sync(check=True, faults=write_before_ids).pulled
    assert other.records() == one.records()
    assert 3 == calls.count("changes")
