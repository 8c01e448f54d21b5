"""Stores and a shared copy converge, and nothing is lost on the way."""

import json
import resource
from contextlib import contextmanager
from datetime import timedelta

import pytest

from alma_cli.api.upkeep import examine
from alma_cli.core.replication.documents import MARKER_AGENT, MARKER_ID
from alma_cli.errors import (
    ClockAhead,
    InvalidConfig,
    JoinNeeded,
    RemoteForeign,
    RemoteMissing,
    RemoteRefused,
    RemoteThrottled,
    RemoteUnreachable,
    StoreUnwritable,
    SyncTimeout,
)
from tests.contracts.memory_remote import MemoryRemote
from tests.sync.replicas import is_idle, shared_records


def tasks(machine):
    return sorted(record["task"] for record in machine.records().values() if record["kind"] == "outcome")


def derived_kinds(machine):
    return sorted(record["kind"] for record in machine.records().values() if record["origin"] == "derived")


# Both ways


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


# Conflicts


def test_the_later_correction_holds_and_the_other_is_in_history(two):
    one, other = two
    id = one.know("CI has one core")
    one.sync()
    other.sync()
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
    id = one.know("CI has one core")
    one.sync()
    other.sync()
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
    id = one.know("CI has one core")
    one.sync()
    other.sync()
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
    id = one.know("CI has one core")
    one.sync()
    other.sync()
    one.alma.correct(id, "CI has two cores")
    one.sync()
    container.rid = "another"
    report = other.sync()
    assert (1, 0) == (report.pulled, report.conflict_count)
    assert is_idle(other.sync())


def test_forgetting_beats_an_edit_and_erases_its_text_everywhere(two, container):
    one, other = two
    id = one.know("a secret")
    one.sync()
    other.sync()
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
    id = one.know("first")
    one.sync()
    other.sync()
    other.alma.correct(id, "second, on a slow clock")
    other.sync()
    assert 0 == one.sync().conflict_count
    assert "second, on a slow clock" == one.records()[id]["fact"]


def test_somebody_who_writes_between_our_reading_and_our_writing_is_merged(two, container):
    one, other = two
    id = one.know("first")
    one.sync()
    other.sync()
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


# Learning together


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


# Belonging together


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
    gone = one.know("wrong")
    one.sync()
    other.sync()
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


# Clocks


def test_a_clock_that_is_ahead_may_pull_but_not_push(two, container):
    one, other = two
    other.know("from two")
    other.sync()
    one.offset = timedelta(minutes=6)
    one.know("from the future")
    with pytest.raises(ClockAhead) as error:
        one.sync()
    assert (1, "clock_ahead") == (error.value.exit_code, error.value.code)
    assert "set this machine's clock right" in error.value.hint
    assert "1 were pulled" in error.value.message
    assert 2 == len(one.records())
    one.offset = timedelta()
    with pytest.raises(ClockAhead) as error:
        one.sync()
    assert error.value.hint.startswith("run `alma sync --restamp`")
    assert 1 == one.sync(restamp=True).pushed
    other.sync()
    assert one.records() == other.records()
    one.know("now")
    assert 1 == one.sync().pushed


def test_a_little_ahead_is_well(two):
    one, _ = two
    one.offset = timedelta(minutes=4)
    one.know("soon")
    assert 1 == one.sync().pushed


def test_restamping_an_edit_keeps_it_after_what_it_replaced(two):
    one, other = two
    id = one.know("first")
    one.sync()
    other.sync()
    one.offset = timedelta(hours=1)
    one.alma.correct(id, "second")
    one.offset = timedelta()
    one.sync(restamp=True)
    other.sync()
    assert "second" == other.records()[id]["fact"]


