"""A fault at any moment loses nothing, and the next sync completes."""

import resource
from contextlib import contextmanager

import pytest

from alma_cli.errors import (
    InvalidConfig,
    RemoteMissing,
    RemoteRefused,
    RemoteThrottled,
    RemoteUnreachable,
    StoreUnwritable,
    SyncTimeout,
)
from tests.sync.replicas import failing_at

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
    with pytest.raises(RemoteThrottled) as error:
        one.sync(faults=failing_at(3, RemoteThrottled("too busy", hint="later")))
    assert "too busy; before that 0 were pulled and 2 pushed, which is kept" == error.value.message
    assert 3 == one.sync().pushed


def test_what_is_sent_beside_an_error_is_counted_too_or_not_sent(machine, container):
    one = machine("one", together=1000)
    facts = ({"kind": "knowledge", "agent": "helena", "fact": f"fact {number}"} for number in range(2500))
    one.alma.import_(enumerate(facts, 1))
    with pytest.raises(RemoteThrottled) as error:
        one.sync(faults=failing_at(2, RemoteThrottled("too busy", hint="later")))
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
