"""What the memories say of themselves."""

from dataclasses import fields
from datetime import timedelta

import pytest

from alma_cli.core.records import (
    FIELDS,
    MAIN_FIELDS,
    RECENCY_FIELDS,
    RECORD_TYPES,
    RETRIEVED_KINDS,
    SEARCHED_FIELDS,
    Outcome,
    OutcomeFields,
    Record,
    relevant_at,
)
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
    ("record", "topics"),
    [
        (outcome(), ["Test login"]),
        (heuristic(), ["testing forms", "try blanks"]),
        (heuristic(strategy=""), ["testing forms"]),
        (anti_pattern(), ["sleep in tests"]),
        (anti_pattern(why_bad="flaky"), ["sleep in tests", "flaky"]),
        (preference(category="style"), ["style: short answers"]),
        (knowledge(source="wiki"), ["CI has two cores"]),
    ],
)
def test_the_topics_are_what_a_task_is_compared_with(record, topics):
    assert topics == list(record.topics)


def test_an_outcome_is_about_what_its_task_asks_and_its_general_words_or_its_strategy():
    assert outcome(when="a form is tested", strategy="x").topics == ("Test login", "a form is tested")
    assert outcome(when="a form is tested", do="fill it in").topics == ("Test login", "a form is tested, fill it in")
    assert outcome(strategy="clicked " * 99).topics == ("Test login", ("clicked " * 99)[:400])
    assert outcome(task="Test login\n\n> all of it\n> on monday").topics == ("Test login",)


@pytest.mark.parametrize(
    ("record", "time"),
    [
        (outcome(at=LATER), LATER),
        (heuristic(), NOW),
        (heuristic(last_validated_at=LATER), LATER),
        (anti_pattern(last_seen_at=LATER), LATER),
        (knowledge(last_verified_at=LATER), LATER),
        (preference(updated_at=LATER), LATER),
    ],
)
def test_recency_counts_from_when_the_memory_last_proved_itself(record, time):
    assert time == relevant_at(record)


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


# The table of fields


def test_a_field_that_several_kinds_have_means_the_same_in_all():
    declared = {}
    for each in (each for record_type in RECORD_TYPES.values() for each in fields(record_type)):
        assert declared.setdefault(each.name, each.type) == each.type, each.name
    assert declared.keys() == FIELDS.keys()


def test_a_memory_is_found_by_its_main_field_and_by_nothing_that_is_no_text():
    assert {MAIN_FIELDS[kind] for kind in RETRIEVED_KINDS} <= {*SEARCHED_FIELDS}
    assert all(FIELDS[name].is_text for name in SEARCHED_FIELDS)


def test_a_name_or_a_choice_is_no_text():
    names = ("id", "project_id", "agent", "domain", "origin", "outcome", "target", "outcome_id")
    assert not any(FIELDS[name].is_text or FIELDS[name].is_searched for name in names)
    assert FIELDS["outcome"].choices == ("success", "failure", "partial")
    assert FIELDS["strategy"].choices == ()


def test_labels_and_unknown_fields_are_texts_too():
    assert FIELDS["labels"].is_text
    assert FIELDS["extra"].is_text


def test_recency_counts_from_times():
    assert {FIELDS[name].sql_type for name in RECENCY_FIELDS} == {"TIMESTAMP"}


def test_what_is_told_of_an_outcome_stands_between_what_all_records_have_and_its_time():
    names = [[each.name for each in fields(cls)] for cls in (Record, OutcomeFields, Outcome)]
    assert [*names[0], *names[1], "at", "earlier_words"] == names[2]