def test_outcomes_of_a_clock_that_is_years_ahead_decide_nothing_until_they_have_the_present_time(two, container):
    one, other = two
    for _ in range(8):
        other.learn("Fix the login", strategy="wait for the button")
    other.sync()
    right = container.now
    container.now += timedelta(days=3650)  # as in a folder, which has no clock
    for _ in range(3):
        one.learn("Fix the login", "failure", strategy="wait for the button")
    one.sync()
    assert ["anti_pattern"] == derived_kinds(one)
    container.now = right
    taken = other.sync()
    assert (0, 3) == (taken.pulled, taken.set_aside)
    assert all("still to come" in warning and "`alma sync --restamp`" in warning for warning in taken.warnings)
    assert ["heuristic"] == derived_kinds(other)
    assert ["times"] == [check.name for check in examine(one.session) if not check.ok and check.name == "times"]
    assert 3 == one.sync(restamp=True).pushed
    assert 3 == other.sync().pulled
    other.learn("Fix the login", strategy="wait for the button")
    other.sync()
    one.sync()
    assert ["heuristic"] == derived_kinds(one)
    assert one.records() == other.records()
    assert [] == [check.name for check in examine(one.session) if not check.ok and check.name == "times"]


def test_an_outcome_that_is_known_here_is_corrected_and_forgotten_whatever_time_it_has(two, container):
    one, other = two
    first, second = one.learn("Fix the login"), one.learn("Fix the cart")
    one.sync()
    other.sync()
    right = container.now
    container.now += timedelta(days=3650)
    for id in (first, second):
        one.alma.correct(id, None, at="2036-01-01")
    one.sync()
    container.now = right
    assert (2, 0) == ((taken := other.sync()).pulled, taken.set_aside)
    other.alma.forget([first])
    other.sync(restamp=True)
    one.sync()
    assert [second] == list(one.records())


def test_restamping_gives_no_time_to_what_happens_at_none(two):
    one, _ = two
    one.offset = timedelta(hours=1)
    id = one.know("from the future")
    one.offset = timedelta()
    before = one.records()[id]
    one.sync(restamp=True)
    after = one.records()[id]
    assert after["created_at"] < before["created_at"]
    assert [(None,)] == one.rows(f"SELECT happened_at FROM memories WHERE id = '{id}'")


def test_restamping_leaves_alone_what_is_not_stamped_in_the_future(two):
    one, _ = two
    line = {"kind": "knowledge", "id": "f" * 32, "agent": "helena", "domain": "general", "fact": "old",
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}  # fmt: skip
    one.alma.import_([(1, line)])
    [(before,)] = one.rows("SELECT hlc FROM memories")
    one.sync(restamp=True)
    assert [(before,)] == one.rows("SELECT hlc FROM memories")


# What can't be read


def test_a_document_that_makes_no_sense_is_kept_aside_and_never_overwritten(two, container):
    one, other = two
    id = one.know("CI has two cores")
    one.sync()
    other.sync()
    container.put("p", "helena", id, "<<<<<<< HEAD")
    one.alma.correct(id, "CI has four cores")
    report = one.sync()
    assert (1, 0) == (report.set_aside, report.pushed)
    assert any("won't be overwritten" in warning for warning in report.warnings)
    assert any("not pushed" in warning for warning in report.warnings)
    assert "<<<<<<< HEAD" == container.documents["p", "helena", id][1]
    status = one.status()
    assert (1, 1) == (len(status.set_aside), status.blocked)
    assert 0 == one.sync().set_aside  # known already
    body = json.dumps({"id": id, "agent": "helena", "kind": "dream"})
    container.put("p", "helena", id, body)
    assert 1 == one.sync().set_aside


def test_a_memorys_id_in_capitals_is_kept_aside_and_brings_nothing_back(two, container):
    one, other = two
    id = one.know("a secret")
    one.sync()
    body = shared_records(container)[id]
    one.alma.forget([id])
    one.sync()
    container.put("p", "helena", id.upper(), json.dumps({**body, "id": id.upper()}))
    for each in (one, other):
        assert 1 == each.sync().set_aside
        assert {} == each.records()
        assert is_idle(each.sync())


