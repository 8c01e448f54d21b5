"""Memories as one line each, whatever their texts hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.records import AntiPattern, Heuristic, Knowledge, Outcome, Preference
from alma_cli.core.retrieval.ranking import Candidate, Ranked
from alma_cli.core.text import one_line
from alma_cli.hooks.giving import MOST_CHARACTERS, WORDED, closeness, enough, fact, heading
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


def test_what_has_no_general_words_has_to_be_nearer():
    unworded, failed, rule, trap, fact_, _ = records("a test depends on today", "freeze the clock")
    assert enough(failed) == enough(rule) == enough(fact_) < enough(unworded) == enough(trap)


def ranked(cosine, words_z):
    found = Candidate(id="a", kind="outcome", cosine=cosine, bm25=1.0, matched=0.25, rare_match=False, age_days=0.0,
                      success=None, confidence=None, credit=0)  # fmt: skip
    return Ranked(candidate=found, similarity=0.25, score=0.5, terms=(), cosine_rank=1, keyword_rank=1, words_z=words_z)


def test_words_that_stand_out_of_the_store_make_a_memory_nearer():
    assert closeness(ranked(0.4, 3.0)) > closeness(ranked(0.4, 1.0)) > closeness(ranked(0.4, -1.0))


def test_words_alone_are_never_enough_however_far_they_stand_out():
    assert closeness(ranked(0.2, 40.0)) == closeness(ranked(0.2, 4.0)) < WORDED


def test_without_a_vector_the_similarity_by_words_decides():
    assert closeness(ranked(None, 40.0)) == 0.25
