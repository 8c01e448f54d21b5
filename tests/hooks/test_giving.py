"""Memories as one line each, whatever their texts hold."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.records import AntiPattern, Heuristic, Knowledge, Outcome, Preference
from alma_cli.core.text import one_line
from alma_cli.hooks.giving import MOST_CHARACTERS, enough, fact, heading
from tests.core.record_examples import NOW

COMMON = {"id": "a1" * 16, "project_id": "p", "agent": "me", "domain": "general", "origin": "observed",
          "created_at": NOW, "updated_at": NOW}  # fmt: skip


def records(one, other):
    return [
        Outcome(task=one, outcome="success", strategy=other, at=NOW, **COMMON),
        Outcome(task="t", outcome="failure", strategy="s", when=one, do=other, at=NOW, **COMMON),
        Heuristic(condition=one, strategy=other, occurrences=4, successes=3.5, **COMMON),
        AntiPattern(pattern=one, better_alternative=other, occurrences=3, successes=0.0, **COMMON),
        Knowledge(fact=one, **COMMON),
        Preference(preference=one, category=other, **COMMON),
    ]


@given(st.text(max_size=400), st.text(max_size=400))
def test_a_fact_is_one_short_line_with_its_id(one, other):
    for record in records(one, other):
        line = fact(record)
        assert line.startswith("- [a1a1a1a1] ")
        assert len(line) <= MOST_CHARACTERS
        assert line == one_line(line)


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (0, '"a test depends on today": "freeze the clock" worked'),
        (1, '"a test depends on today": "freeze the clock" failed'),
        (2, '"a test depends on today": "freeze the clock" worked 3.5 of 4 times'),
        (3, 'avoid "a test depends on today" worked 0 of 3 times; instead "freeze the clock"'),
        (4, '"a test depends on today"'),
        (5, '"freeze the clock: a test depends on today"'),
    ],
)
def test_a_fact_says_what_how_and_how_often(number, line):
    assert f"- [a1a1a1a1] {line}" == fact(records("a test depends on today", "freeze the clock")[number])


def test_how_takes_the_room_that_what_leaves():
    assert fact(records("short", "x" * 400)[0]).count("x") > 110
    cut = fact(records("w" * 400, "freeze the clock")[0])
    assert "freeze the clock" in cut and cut.count("w") > 90


def test_without_facts_there_is_no_heading():
    assert "" == heading([])
    assert heading(["- a"]).endswith(":\n- a")


def test_what_is_avoided_says_how_often_it_worked_without_another_way_too():
    assert '- [a1a1a1a1] avoid "x" worked 0 of 3 times' == fact(records("x", "")[3])


def test_a_failure_has_to_be_nearer_than_what_worked_in_general_words():
    unworded, failed, rule, trap, fact_, _ = records("a test depends on today", "freeze the clock")
    worked = replace(failed, outcome="success")
    assert enough(worked) == enough(rule) == enough(fact_) < enough(unworded) == enough(trap) < enough(failed)