def test_what_was_put_right_is_taken_in_and_what_waited_for_it_pushed(two, container):
    one, other = two
    id = one.know("CI has two cores")
    one.sync()
    other.sync()
    _, content = container.documents["p", "helena", id]
    container.put("p", "helena", id, content[:-1])
    one.alma.correct(id, "CI has four cores")
    one.sync()
    container.put("p", "helena", id, content)
    report = one.sync()
    assert (1, 0) == (report.pushed, len(one.status().set_aside))
    other.sync()
    assert "CI has four cores" == other.records()[id]["fact"]


def test_texts_that_are_no_unicode_are_set_aside_once_and_stop_nothing(two, container):
    one, other = two
    id = one.know("CI has two cores")
    one.sync()
    surrogate = {"id": "f" * 32, "agent": "helena", "project_id": "p", "kind": "dream \ud800", "x": "\udfff"}
    container.put("p", "helena", "f" * 32, json.dumps(surrogate))
    container.put(
        "p", "helena", "a" * 32, json.dumps({**surrogate, "id": "a" * 32, "kind": "knowledge", "hlc": "\udcff"})
    )
    derived = {"id": "b" * 32, "agent": "helena", "project_id": "p", "kind": "heuristic", "content_hash": "\ud800"}
    container.put("p", "helena", "b" * 32, json.dumps(derived))
    assert 2 == other.sync().set_aside
    assert id in other.records()
    assert is_idle(other.sync())


def test_what_somebody_removed_is_no_longer_kept_aside(two, container):
    one, _ = two
    container.put("p", "helena", "f" * 32, "nonsense")
    one.sync()
    del container.documents["p", "helena", "f" * 32]
    one.sync(check=True)
    assert [] == list(one.status().set_aside)


def test_what_is_set_aside_is_asked_for_again_only_when_it_can_be_used_and_all_at_once(two, container):
    one, _ = two
    for number in range(300):
        body = {"id": f"{number:032x}", "agent": "helena", "project_id": "p", "kind": "dream"}
        container.put("p", "helena", body["id"], json.dumps(body))
    id = one.know("CI has two cores")
    report = one.sync()
    assert (300, 1, 3) == (report.set_aside, report.pushed, len(report.warnings))
    assert "298 more were set aside: `alma sync status` lists them" == report.warnings[-1]
    one.sync()
    calls = []
    one.sync(faults=calls.append)
    assert ["read", "changes"] == calls
    body = {**shared_records(container)[id], "id": "e" * 32}
    container.documents["p", "helena", body["id"]] = (0, json.dumps(body))  # an old change
    one.rows(
        "INSERT INTO quarantine SELECT 'helena/' || repeat('e', 32), 'helena', repeat('e', 32), 'kind: unknown', "
        f"'{json.dumps(body)}', now()"
    )  # as an older version left it
    calls = []
    one.sync(faults=calls.append)
    assert ["read", "changes", "again"] == calls
    assert "CI has two cores" == one.records()["e" * 32]["fact"]
    assert 300 == len(one.status().set_aside)


def test_a_correction_is_pushed_once_the_document_that_blocked_it_is_gone(two, container):
    one, _ = two
    id = one.know("CI has two cores")
    one.sync()
    container.put("p", "helena", id, "nonsense")
    one.alma.correct(id, "CI has four cores")
    assert 1 == one.sync().set_aside
    assert 1 == one.status().blocked
    del container.documents["p", "helena", id]
    assert (1, []) == ((report := one.sync()).pushed, report.warnings)
    assert 0 == one.status().blocked
    assert "CI has four cores" == shared_records(container)[id]["fact"]


# What is gone


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


def test_what_others_had_changed_and_is_gone_comes_back_without_a_conflict(two, container):
    one, other = two
    id = one.know("first")
    one.sync()
    other.sync()
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


# Faults


