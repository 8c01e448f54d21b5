"""From reports to outcomes and credits."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.learning.reports import (
    RESULT_WORD,
    Report,
    Said,
    credits,
    left_out,
    outcome_record,
    report_from_json,
    result_of,
)
from alma_cli.core.records import Credit
from alma_cli.core.text import one_line
from alma_cli.errors import AlmaError, InvalidInput
from tests.core.record_examples import ID, NOW, outcome

LINE = {"agent": "a", "task": "Test login", "outcome": "success"}
REPORT = Report(**LINE)
OTHER_ID = "f" * 32


def recorded(report):
    return outcome_record(report, domain="general", project_id="p", id=ID, now=NOW)


def refusal(of, value):
    with pytest.raises(InvalidInput) as caught:
        of(value)
    return caught.value


# Lines of a batch


def test_a_line_is_a_report():
    line = {
        **LINE,
        "strategy": "clicked",
        "feedback": True,
        "error": 404,
        "domain": "ui",
        "duration_ms": 3.0,
        "at": "2026-01-31T11:30:00+02:00",
        "labels": {"branch": "main", "run": 7},
        "key": 12,
        "when": "t",
        "do": "s",
        "used": ["0123", 45],
        "retrieval": "6789",
    }
    assert report_from_json(line) == Report(
        agent="a",
        task="Test login",
        outcome="success",
        strategy="clicked",
        feedback="true",
        error="404",
        domain="ui",
        duration_ms=3,
        at=NOW,
        labels={"branch": "main", "run": "7"},
        key="12",
        when="t",
        do="s",
        used=("0123", "45"),
        retrieval="6789",
    )


def test_the_agent_of_a_line_wins_over_the_default():
    assert report_from_json({**LINE, "agent": None}, default_agent="b").agent == "b"
    assert report_from_json(LINE, default_agent="b").agent == "a"


@pytest.mark.parametrize("key", ["agent", "task", "outcome"])
def test_what_a_line_lacks_is_named(key):
    assert refusal(report_from_json, {**LINE, key: None}).message == f"{key}: missing"


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("strategey", "did you mean strategy?"),
        ("Task", "did you mean task?"),
        (
            "branch",
            f"the keys are {', '.join(Report.__dataclass_fields__)}; other facts belong in labels",
        ),
    ],
)
def test_an_unknown_key_is_refused_with_a_suggestion(key, hint):
    error = refusal(report_from_json, {**LINE, key: "x"})
    assert error.message == f"{key}: not a key of an outcome"
    assert hint == error.hint


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("task", []),
        ("agent", "a/b"),
        ("domain", ""),
        ("outcome", "succeeded"),
        ("duration_ms", -1),
        ("duration_ms", float("nan")),
        ("at", "yesterday"),
        ("labels", ["a"]),
        ("used", "0123"),
        ("used", [None]),
        ("key", {}),
    ],
)
def test_a_value_that_cannot_be_used_is_named(key, value):
    assert key in refusal(report_from_json, {**LINE, key: value}).message.partition(": ")[0]


hostile_json = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from(
        [0, -1, 10**400, float("nan"), float("inf"), "", "success", "\ud800", "0001-01-01T00:00:00+01:00"]
    )
    | st.text(st.characters(), max_size=3)
    | st.builds(pow, st.just(10), st.just(5000)),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=2), children, max_size=3),
    max_leaves=4,
)


@given(
    hostile_json | st.dictionaries(st.sampled_from([*Report.__dataclass_fields__, "x"]), hostile_json), st.booleans()
)
def test_whatever_the_json_there_is_a_record_or_an_error_of_ours(value, complete):
    try:
        recorded(report_from_json({**LINE, **value} if complete and isinstance(value, dict) else value))
    except AlmaError as error:
        assert error.message == one_line(error.message)


def test_json_nested_without_end_is_refused():
    value = []
    for _ in range(10_000):
        value = [value]
    assert refusal(report_from_json, value).message == "expected a JSON object, got [[[[[[[...]]]]]]]"
    assert refusal(report_from_json, {**LINE, "feedback": value}).message.startswith("feedback: expected text")


# Outcomes


def test_a_report_becomes_an_outcome():
    report = replace(REPORT, strategy="clicked \ud800", error="timeout", duration_ms=5, labels={"k": "v"}, when="t")
    expected = outcome(
        agent="a", strategy="clicked \ufffd", error="timeout", duration_ms=5, labels={"k": "v"}, when="t"
    )
    assert recorded(report) == expected


@pytest.mark.parametrize("task", ["", " \n"])
def test_a_task_is_not_empty(task):
    error = refusal(recorded, replace(REPORT, task=task))
    assert (error.message, error.hint) == ("task: empty", "say in a few words what the agent was to do")


def test_an_unknown_result_is_refused():
    error = refusal(recorded, replace(REPORT, outcome="succeeded"))
    assert error.message == "outcome: expected success or failure or partial, got 'succeeded'"


def test_a_negative_duration_is_refused():
    assert refusal(recorded, replace(REPORT, duration_ms=-5)).message.startswith("duration_ms: ")


@pytest.mark.parametrize("later", [timedelta(microseconds=1), timedelta(days=1)])
def test_a_future_time_is_refused(later):
    error = refusal(recorded, replace(REPORT, at=NOW + later))
    assert error.message == f"at: {(NOW + later).isoformat()} is in the future"


def test_now_is_not_the_future():
    assert recorded(replace(REPORT, at=NOW)).at == NOW


@pytest.mark.parametrize(
    "at", [datetime(2026, 1, 31, 8), datetime(2026, 1, 31, 10, tzinfo=timezone(timedelta(hours=2)))]
)
def test_a_time_is_kept_in_utc_which_one_without_an_offset_is_in(at):
    assert recorded(replace(REPORT, at=at)).at == datetime(2026, 1, 31, 8, tzinfo=UTC)
    assert recorded(replace(REPORT, at=at)).at.tzinfo is UTC


def test_a_time_before_all_years_is_refused():
    at = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    message = refusal(recorded, replace(REPORT, at=at)).message
    assert message == "at: 0001-01-01T00:00:00+01:00 is outside the years 1 to 9999"


# Credits


def test_a_success_says_that_the_memories_used_helped_each_once():
    found = credits(outcome(), [OTHER_ID, ID, OTHER_ID], id_of=lambda target: target[::-1])
    assert found == [
        Credit(
            id=target[::-1],
            project_id="p",
            agent="helena",
            domain="general",
            origin="observed",
            created_at=NOW,
            updated_at=NOW,
            target=target,
            value=1,
            at=NOW,
            outcome_id=ID,
        )
        for target in (OTHER_ID, ID)
    ]


def test_a_failure_says_that_they_misled():
    assert [one.value for one in credits(outcome(outcome="failure"), [ID], id_of=str)] == [-1]


def test_a_partial_success_says_nothing_of_them():
    assert credits(outcome(outcome="partial"), [ID], id_of=str) == []


# What a line says


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ("", "", "")),
        ("all green", ("", "", "all green")),
        ("when a test depends on today; do freeze the clock", ("a test depends on today", "freeze the clock", "")),
        ("; when: x y ; do: a b ; why it\nheld; really", ("x y", "a b", "it\nheld; really")),
        ("green; DO wait; when it fails", ("it fails", "wait", "green")),
        ("do " + "x" * 300, ("", "x" * 199 + "\u2026", "")),
        ("whenever it fails", ("", "", "whenever it fails")),
    ],
)
def test_a_line_says_its_general_words_and_the_reason(text, said):
    assert said == Said.of(text)


@pytest.mark.parametrize(
    ("words", "result"),
    [
        ("success successful successfully Succeeded", "success"),
        ("failure FAILED", "failure"),
        ("partial partially", "partial"),
    ],
)
def test_the_words_of_a_result_are_that_result(words, result):
    assert {result} == {result_of(word) for word in words.split() if re.fullmatch(RESULT_WORD, word, re.IGNORECASE)}
    assert all(re.fullmatch(RESULT_WORD, word, re.IGNORECASE) for word in words.split())


@pytest.mark.parametrize("nothing", ["N/A", "None", " null ", "-", "(none)", "?", "...", "TBD", "unknown."])
def test_a_word_that_stands_for_nothing_says_nothing(nothing):
    fields = dict.fromkeys(("strategy", "feedback", "error", "when", "do"), nothing)
    report = replace(REPORT, **fields)
    assert recorded(REPORT) == recorded(report)
    assert [] == left_out(report, recorded(report))
    assert nothing == recorded(replace(REPORT, task=nothing)).task
    assert "none of the tests ran" == recorded(replace(REPORT, error="none of the tests ran")).error


@pytest.mark.parametrize(
    "said",
    [
        *("Fixed it.", "done", "Same as above", "ditto", "It worked!", "Fixed the bug", "resolve the issue"),
        *("Investigated, and resolved the issue.", "Same situation as before", "I made the changes", "an error"),
    ],
)
def test_an_approach_that_says_nothing_of_what_was_done_joins_no_strangers(said):
    words = dict.fromkeys(("strategy", "when", "do"), said)
    assert recorded(REPORT) == recorded(replace(REPORT, **words))
    assert said == recorded(replace(REPORT, feedback=said)).feedback
    report = replace(REPORT, **words)
    assert list(words) == left_out(report, recorded(report))
    for kept in ("fix the test, not the code", "correct the order", "do the steps again", "apply the migration"):
        assert kept == recorded(replace(REPORT, strategy=kept)).strategy


@pytest.mark.parametrize("code", ["S1", "s12.b", "o3"])
def test_a_code_of_a_sheet_is_no_general_words(code):
    assert recorded(REPORT) == recorded(replace(REPORT, when=code, do=code))
    assert code == recorded(replace(REPORT, strategy=code)).strategy
    assert "use -O2" == recorded(replace(REPORT, do="use -O2")).do


@pytest.mark.parametrize("when", ["when a build is slow", "When: a build is slow", "When a build is slow:"])
def test_a_situation_has_no_when_of_its_own(when):
    assert "a build is slow" == recorded(replace(REPORT, when=when)).when
    for kept in ("whenever it rains", "tests collide when run together", "a When: in the middle"):
        assert kept == recorded(replace(REPORT, when=kept)).when


@pytest.mark.parametrize(
    "wrong", [{"task": None}, {"agent": 5}, {"key": None}, {"at": "today"}, {"labels": ["a"]}, {"used": "3fa9c2d1"}]
)
def test_what_a_caller_in_python_mistakes_is_named(wrong):
    with pytest.raises(InvalidInput, match=f"{next(iter(wrong))}: expected"):
        replace(REPORT, **wrong)
