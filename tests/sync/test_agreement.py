"""A store and a shared copy are put together only if they belong together, or if somebody says so."""

import json

import pytest

from alma_cli.core.replication.documents import MARKER_AGENT, MARKER_ID
from alma_cli.errors import JoinNeeded, RemoteForeign, RemoteUnreachable
from tests.sync.replicas import is_idle, known_to_both, shared_records


def test_the_first_sync_writes_the_marker(machine, container):
    machine("one").sync()
    body = json.loads(container.documents["p", MARKER_AGENT, MARKER_ID][1])
    assert (1, "letters", "p") == (body["format"], body["model"], body["project_id"])


def test_a_store_with_memories_has_to_be_told_to_join(machine):
    one, other = machine("one"), machine("two")
    one.know("one's")
    one.sync()
    other.know("two's")
    with pytest.raises(RemoteForeign) as error:
        other.sync()
    assert (4, "remote_foreign") == (error.value.exit_code, error.value.code)
    assert "alma sync --join" in error.value.hint
    assert 1 == len(other.records())
    report = other.sync(join=True)
    assert (1, 1) == (report.pulled, report.pushed)
    one.sync()
    assert one.records() == other.records()


def test_a_copy_that_holds_nothing_but_its_marker_is_adopted_without_a_question(machine):
    empty, one, late = machine("empty"), machine("one"), machine("late")
    empty.sync()
    one.know("one's")
    report = one.sync(dry_run=True)
    assert (1, []) == (report.pushed, report.notes)
    assert 1 == one.sync().pushed
    late.know("late's")
    with pytest.raises(JoinNeeded) as error:
        late.sync()
    assert "has memories already, and so has this store" in error.value.message


def test_a_container_that_was_emptied_is_refilled_only_when_told_and_nothing_is_deleted(two, container):
    one, other = two
    for number in range(3):
        one.know(f"fact {'abc'[number]}")
    gone = known_to_both(one, other, "wrong")
    one.alma.forget([gone])
    one.sync()
    before = one.records()
    container.recreate()
    for machine in two:
        with pytest.raises(RemoteForeign) as error:
            machine.sync()
        assert "alma sync --reseed" in error.value.hint
    report = one.sync(reseed=True)
    assert (0, 4) == (report.pulled, report.pushed)
    assert any("comparing everything" in note for note in report.notes)
    report = other.sync()
    assert any("made anew since the last sync: comparing everything" in note for note in report.notes)
    assert before == one.records() == other.records()
    assert set(before) == set(shared_records(container))
    assert is_idle(one.sync())


def test_a_checkpoint_that_is_refused_compares_everything(two, container):
    one, other = two
    one.know("CI has two cores")
    one.sync()
    other.sync()
    container.rid = "another"
    other.know("from two")
    told = []
    report = other.sync()
    assert any("comparing everything instead" in note for note in report.notes)
    assert (0, 1, told) == (report.pulled, report.pushed, [])
    one.sync()
    assert one.records() == other.records()


def test_another_project_of_the_same_name_is_refused(two, container, machine):
    one, _ = two
    one.know("ours")
    container.recreate()
    stranger = machine("stranger")
    stranger.know("theirs")
    stranger.sync()
    with pytest.raises(RemoteForeign) as error:
        one.sync()
    assert "belongs to another project" in error.value.message
    assert 1 == len(one.records())
    one.sync(join=True)
    stranger.sync()
    assert one.records() == stranger.records()


def test_a_newer_format_refuses_the_whole_sync(two, container):
    one, _ = two
    one.know("CI has two cores")
    body = json.loads(container.documents["p", MARKER_AGENT, MARKER_ID][1])
    container.put("p", MARKER_AGENT, MARKER_ID, json.dumps({**body, "format": 2}))
    writes = container.writes
    with pytest.raises(RemoteForeign) as error:
        one.sync()
    assert "upgrade ALMA" == error.value.hint
    assert container.writes == writes


@pytest.mark.parametrize("content", ["{}", "not JSON", '{"format": 1}'])
def test_a_marker_that_says_nothing_is_refused(two, container, content):
    container.put("p", MARKER_AGENT, MARKER_ID, content)
    with pytest.raises(RemoteForeign) as error:
        two[0].sync()
    assert "nothing was exchanged" in error.value.message


def test_two_machines_that_are_first_at_once_agree(machine, container):
    one, other = machine("one"), machine("two")

    def first(call):
        if call == "write" and not first.done:
            first.done = True
            other.sync()

    first.done = False
    one.sync(faults=first)
    uid = one.rows("SELECT project_uid, seed FROM sync_state")
    assert uid == other.rows("SELECT project_uid, seed FROM sync_state")


def test_who_is_killed_right_after_writing_the_marker_goes_on_without_being_told(machine):
    one = machine("one")
    one.know("CI has two cores")

    def lost(call):
        return "lost" if call == "write" else None

    with pytest.raises(RemoteUnreachable):
        one.sync(faults=lost)
    assert 1 == one.sync().pushed


def test_a_copy_that_arrives_without_its_marker_yet_gets_no_second_one(machine, container):
    one, other = machine("one"), machine("two")
    one.know("one's")
    one.sync()
    marker = container.documents.pop(("p", MARKER_AGENT, MARKER_ID))
    for asked in ({}, {"join": True}):
        with pytest.raises(RemoteForeign) as error:
            other.sync(**asked)
        assert "has memories and no marker" in error.value.message
    container.documents["p", MARKER_AGENT, MARKER_ID] = marker
    assert 1 == other.sync().pulled
    assert is_idle(one.sync())


def test_the_marker_of_another_project_in_ones_place_is_not_followed(machine, container):
    one, other = machine("one"), machine("two")
    one.sync()
    _, content = container.documents["p", MARKER_AGENT, MARKER_ID]
    container.put("p", MARKER_AGENT, MARKER_ID, content.replace('"project_id": "p"', '"project_id": "P"'))
    for each in (one, other):
        with pytest.raises(RemoteForeign) as error:
            each.sync()
        assert "that of the project 'P', not of 'p'" in error.value.message
