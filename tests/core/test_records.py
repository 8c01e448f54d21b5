"""What the memories say of themselves."""

from datetime import timedelta

import pytest

from alma_cli.core.records import MAIN_FIELDS, RECORD_TYPES, RETRIEVED_KINDS, Record
from tests.core.record_examples import (
    COMMON,
    EXAMPLES,
    ID,
    NOW,
    anti_pattern,
    credit,
    heuristic,
    knowledge,
    outcome,
    preference,
)

LATER = NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (outcome(), "Test login [success]"),
        (
            outcome(outcome="failure", strategy="clicked", error="timeout", feedback="too slow"),
            "Test login [failure] - clicked - timeout - too slow",
        ),
        (heuristic(), "When testing forms: try blanks"),
        (heuristic(strategy=""), "testing forms"),
        (anti_pattern(), "Avoid: sleep in tests"),
        (
            anti_pattern(why_bad="flaky", better_alternative="wait for the element"),
            "Avoid: sleep in tests - flaky - instead: wait for the element",
        ),
        (preference(), "short answers"),
        (preference(category="style"), "style: short answers"),
        (knowledge(), "CI has two cores"),
        (credit(), f"helped: {ID}"),
        (credit(value=-1), f"misled: {ID}"),
    ],
)
def test_a_memory_in_one_text(record, text):
    assert text == record.text


@pytest.mark.parametrize(
    ("record", "topic"),
    [
        (outcome(strategy="clicked"), "Test login"),
        (heuristic(), "testing forms"),
        (anti_pattern(why_bad="flaky"), "sleep in tests"),
        (preference(category="style"), "style: short answers"),
        (knowledge(source="wiki"), "CI has two cores"),
    ],
)
def test_the_topic_is_what_a_task_is_compared_with(record, topic):
    assert topic == record.topic


@pytest.mark.parametrize(
    ("record", "relevant_at"),
    [
        (outcome(at=LATER), LATER),
        (heuristic(), NOW),
        (heuristic(last_validated_at=LATER), LATER),
        (anti_pattern(), NOW),
        (anti_pattern(last_seen_at=LATER), LATER),
        (knowledge(), NOW),
        (knowledge(last_verified_at=LATER), LATER),
        (preference(updated_at=LATER), LATER),
    ],
)
def test_recency_counts_from_when_the_memory_last_proved_itself(record, relevant_at):
    assert relevant_at == record.relevant_at


def test_a_partial_success_is_half_a_success():
    assert heuristic(occurrences=4, successes=2.5).success_rate == 0.625


def test_without_occurrences_there_is_no_success_rate():
    assert heuristic().success_rate is None


def test_every_kind_but_credit_is_retrieved_anti_patterns_first():
    assert RETRIEVED_KINDS == ("anti_pattern", "heuristic", "preference", "knowledge", "outcome")


def test_every_kind_has_a_main_field():
    assert MAIN_FIELDS.keys() == RECORD_TYPES.keys() == EXAMPLES.keys()
    assert all(getattr(record, MAIN_FIELDS[kind]) for kind, record in EXAMPLES.items())


def test_a_record_of_no_kind_has_no_text():
    with pytest.raises(NotImplementedError):
        Record(**COMMON, origin="authored").text  # noqa: B018