FAULTS = [
    (RemoteUnreachable("no answer", hint="is it there?"), "remote_unreachable"),
    (RemoteRefused("wrong key", hint="which key?"), "remote_refused"),
    (RemoteThrottled("too busy", hint="later"), "remote_throttled"),
    (RemoteMissing("no container", hint="alma cloud create"), "remote_missing"),
]


@pytest.mark.parametrize("at", range(1, 7))
@pytest.mark.parametrize("fault, code", FAULTS, ids=[code for _, code in FAULTS])
def test_a_fault_at_any_request_loses_nothing_and_the_next_sync_completes(machine, fault, code, at):
    one, other = machine("one", together=2), machine("two", page=2)
    for number in range(5):
        one.know(f"fact {'abcde'[number]}")
    count = 0

    def fail(call):
        nonlocal count
        count += 1
        if count == at:
            raise fault

    with pytest.raises(type(fault)) as error:
        one.sync(faults=fail)
        count = 0
        other.sync(faults=fail)
    assert (4, code, fault.hint) == (error.value.exit_code, error.value.code, error.value.hint)
    one.sync()
    other.sync()
    assert 5 == len(one.records())
    assert one.records() == other.records()


@pytest.mark.parametrize("at", range(1, 8))
def test_an_answer_that_is_lost_costs_a_repeat_and_nothing_is_counted_twice(machine, at):
    one, other = machine("one", together=2), machine("two")
    for _ in range(4):
        one.learn("Test the login form", strategy="Tested empty fields")
    count = 0

    def lose(call):
        nonlocal count
        count += call == "write"
        return "lost" if call == "write" and count == at else None

    try:
        one.sync(faults=lose)
    except RemoteUnreachable as error:
        assert error.exit_code == 4
    one.sync()
    other.sync()
    assert one.records() == other.records()
    assert [4] == [record["occurrences"] for record in one.records().values() if record["origin"] == "derived"]
    assert 0 == one.status().conflicts


def test_how_much_was_exchanged_before_an_error_is_said(machine):
    one = machine("one", together=2)
    for number in range(5):
        one.know(f"fact {'abcde'[number]}")
    count = 0

    def fail(call):
        nonlocal count
        count += call == "write"
        if count == 3:
            raise RemoteThrottled("too busy", hint="later")

    with pytest.raises(RemoteThrottled) as error:
        one.sync(faults=fail)
    assert "too busy; before that 0 were pulled and 2 pushed, which is kept" == error.value.message
    assert 3 == one.sync().pushed


def test_what_is_sent_beside_an_error_is_counted_too_or_not_sent(machine, container):
    one = machine("one", together=1000)
    facts = ({"kind": "knowledge", "agent": "helena", "fact": f"fact {number}"} for number in range(2500))
    one.alma.import_(enumerate(facts, 1))
    count = 0

    def fail(call):
        nonlocal count
        count += call == "write"
        if count == 2:
            raise RemoteThrottled("too busy", hint="later")

    with pytest.raises(RemoteThrottled) as error:
        one.sync(faults=fail)
    assert 1 == container.writes  # the marker
    assert "too busy" == error.value.message
    assert 2500 == one.sync().pushed


