"""An account counts everything whole, lists what is newest and surest, and is the same in any order of records."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.learning.account import MOST_EVIDENCE, MOST_OF_RESULT, MOST_RULES, Results, account
from tests.core.record_examples import NOW, anti_pattern, credit, heuristic, knowledge, outcome, preference

Z = 1.28
RULE = heuristic(id="a" * 32, occurrences=3, successes=2.5, task_key="t", strategy_key="s")


def told(*records, given=None):
    return account(
        [record for record in records if record.kind != "outcome"],
        [record for record in records if record.kind == "outcome"],
        z=Z,
        given=given,
    )


def outcomes(count, **fields):
    return [outcome(id=f"{place:032x}", at=NOW - timedelta(minutes=place), **fields) for place in range(count)]


def test_nothing_gives_an_empty_account():
    empty = told()
    assert ((), (), (), Results()) == (empty.periods, empty.courses, empty.work, empty.results)
    assert "day" == empty.unit
    assert 0 == sum(empty.counts.values())


def test_work_is_counted_by_agent_and_domain_the_most_first():
    found = told(
        *outcomes(3, agent="victor", outcome="failure"),
        outcome(id="b" * 32, domain="ui"),
        outcome(id="c" * 32, domain="ui", outcome="partial"),
    )
    assert [("victor", "general", Results(failure=3)), ("helena", "ui", Results(success=1, partial=1))] == [
        (one.agent, one.domain, one.results) for one in found.work
    ]
    assert (5, 1.5, 0.3) == (*found.results.succeeded, found.results.succeeded.rate)
    assert {"success": 1, "partial": 1, "failure": 3}.items() <= found.to_json()["results"].items()


def test_each_course_sums_those_within_it():
    found = told(outcome(id="1" * 32), outcome(id="2" * 32, domain="ui"), outcome(id="3" * 32, agent="victor"))
    sums = {(course.agent, course.domain): sum(map(sum, course.points)) for course in found.courses}
    assert {
        ("", ""): 3,
        ("helena", ""): 2,
        ("victor", ""): 1,
        ("", "general"): 2,
        ("", "ui"): 1,
        ("helena", "general"): 1,
        ("helena", "ui"): 1,
        ("victor", "general"): 1,
    } == sums


@pytest.mark.parametrize(
    ("days", "unit", "periods"),
    [
        (0, "day", [date(2026, 1, 31)]),
        (2, "day", [date(2026, 1, 29), date(2026, 1, 30), date(2026, 1, 31)]),
        (22, "week", [date(2026, 1, 5), date(2026, 1, 12), date(2026, 1, 19), date(2026, 1, 26)]),
        (300, "month", [date(2025, 4 + month, 1) for month in range(9)] + [date(2026, 1, 1)]),
        (2000, "year", [date(year, 1, 1) for year in range(2020, 2027)]),
    ],
)
def test_a_longer_history_is_told_in_longer_periods_without_a_gap(days, unit, periods):
    first = outcome(id="1" * 32, at=NOW - timedelta(days=days))
    found = told(first, outcome(id="2" * 32))
    assert (unit, tuple(periods)) == (found.unit, found.periods)
    assert {len(periods)} == {len(course.points) for course in found.courses}
    assert 2 == sum(found.created["outcome"])


@pytest.mark.parametrize("year", [1, 1970, 2036, 9999])
def test_one_time_that_is_years_off_makes_no_history_of_years(year):
    work = [outcome(id=f"{place:032x}", at=NOW - timedelta(days=place)) for place in range(10)]
    found = told(*work, outcome(id="f" * 32, at=datetime(year, 1, 1, tzinfo=UTC)))
    assert ("day", 10) == (found.unit, len(found.periods))
    points = found.courses[0].points
    assert [1] * 8 == [point.success for point in points[1:-1]]
    assert 11 == found.results.success == sum(point.success for point in points), "it is counted all the same"
    assert 11 == sum(found.created["outcome"])


def test_work_of_other_years_that_is_a_part_of_it_is_told():
    work = [outcome(id=f"{place:032x}", at=NOW - timedelta(days=1500 * (place % 4 == 0))) for place in range(12)]
    assert "year" == told(*work).unit


def test_a_history_may_be_as_long_as_there_are_dates():
    ends = [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]
    found = told(*(outcome(id=f"{place}" * 32, at=at) for place, at in enumerate(ends)))
    assert (date(1, 1, 1), date(9999, 1, 1)) == (found.periods[0], found.periods[-1])


def test_a_rule_has_its_newest_evidence_and_what_was_said_of_it():
    # the keys of an outcome are those of its words
    behind = outcomes(MOST_EVIDENCE + 1, when="a test waits", do="poll")
    rule = heuristic(
        id="a" * 32,
        occurrences=6,
        successes=6.0,
        task_key=behind[0].task_key,
        strategy_key=behind[0].strategy_key,
    )
    found = told(
        rule,
        credit(id="d" * 32, target=rule.id),
        credit(id="e" * 32, target=rule.id, value=-1),
        credit(id="f" * 32, target=rule.id, archived=True),
        *behind,
        outcome(id="f" * 32, when="a test waits", do="sleep"),
    )
    (backed,) = found.heuristics
    assert tuple(behind[:MOST_EVIDENCE]) == backed.evidence
    assert (1, 1) == (backed.helped, backed.misled)
    assert (1, 1) == (found.helped, found.misled)
    assert (0.61, 1.0) == (round(backed.bounds.lower, 2), backed.bounds.upper)


def test_a_rule_across_situations_has_the_outcomes_whose_situation_has_no_rule():
    first, second = outcome(id="1" * 32, when="one", do="poll"), outcome(id="2" * 32, when="two", do="poll")
    own = heuristic(id="a" * 32, occurrences=1, task_key=first.task_key, strategy_key=first.strategy_key)
    across = heuristic(id="b" * 32, occurrences=1, task_key="", strategy_key=first.strategy_key)
    evidence = {one.rule.id: one.evidence for one in told(own, across, first, second).heuristics}
    assert {own.id: (first,), across.id: (second,)} == evidence


def test_a_rule_that_a_person_wrote_has_no_bounds_and_no_evidence():
    (backed,) = told(anti_pattern(origin="authored"), outcome()).anti_patterns
    assert (None, ()) == (backed.bounds, backed.evidence)


def test_the_surest_rules_are_listed_and_all_are_counted():
    rules = [heuristic(id=f"{place:032x}", confidence=place / 1000) for place in range(MOST_RULES + 1)]
    found = told(*rules, heuristic(id="f" * 32, confidence=1.0, archived=True))
    assert [rule.id for rule in reversed(rules[1:])] == [backed.rule.id for backed in found.heuristics]
    assert MOST_RULES + 1 == found.counts["heuristic"]


def test_the_newest_outcomes_of_each_result_are_listed():
    many = outcomes(MOST_OF_RESULT + 1)
    (work,) = told(*reversed(many), outcome(id="f" * 32, outcome="failure")).work
    assert tuple(many[:MOST_OF_RESULT]) == work.newest["success"]
    assert [1, 0] == [len(work.newest["failure"]), len(work.newest["partial"])]


def test_facts_are_listed_newest_first_but_for_archived_ones():
    old = knowledge(id="1" * 32, updated_at=NOW - timedelta(days=1))
    new = preference(id="2" * 32)
    found = told(old, new, knowledge(id="3" * 32, archived=True))
    assert (new, old) == found.facts
    assert (1, 1) == (found.counts["knowledge"], found.counts["preference"])


def test_the_memories_most_spoken_of_are_listed_outcomes_too_and_forgotten_ones_not():
    one, other = outcome(id="1" * 32), knowledge(id="2" * 32)
    found = told(
        one,
        other,
        credit(id="3" * 32, target=one.id),
        credit(id="4" * 32, target=other.id, value=-1),
        credit(id="5" * 32, target=one.id),
        credit(id="6" * 32, target="f" * 32),
    )
    assert [(one, 0, 2, 0), (other, 0, 0, 1)] == [tuple(given) for given in found.credited]
    assert (3, 1) == (found.helped, found.misled)


def test_behind_what_was_spoken_of_stands_what_was_given_most():
    records = [outcome(id="1" * 32), outcome(id="2" * 32), knowledge(id="3" * 32), outcome(id="4" * 32)]
    found = told(
        *records, credit(id="5" * 32, target="1" * 32), given={"2" * 32: 1, "3" * 32: 7, "1" * 32: 2, "f" * 32: 9}
    )
    assert [("1" * 32, 2), ("3" * 32, 7), ("2" * 32, 1)] == [(one.memory.id, one.given) for one in found.credited]


@given(st.permutations([*outcomes(4), outcome(id="e" * 32, agent="victor", outcome="partial"), RULE, knowledge()]))
def test_the_order_of_records_changes_nothing(records):
    assert told(*sorted(records, key=lambda record: record.id)) == told(*records)


def test_an_account_as_json_has_the_numbers_and_the_ids():
    told_json = told(RULE, anti_pattern(id="b" * 32), outcome()).to_json()
    assert ([RULE.id], ["b" * 32]) == (told_json["heuristics"], told_json["anti_patterns"])
    assert (["2026-01-31"], [[1, 0, 0]]) == (told_json["periods"], told_json["courses"][0]["points"])
