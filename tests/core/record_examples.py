"""Records to test with: a small one of each kind, and hypothesis's of every kind from tiny domains."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from alma_cli.core.records import RECORD_TYPES, AntiPattern, Credit, Heuristic, Knowledge, Outcome, Preference

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
ID = "0123456789abcdef" * 2

COMMON = {
    "id": ID,
    "project_id": "p",
    "agent": "helena",
    "domain": "general",
    "created_at": NOW,
    "updated_at": NOW,
}


def outcome(**given):
    return Outcome(**{**COMMON, "origin": "observed", "task": "Test login", "outcome": "success", "at": NOW, **given})


def heuristic(**given):
    return Heuristic(**{**COMMON, "origin": "derived", "condition": "testing forms", "strategy": "try blanks", **given})


def anti_pattern(**given):
    return AntiPattern(**{**COMMON, "origin": "derived", "pattern": "sleep in tests", **given})


def preference(**given):
    return Preference(**{**COMMON, "origin": "authored", "preference": "short answers", **given})


def knowledge(**given):
    return Knowledge(**{**COMMON, "origin": "authored", "fact": "CI has two cores", **given})


def credit(**given):
    return Credit(**{**COMMON, "origin": "observed", "target": ID, "value": 1, "at": NOW, **given})


EXAMPLES = {
    "outcome": outcome(),
    "heuristic": heuristic(),
    "anti_pattern": anti_pattern(),
    "preference": preference(),
    "knowledge": knowledge(),
    "credit": credit(),
}

texts = st.text(max_size=5) | st.sampled_from(["", "\x1b[2J", '"\\\n', "é\u0301字😀\u202e"])
main_texts = texts.filter(lambda text: text.strip())
names = st.sampled_from(["a", "helena", "Zoë", "日本", "x" * 128])
times = st.datetimes(timezones=st.just(UTC)) | st.sampled_from(
    [NOW, NOW + timedelta(microseconds=1), datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]
)
shares = st.sampled_from([0.0, 0.5, 1.0]) | st.floats(0, 1)
finite_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(texts, children, max_size=3),
    max_leaves=5,
)
unknown_fields = st.dictionaries(st.sampled_from(["extra", "_etag", "é", "", "new field"]), finite_json, max_size=3)

_FIELDS = {
    "id": st.text("0123456789abcdef", min_size=32, max_size=32),
    "project_id": st.just("p"),
    "agent": names | st.just("_project"),
    "domain": names,
    "origin": st.sampled_from(["observed", "authored", "derived"]),
    "created_at": times,
    "updated_at": times,
    "labels": st.dictionaries(texts, texts, max_size=2),
    "archived": st.booleans(),
    "extra": unknown_fields,
    "outcome": st.sampled_from(["success", "failure", "partial"]),
    "at": times,
    "last_validated_at": st.none() | times,
    "last_seen_at": st.none() | times,
    "last_verified_at": st.none() | times,
    "duration_ms": st.none() | st.integers(0, 2**53),
    "occurrences": st.integers(0, 2**53),
    "successes": st.just(0.0),
    "confidence": shares,
    "value": st.sampled_from([1, -1]),
    **dict.fromkeys(["when", "do"], st.sampled_from(["", "it fails at night", "日本", "é\u0301"])),
    "earlier_words": st.sampled_from(["", "a job fails at night, wait", "夜"]),
    **dict.fromkeys(["task", "condition", "pattern", "preference", "fact", "target"], main_texts),
}


@st.composite
def records(draw):
    """Any record that can be stored."""
    record_type = draw(st.sampled_from(list(RECORD_TYPES.values())))
    given = {name: draw(_FIELDS.get(name, texts)) for name in (field.name for field in fields(record_type))}
    if "successes" in given:
        given["successes"] = given["occurrences"] * draw(st.sampled_from([0.0, 0.5, 1.0]))
    return record_type(**given)