@contextmanager
def no_file_over(size):
    """As on a full disk, no file grows over this size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_store_that_is_full_keeps_what_it_had_and_a_later_sync_completes(two):
    one, other = two
    for number in range(20):
        one.know(f"{'abcdefghijklmnopqrst'[number]} " * 5000)
    one.sync()
    with no_file_over(100_000), pytest.raises(StoreUnwritable) as error:
        other.sync()
    assert (1, "store_unwritable") == (error.value.exit_code, error.value.code)
    assert "no space left" in error.value.message
    assert "free some space" in error.value.hint
    assert {} == other.records()
    assert 20 == other.sync().pulled
    assert one.records() == other.records()


def test_a_sync_ends_when_its_time_is_over_and_the_next_goes_on(machine):
    one, other = machine("one"), machine("two", page=1)
    for number in range(4):
        one.know(f"fact {'abcd'[number]}")
    one.sync()
    with pytest.raises(SyncTimeout) as error:
        other.sync(timeout_s=1e-9)
    assert (4, "sync_timeout") == (error.value.exit_code, error.value.code)
    other.sync()
    assert one.records() == other.records()


def test_one_sync_at_a_time_and_the_second_says_so(two):
    one, _ = two
    one.know("CI has two cores")
    seen = []
    report = one.sync(faults=lambda call: seen.append(one.sync(faults=seen.append).busy) if not seen else None)
    assert [True] == seen
    assert (1, False) == (report.pushed, report.busy)


def test_local_storage_has_nothing_to_synchronise_with(machine):
    one = machine("one")
    (one.folder / ".alma/config.yaml").write_text("alma: {project_id: p}\n")
    from alma_cli.api import ALMA

    with pytest.raises(InvalidConfig) as error:
        ALMA.from_config(one.folder / ".alma/config.yaml").sync()
    assert 3 == error.value.exit_code


# Looking before


def test_a_dry_run_says_what_would_be_done_and_does_none_of_it(two, container):
    one, other = two
    ids = [one.know(f"fact {'abc'[number]}") for number in range(3)]
    one.sync()
    other.sync()
    one.alma.forget([ids[0]])
    one.alma.correct(ids[1], "corrected")
    one.sync()
    new = other.know("from two")
    before, writes = other.records(), container.writes
    state = other.rows("SELECT * FROM sync_state")
    report = other.sync(dry_run=True)
    assert {("forget", ids[0]), ("pull", ids[1]), ("push", new)} == {(one.action, one.id) for one in report.plan}
    assert (2, 1, True) == (report.pulled, report.pushed, report.dry_run)
    assert (before, writes, state) == (other.records(), container.writes, other.rows("SELECT * FROM sync_state"))
    report = other.sync()
    assert (2, 1) == (report.pulled, report.pushed)


def test_a_dry_run_of_joining_compares_everything(machine, container):
    one, other = machine("one"), machine("two")
    one.know("one's")
    one.sync()
    other.know("two's")
    gone = other.know("wrong")
    other.alma.forget([gone])
    report = other.sync(dry_run=True, join=True)
    assert (1, 2) == (report.pulled, report.pushed)
    assert [] == other.rows("SELECT * FROM sync_state")
    report = machine("three").sync(dry_run=True, push=False)
    assert (1, 0) == (report.pulled, report.pushed)


def test_the_status_says_how_it_stands(two):
    one, _ = two
    one.know("CI has two cores")
    status = one.status()
    assert ({"helena": 1}, True, True, 0, 0) == (
        status.pending,
        status.answers,
        status.joined,
        status.blocked,
        status.conflicts,
    )
    one.sync()
    assert {} == one.status().pending
    assert one.status().synced_at is not None


def test_doctor_says_how_it_stands_without_asking_the_remote(machine, container):
    one, other = machine("one"), machine("two")

    def found():
        [check] = [check for check in examine(one.session, {}) if check.name == "sync"]
        return check

    assert (True, "never synchronised; 0 waiting to be pushed, 0 of the remote's set aside") == (
        found().ok, found().found,
    )  # fmt: skip
    id = one.know("CI has two cores")
    assert ("1 waiting" in found().found, "run `alma sync`") == (True, found().hint)
    one.sync()
    assert (True, "") == (found().ok, found().hint)
    assert found().found.startswith("last complete 2026-05-04T12:")
    other.sync()
    container.put("p", "helena", id, "no JSON")
    one.sync()
    assert (False, "`alma sync status` says which can't be read, and why") == (found().ok, found().hint)
    assert "1 of the remote's set aside" in found().found


def test_the_container_in_memory_is_told_apart_by_project(container):
    assert [] == list(MemoryRemote(container, "other").nearest("helena", [1.0], limit=3))
