"""Of two versions one holds, the same everywhere, and the other stays in history."""

import json
from datetime import timedelta

import pytest

from alma_cli.errors import NotFound, RemoteUnreachable
from tests.sync.replicas import is_idle, known_to_both, shared_records


def test_the_later_correction_holds_and_the_other_is_in_history(two):
    one, other = two
    id = known_to_both(one, other, "CI has one core")
    one.alma.correct(id, "CI has two cores")
    other.alma.correct(id, "CI has three cores")
    one.sync()
    report = other.sync()
    assert [("ours", id)] == [(conflict.kept, conflict.id) for conflict in report.conflicts]
    report = one.sync()
    assert 0 == report.conflict_count  # one had nothing of its own left to lose
    assert one.records()[id]["fact"] == other.records()[id]["fact"] == "CI has three cores"
    lost = [json.loads(version.content)["fact"] for version in other.alma.log(id).versions]
    assert sorted(lost) == ["CI has one core", "CI has two cores"]
    assert "conflict" in {row.action for row in other.alma.log(id).audit}


def test_whoever_loses_is_told_so(two):
    one, other = two
    id = known_to_both(one, other, "CI has one core")
    other.alma.correct(id, "CI has three cores")
    one.alma.correct(id, "CI has two cores")
    one.sync()
    report = other.sync()
    assert [("theirs", 1, 0)] == [(one.kept, report.pulled, report.pushed) for one in report.conflicts]
    assert "CI has two cores" == other.records()[id]["fact"]
    versions = [json.loads(version.content)["fact"] for version in other.alma.log(id).versions]
    assert "CI has three cores" in versions


def test_a_conflict_met_in_a_sync_that_fails_is_told_by_the_next_and_once(two):
    one, other = two
    id = known_to_both(one, other, "CI has one core")
    one.alma.correct(id, "CI has two cores")
    other.alma.correct(id, "CI has three cores")
    one.sync()

    def fail(call):
        if call == "write":
            raise RemoteUnreachable("no answer", hint="")

    with pytest.raises(RemoteUnreachable, match="the next sync lists them"):
        other.sync(faults=fail)
    report = other.sync()
    assert [(id, "knowledge", "helena", "ours")] == [
        (told.id, told.kind, told.agent, told.kept) for told in report.conflicts
    ]
    report = other.sync()
    assert (0, []) == (report.conflict_count, report.conflicts)


def test_a_plain_change_of_others_is_no_conflict_after_a_comparison(two, container):
    one, other = two
    id = known_to_both(one, other, "CI has one core")
    one.alma.correct(id, "CI has two cores")
    one.sync()
    container.rid = "another"
    report = other.sync()
    assert (1, 0) == (report.pulled, report.conflict_count)
    assert is_idle(other.sync())


def test_forgetting_beats_an_edit_and_erases_its_text_everywhere(two, container):
    one, other = two
    id = known_to_both(one, other, "a secret")
    one.alma.forget([id])
    other.alma.correct(id, "another secret")
    one.sync()
    report = other.sync()
    assert (1, 1) == (report.forgotten, report.conflict_count)
    assert {} == one.records() == other.records()
    assert [None, None] == [version.content for version in other.alma.log(id).versions]
    assert "secret" not in json.dumps([content for _, content in container.documents.values()])
    assert is_idle(one.sync())
    assert is_idle(other.sync())


def test_what_was_forgotten_never_comes_back(two, machine):
    one, other = two
    id = one.know("wrong")
    exported = list(one.alma.export())
    one.sync()
    other.sync()
    one.alma.forget([id])
    one.sync()
    other.sync()
    third = machine("three")
    third.sync()
    for each in (one, other, third):
        each.alma.import_([(1, json.loads(exported[0]))])
        each.sync()
        assert {} == each.records()


def test_an_old_export_never_undoes_a_later_correction(two, machine):
    one, other = two
    id = one.know("CI has one core")
    same = one.know("CI is slow")
    exported = [json.loads(line) for line in one.alma.export()]
    one.sync()
    other.sync()
    other.alma.correct(id, "CI has two cores")
    other.sync()
    one.sync()
    third = machine("three")
    third.alma.import_(enumerate(exported, 1))
    report = third.sync(join=True)
    assert (2, 0) == (report.pulled, report.pushed)
    for each in (one, other):
        assert is_idle(each.sync())
        assert "CI has two cores" == each.records()[id]["fact"]
    assert third.records() == one.records()
    assert [] == list(third.alma.log(same).versions)  # which says the same in both


def test_a_memory_imported_on_both_sides_is_no_conflict(two):
    one, other = two
    line = {"kind": "knowledge", "id": "f" * 32, "agent": "helena", "domain": "general", "fact": "the same",
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}  # fmt: skip
    for each in (one, other):
        each.alma.import_([(1, line)])
        assert 0 == each.sync().conflict_count
    one.sync()
    assert one.rows("SELECT hlc, acked_hlc FROM memories") == other.rows("SELECT hlc, acked_hlc FROM memories")


def test_an_edit_of_what_was_edited_and_pulled_always_wins(two):
    one, other = two
    other.offset = timedelta(minutes=-50)
    id = known_to_both(one, other, "first")
    other.alma.correct(id, "second, on a slow clock")
    other.sync()
    assert 0 == one.sync().conflict_count
    assert "second, on a slow clock" == one.records()[id]["fact"]


def test_somebody_who_writes_between_our_reading_and_our_writing_is_merged(two, container):
    one, other = two
    id = known_to_both(one, other, "first")
    one.alma.correct(id, "from one")
    other.alma.correct(id, "from two")

    def in_between(call):
        if call == "write" and not in_between.done:
            in_between.done = True
            one.sync()

    in_between.done = False
    report = other.sync(faults=in_between)
    assert (1, 0) == (report.conflict_count, report.pending)
    one.sync()
    assert one.records() == other.records()
    assert "from two" == one.records()[id]["fact"] == shared_records(container)[id]["fact"]


def test_a_reflection_that_held_against_another_machines_can_be_taken_back_and_one_that_did_not_cannot(two):
    one, other = two
    ids = [one.learn("Test the login form", strategy=strategy) for strategy in ("Look first", "Click around")]
    one.sync()
    other.sync()
    for machine, when in ((one, "a form is tested"), (other, "a page is opened")):
        machine.alma.apply_reflection("helena", json.dumps({"when": when, "do": "look", "outcomes": ids}))
    for machine in (one, other, one):
        machine.sync()
    assert {"a page is opened"} == {record["when"] for record in one.records(derived=False).values()}
    with pytest.raises(NotFound):
        one.alma.undo_reflection("helena")
    assert 2 == other.alma.undo_reflection("helena").worded
    assert {""} == {record["when"] for record in other.records(derived=False).values()}
