"""A clock that is ahead spoils nothing for others."""

from datetime import timedelta

import pytest

from alma_cli.api.examine import examine
from alma_cli.errors import ClockAhead
from tests.sync.replicas import known_to_both


def derived_kinds(machine):
    return sorted(record["kind"] for record in machine.records().values() if record["origin"] == "derived")


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
    id = known_to_both(one, other, "first")
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


def test_a_fact_dated_years_ahead_is_not_the_first_of_everybodys_list(two, container):
    one, other = two
    right = container.now
    container.now += timedelta(days=3650)  # as in a folder, which has no clock
    ahead = one.know("the sky is green")
    one.sync()
    container.now = right
    fact = other.know("the sky is blue")
    taken = other.sync()
    assert (0, 1) == (taken.pulled, taken.set_aside)
    assert [fact] == list(other.records())
    assert ["times"] == [check.name for check in examine(one.session) if not check.ok and check.name == "times"]
    one.sync(restamp=True)
    other.sync()
    assert one.records() == other.records()
    assert {ahead, fact} == set(other.records())
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
