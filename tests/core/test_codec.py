"""Records to JSON and back."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.codec import (
    MAX_RECORD_BYTES,
    as_utc,
    check_size,
    format_time,
    from_json,
    parse_id,
    parse_labels,
    parse_text,
    parse_time,
    to_json,
)
from alma_cli.core.records import MAIN_FIELDS, RECORD_TYPES
from alma_cli.core.text import one_line
from alma_cli.errors import AlmaError, InvalidInput
from tests.core.record_examples import (
    EXAMPLES,
    ID,
    NOW,
    finite_json,
    heuristic,
    knowledge,
    names,
    outcome,
    records,
    texts,
)

NEW_ID = "f" * 32
HUGE = pytest.param(10**5000, id="more digits than Python writes")
FACT = {"kind": "knowledge", "agent": "a", "fact": "CI has two cores"}
RULE = {"kind": "heuristic", "agent": "a", "condition": "testing forms", "strategy": "try blanks"}
OUTCOME = {"kind": "outcome", "agent": "a", "task": "Test login", "outcome": "success"}
CREDIT = {"kind": "credit", "agent": "a", "target": ID, "value": 1}
SMALLEST = {
    **{example["kind"]: example for example in (FACT, RULE, OUTCOME, CREDIT)},
    "anti_pattern": {"kind": "anti_pattern", "agent": "a", "pattern": "sleep in tests"},
    "preference": {"kind": "preference", "agent": "a", "preference": "short answers"},
}


def read(value, project_id="p"):
    return from_json(value, project_id=project_id, new_id=NEW_ID, now=NOW)


def refusal(value):
    with pytest.raises(InvalidInput) as caught:
        read(value)
    return caught.value.message


def nested(depth, innermost=None):
    value = innermost
    for _ in range(depth):
        value = [value]
    return value


# There and back


@given(records())
def test_a_record_is_read_back_as_it_was(record):
    assert read(json.loads(json.dumps(to_json(record)))) == record
    assert read(json.loads(json.dumps(to_json(record), ensure_ascii=False).encode())) == record


@given(records())
def test_what_was_written_once_is_written_the_same_again(record):
    written = json.dumps(to_json(record))
    assert written == json.dumps(to_json(read(json.loads(written))))


def test_kind_and_id_come_first_and_unknown_fields_last():
    keys = list(to_json(heuristic(extra={"newer": 1, "_etag": "x"})))
    assert keys[:2] == ["kind", "id"]
    assert keys[-3:] == ["success_rate", "newer", "_etag"]


def test_an_unknown_field_never_hides_a_known_one():
    record = knowledge(extra={"fact": "forged", "kind": "credit", "newer": 1})
    assert to_json(record) == {**to_json(knowledge()), "newer": 1}


def test_the_success_rate_is_shown_and_never_read():
    assert to_json(heuristic(occurrences=4, successes=3.0))["success_rate"] == 0.75
    assert read({**RULE, "occurrences": 4, "successes": 3, "success_rate": 1}).success_rate == 0.75
    assert read({**RULE, "success_rate": 1}).extra == {}


def test_what_is_computed_for_one_kind_may_be_unknown_to_another():
    assert read({**FACT, "success_rate": 1}).extra == {"success_rate": 1}


# What may be left out


@pytest.mark.parametrize("kind", RECORD_TYPES)
def test_the_kind_an_agent_and_the_main_fields_are_enough(kind):
    record = read(SMALLEST[kind])
    assert (record.kind, record.id, record.project_id, record.domain) == (kind, NEW_ID, "p", "general")
    assert (record.created_at, record.updated_at, getattr(record, "at", NOW)) == (NOW, NOW, NOW)
    assert (record.labels, record.archived, record.extra) == ({}, False, {})
    assert record.origin == ("observed" if kind in ("outcome", "credit") else "authored")


@pytest.mark.parametrize("kind", RECORD_TYPES)
def test_null_is_as_good_as_left_out(kind):
    fields = dict.fromkeys(to_json(EXAMPLES[kind]))
    assert read({**fields, **SMALLEST[kind]}) == read(SMALLEST[kind])


@pytest.mark.parametrize(
    ("kind", "key"),
    [(kind, key) for kind in RECORD_TYPES for key in ("agent", MAIN_FIELDS[kind])]
    + [("outcome", "outcome"), ("credit", "value")],
)
def test_what_must_be_there_is_named_when_it_is_missing_or_empty(kind, key):
    without = {name: value for name, value in SMALLEST[kind].items() if name != key}
    assert refusal(without) == f"{key}: missing"
    assert key in refusal({**without, key: ""})
    assert key in refusal({**without, key: " \n"})


def test_a_heuristic_needs_a_strategy_but_that_may_be_empty():
    assert refusal({**RULE, "strategy": None}) == "strategy: missing"
    assert read({**RULE, "strategy": ""}).text == "testing forms"


# What is refused


@pytest.mark.parametrize("value", [None, True, 1, 1.5, float("nan"), HUGE, "x", [], [{}], nested(10_000)])
def test_only_an_object_is_a_record(value):
    assert refusal(value).startswith("expected a JSON object, got ")


@pytest.mark.parametrize("kind", [None, "", "Outcome", "record", 1, True, [], {}, ["outcome"], nested(10_000)])
def test_an_unknown_kind_is_refused(kind):
    message = refusal({**FACT, "kind": kind})
    assert message.startswith("kind: expected anti_pattern, heuristic, preference, knowledge, outcome, credit, got ")


def test_a_record_of_another_project_is_refused():
    assert refusal({**FACT, "project_id": "q"}) == "project_id: 'q' is not this project ('p')"


BAD = {
    "id": ["", "x", ID[:-1], ID + "0", f" {ID}", "g" * 32, "０" * 32, 1, 10**31, True, [], {}],
    "agent": ["a/b", "*", "_me", " a", "x" * 129, "a\x1b", [], {}],
    "domain": ["", "a/b", "_x", "x" * 129, "a\nb", [], {}],
    "labels": ["x", 1, True, [], ["a"], {"a": None}, {"a": []}, {"a": {}}, {"a": 10**400}],
    "archived": ["true", 0, 1, [], {}],
    "origin": ["", "Observed", 1, True, []],
    "created_at": ["", "x", 1, 1.5, True, [], {}, "2026-13-01", "2026-01-31T23:59:60Z", "2026-01-31T09:30:00+24:00"],
    "updated_at": ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "\ud800", "２０２６-01-31", "9" * 1000],
    "last_verified_at": ["yesterday"],
    "fact": [[], {}, ["x"], 10**400, -(10**5000), nested(10_000), {"": nested(10_000)}],
    "confidence": ["1", "", True, -0.1, 1.1, float("nan"), float("inf"), float("-inf"), 10**400, 10**5000, [], {}],
}


@pytest.mark.parametrize(
    ("key", "number"), [(key, number) for key, values in BAD.items() for number in range(len(values))]
)
def test_a_value_that_cannot_be_used_is_refused_by_its_key(key, number):
    message = refusal({**FACT, key: BAD[key][number]})
    assert key in message.partition(": ")[0]
    assert len(message) < 250
    assert message.isprintable()


@pytest.mark.parametrize("key", ["occurrences", "duration_ms", "value"])
@pytest.mark.parametrize(
    "number",
    [0.5, -2, "3", "", True, False, float("nan"), float("inf"), -float("inf"), 2**53 + 1, 1e300, 10**400, [], {}],
)
def test_what_is_no_whole_number_is_refused_by_its_key(key, number):
    example = {"occurrences": RULE, "duration_ms": OUTCOME, "value": CREDIT}[key]
    assert refusal({**example, key: number}).startswith(f"{key}: expected ")


@pytest.mark.parametrize("value", [0, 2, -2, 1.5])
def test_credit_is_plus_or_minus_one(value):
    assert refusal({**CREDIT, "value": value}).startswith("value: ")


def test_there_are_no_more_successes_than_occurrences():
    assert refusal({**RULE, "occurrences": 1, "successes": 1.5}) == "successes: 1.5 of 1 occurrences"
    assert refusal({**RULE, "successes": 2}) == "successes: 2 of 0 occurrences"


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        [float("inf")],
        {"a": -float("inf")},
        10**400,
        HUGE,
        nested(65),
        nested(10_000),
        {1: "x"}.keys(),
    ],
)
def test_an_unknown_field_that_json_cannot_carry_is_refused_by_its_key(value):
    assert refusal({**FACT, "newer": value}).startswith("newer: ")


def test_unknown_fields_are_kept_to_a_depth_of_64():
    deep = nested(64, innermost="x")
    assert read({**FACT, "newer": deep}).extra == {"newer": deep}


hostile_json = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([0, 1, -1, 2**53, 10**400, -0.0, 1e308, float("nan"), float("inf"), -float("inf")])
    | st.sampled_from(["", "outcome", "knowledge", "success", ID, "2026-01-31", "0001-01-01T00:00:00+01:00", "\ud800"])
    | st.text(st.characters(), max_size=3)
    | st.builds(pow, st.just(10), st.just(5000)),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=2), children, max_size=3),
    max_leaves=4,
)
keys = st.sampled_from(
    sorted({key for example in EXAMPLES.values() for key in to_json(example)} | {"", "extra", "\ud800"})
)


@given(hostile_json | st.dictionaries(keys, hostile_json))
def test_whatever_the_json_there_is_a_record_or_an_error_of_ours(value):
    try:
        read(value)
    except AlmaError as error:
        assert error.message == one_line(error.message)


@given(st.sampled_from(sorted(SMALLEST)), st.dictionaries(keys, hostile_json, max_size=2))
def test_what_is_read_can_be_written_and_encoded(kind, fields):
    try:
        record = read({**SMALLEST[kind], **fields})
    except AlmaError:
        return
    check_size(record)
    written = json.dumps(to_json(record), ensure_ascii=False, allow_nan=False).encode()
    assert read(json.loads(written), record.project_id) == record


@given(st.dictionaries(st.sampled_from(["newer", "é", "extra", "_ts"]), finite_json))
def test_unknown_fields_are_kept(fields):
    record = read({**FACT, **fields})
    assert record.extra == fields
    assert to_json(record) == {**to_json(read(FACT)), **fields}


# Texts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        ("a\ud800", "a\ufffd"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-7, "-7"),
        (1.0, "1.0"),
        (1e22, "1e+22"),
        (-0.0, "-0.0"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (10**300, "1" + "0" * 300),
    ],
)
def test_numbers_and_booleans_are_the_text_json_has_for_them(value, text):
    assert text == parse_text("feedback", value)
    assert read({**OUTCOME, "feedback": value, "labels": {"k": value}}).labels == {"k": text}


@given(st.dictionaries(texts, texts | st.integers() | st.booleans()))
def test_labels_are_texts_under_any_name(labels):
    expected = {key: value if isinstance(value, str) else json.dumps(value) for key, value in labels.items()}
    assert expected == parse_labels(labels)


def test_a_label_that_cannot_be_used_is_named_harmlessly():
    with pytest.raises(InvalidInput) as caught:
        parse_labels({"\x1b[2J" + "x" * 1000: None})
    assert caught.value.message.startswith(r"labels.\x1b[2Jxxx")
    assert len(caught.value.message) < 120


def test_a_label_needs_a_name_that_is_text():
    with pytest.raises(InvalidInput, match=r"labels: expected text, got \(1,\)"):
        parse_labels({(1,): "x"})


# Ids


def test_an_id_in_upper_case_is_the_same_id():
    assert parse_id(ID.upper()) == ID
    assert read({**FACT, "id": ID.upper()}).id == ID


@given(names)
def test_names_are_kept(name):
    record = read({**FACT, "agent": name, "domain": name})
    assert (record.agent, record.domain) == (name, name)


# Numbers


def test_a_whole_number_may_be_written_with_a_point():
    assert repr(read({**OUTCOME, "duration_ms": 3.0}).duration_ms) == "3"
    assert repr(read({**CREDIT, "value": -1.0}).value) == "-1"


def test_zero_has_no_sign():
    record = read({**RULE, "confidence": -0.0, "successes": -0.0, "occurrences": -0.0})
    assert (repr(record.confidence), repr(record.successes), repr(record.occurrences)) == ("0.0", "0.0", "0")


# Times


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T09:30:00Z",
        "2026-01-31t09:30:00z",
        "2026-01-31 09:30:00Z",
        " 2026-01-31T09:30:00Z\n",
        "2026-01-31T09:30:00",
        "2026-01-31T09:30",
        "20260131T093000Z",
        "2026-W05-6T09:30Z",
        "2026-01-31T09:30:00.000000999Z",
        "2026-01-31T11:30:00+02:00",
        "2026-01-30T21:30:00-12:00",
    ],
)
def test_a_time_is_read_in_utc_however_it_is_written(text):
    assert parse_time("at", text) == NOW
    assert parse_time("at", text).tzinfo is UTC


def test_a_date_is_its_midnight():
    assert parse_time("at", "2026-01-31") == datetime(2026, 1, 31, tzinfo=UTC)


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-12)), timezone(timedelta(hours=14))])))
def test_a_time_is_written_in_utc_and_read_back(time):
    try:
        expected = as_utc(time)
    except OverflowError:
        with pytest.raises(InvalidInput, match="at: expected a time"):
            parse_time("at", time.isoformat())
        return
    assert parse_time("at", time.isoformat()) == expected == time
    assert format_time(expected)[-1] == "Z"
    assert parse_time("at", format_time(expected)) == expected


# Size


def test_a_record_may_be_as_large_as_the_limit_and_no_larger():
    record = outcome(task="é", strategy="x")
    room = 1 + MAX_RECORD_BYTES - len(json.dumps(to_json(record), ensure_ascii=False).encode())
    check_size(replace(record, strategy="x" * room))
    with pytest.raises(InvalidInput) as caught:
        check_size(replace(record, strategy="x" * (room + 1)))
    assert caught.value.message == "the outcome has 262,145 bytes; a memory has at most 262,144"


@pytest.mark.parametrize("part", ["labels", "extra"])
def test_what_stands_beside_the_texts_counts_too(part):
    with pytest.raises(InvalidInput, match="a memory has at most"):
        check_size(outcome(task="t", strategy="x", **{part: {"a": "x" * MAX_RECORD_BYTES}}))


def test_a_text_of_control_characters_is_as_large_as_its_json():
    with pytest.raises(InvalidInput, match="a memory has at most"):
        check_size(outcome(task="t", strategy="\x01" * (MAX_RECORD_BYTES // 6)))
