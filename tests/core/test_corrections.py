"""A correction changes what it names, is checked as JSON is, and can't make a record of another identity."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alma_cli.core.learning.corrections import changed_fields, corrected, fields_of_text
from alma_cli.core.records import EDITABLE, FIELD_NAMES, RETRIEVED_KINDS, UNCLEAR_LABEL
from alma_cli.errors import InvalidInput
from tests.core.record_examples import EXAMPLES, NOW, credit, outcome

LATER = NOW + timedelta(days=1)


def refused(record, **changes):
    with pytest.raises(InvalidInput) as caught:
        corrected(record, changes, now=LATER)
    return caught.value.message, caught.value.hint


def test_only_what_is_named_changes_and_the_time_of_the_change():
    right = corrected(outcome(strategy="blanks"), {"outcome": "failure", "error": "timed out"}, now=LATER)
    assert outcome(strategy="blanks", outcome="failure", error="timed out", updated_at=LATER) == right


def test_the_fields_that_differ_are_named_but_for_the_time_of_the_change():
    changed = corrected(outcome(), {"outcome": "failure", "error": "timed out"}, now=LATER)
    assert {"outcome", "error"} == changed_fields(outcome(), changed)


def test_a_text_as_it_is_shown_is_taken_apart_again():
    rule = EXAMPLES["heuristic"]
    shown = f"When {rule.condition}: "
    assert {"strategy": "wait: then poll"} == fields_of_text(rule, f"{shown}wait: then poll\n")
    told = {"condition": "a build hangs", "strategy": "kill it: then retry"}
    assert told == fields_of_text(rule, "When a build hangs: kill it: then retry")
    assert {"condition": "a build hangs"} == fields_of_text(rule, "a build hangs")
    assert {"condition": "When a build hangs"} == fields_of_text(rule, "When a build hangs")
    avoided = EXAMPLES["anti_pattern"]
    assert {"pattern": "sleeping"} == fields_of_text(avoided, "Avoid: sleeping") == fields_of_text(avoided, "sleeping")
    style = replace(EXAMPLES["preference"], category="style")
    assert {"preference": "tabs"} == fields_of_text(style, "style: tabs") == fields_of_text(style, "tabs")
    assert {"preference": ": tabs"} == fields_of_text(replace(style, category=""), ": tabs")
    assert {"task": "When it rains: wait"} == fields_of_text(outcome(), "When it rains: wait")


def test_what_says_the_same_is_the_record_itself():
    record = outcome(strategy="blanks")
    assert corrected(record, {"strategy": "blanks", "at": "2026-01-31T09:30:00Z"}, now=LATER) is record
    assert corrected(record, {}, now=LATER) is record


def test_what_is_there_may_stay_as_it_is_even_where_nobody_could_put_it_there():
    without = replace(EXAMPLES["heuristic"], strategy="")
    assert corrected(without, {"strategy": ""}, now=LATER) is without
    older = outcome(strategy="N/A")
    assert corrected(older, {"strategy": "N/A"}, now=LATER) is older


def test_a_clock_that_went_back_makes_no_version_older_than_the_one_before():
    assert NOW == corrected(outcome(), {"do": "freeze the clock"}, now=NOW - timedelta(days=1)).updated_at


def test_general_words_end_that_nobody_could_tell_them():
    unclear = outcome(labels={UNCLEAR_LABEL: "unclear", "os": "linux"})
    assert {"os": "linux"} == corrected(unclear, {"when": "a form is tested"}, now=LATER).labels
    assert unclear.labels == corrected(unclear, {"when": "", "task": "Test"}, now=LATER).labels
    given = corrected(unclear, {"do": "try blanks", "labels": {"os": "mac", UNCLEAR_LABEL: "x"}}, now=LATER)
    assert {"os": "mac"} == given.labels


def test_general_words_that_a_person_puts_right_hold_alone():
    joined = outcome(when="tests", do="wait", earlier_words="a test fails at night, wait")
    assert "" == corrected(joined, {"when": "a server is slow"}, now=LATER).earlier_words
    assert "" == corrected(joined, {"do": ""}, now=LATER).earlier_words
    assert joined.earlier_words == corrected(joined, {"when": "tests", "task": "Test"}, now=LATER).earlier_words


def test_an_empty_value_takes_a_field_out_but_the_main_one():
    assert "" == corrected(outcome(feedback="thanks"), {"feedback": ""}, now=LATER).feedback
    assert None is corrected(outcome(duration_ms=5), {"duration_ms": None}, now=LATER).duration_ms
    hint = "give the corrected text, or use `alma forget` to remove the memory"
    assert ("task: empty", hint) == refused(outcome(), task=" \n")


def test_no_identity_and_nothing_that_is_counted_can_be_changed():
    for kind in RETRIEVED_KINDS:
        fixed = {"id", "project_id", "agent", "origin", "created_at", "updated_at", "occurrences", "successes", "extra"}
        for name in fixed & {*FIELD_NAMES[kind]}:
            message, _ = refused(EXAMPLES[kind], **{name: "x"})
            assert message == f"{name}: not a field of {kind.replace('_', '-')} that can be changed"
        assert EDITABLE[kind][-2:] == ("domain", "labels")


def test_a_field_that_is_not_there_is_told_with_the_one_that_is_meant():
    message = "strategi: not a field of outcome that can be changed"
    assert (message, "did you mean strategy?") == refused(outcome(), strategi="x")
    known = "there are fact, source, confidence, domain, labels"
    assert ("x: not a field of knowledge that can be changed", known) == refused(EXAMPLES["knowledge"], x="y")


def test_values_are_checked_as_in_json():
    assert "outcome: expected success or failure or partial, got 'won'" == refused(outcome(), outcome="won")[0]
    assert "when: expected one line of at most 200 characters, got several lines" == refused(outcome(), when="a\nb")[0]
    assert "at: 2026-02-02T00:00:00+00:00 is in the future" == refused(outcome(), at="2026-02-02")[0]
    assert "'a/b' can't name a domain: it has /" == refused(outcome(), domain="a/b")[0]


def test_a_credit_can_only_be_forgotten():
    assert ("a credit has no text to correct", "`alma forget` removes it") == refused(credit(), value=1)


@pytest.mark.parametrize("name", ["strategy", "feedback", "error", "when", "do"])
def test_a_word_that_stands_for_nothing_corrects_an_outcome_to_nothing(name):
    before = outcome(**{name: "frozen"})
    assert "" == getattr(corrected(before, {name: "N/A"}, now=LATER), name)


def test_a_rule_keeps_a_strategy():
    with pytest.raises(InvalidInput, match="strategy: empty"):
        corrected(EXAMPLES["heuristic"], {"strategy": " "}, now=LATER)
