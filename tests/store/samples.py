"""Memories, operations and stores to test with, hostile ones among them."""

import array
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st

from alma_cli.core.learning.derive import LearningRules
from alma_cli.core.records import AntiPattern, Credit, Heuristic, Knowledge, Outcome, Preference
from alma_cli.core.text import composed
from alma_cli.store import Archive, Entry, Forget, Insert, ProjectRules, Refuse, Revise, Selection, Undo, open_store

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
MODEL = "some-model"
DIMENSION = 3
NEVER = LearningRules(min_occurrences=10**9, half_life_days=180.0, z=1.28, anti_pattern_below=0.5)
NOTHING_DERIVED = ProjectRules(project_id="p", rules_of=lambda agent: NEVER)


def an_id(number):
    """The id with this number."""
    return f"{number:032x}"


def common(id=1, **changes):
    """The fields that all records have."""
    values = {"id": an_id(id), "project_id": "p", "agent": "a", "domain": "general", "origin": "observed"}
    return {**values, "created_at": NOON, "updated_at": NOON, **changes}


def outcome(id=1, **changes):
    """An outcome with this number as its id."""
    values = {"task": f"task {id}", "outcome": "success", "at": NOON, "strategy": "the usual"}
    values |= {"when": "x", "do": "p"}
    return Outcome(**common(id, **{**values, **changes}))


def vector(*numbers):
    """A vector in single precision."""
    return array.array("f", numbers)


def entry(record, numbers=None):
    """A record with a vector by `MODEL`, or without."""
    return Entry(record=record) if numbers is None else Entry(record=record, vector=vector(*numbers), model=MODEL)


def an_operation(kind, *, at=NOON, op_id="", **what):
    """An operation of some kind by the tester."""
    return kind(op_id=op_id or os.urandom(16).hex(), at=at, by="tester", **what)


def insert(*records, **more):
    """The operation that stores these records."""
    return an_operation(Insert, entries=tuple(map(entry, records)), **more)


def forget(*numbers):
    """The operation that forgets the records with these numbers."""
    return an_operation(Forget, ids=tuple(map(an_id, numbers)))


def store_in(folder, *, wait_s=20.0, dimension=DIMENSION):
    """The store in a folder."""
    return open_store(Path(folder), dimension=dimension, wait_s=wait_s, rules=NOTHING_DERIVED)


def ids_in(store):
    """The ids of what is stored, as numbers, in order."""
    with store.reading() as reader:
        return sorted(int(record.id, 16) for record in reader.listed(Selection()))


# Anything that a record can hold

hostile = st.sampled_from(
    ["", "\0", "a\0b", "key", "value", "null", "'", '"', "\\", "\\u0000", "'); DROP TABLE memories; --", "{}", "[", "\u2028", "\ufffd", "é", "e\u0301", "日本語", "🧪", "$1", "%s", "a" * 300]
)  # fmt: skip
texts = hostile | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.sampled_from(["a", "b", "_project"])
times = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda time: time.replace(tzinfo=UTC))
counts = st.integers(0, 2**53)
any_number = st.integers(0, 2**128 - 1)
shares = st.floats(0, 1)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
unknown_fields = st.dictionaries(texts.map("x-{}".format), json_values, max_size=2)


def seen(record_type, **values):
    """Records with occurrences, and not more successes than those."""

    def build(occurrences, share, **values):
        return record_type(occurrences=occurrences, successes=occurrences * share, **values)

    return st.builds(build, counts, shares, **values)


@st.composite
def records(draw, ids=any_number):
    """Records of every kind; main fields aren't empty, since those are refused at the edge."""
    main = texts.filter(str.strip)
    base = {
        "id": ids.map(an_id),
        "project_id": st.just("p"),
        "agent": names,
        "domain": st.sampled_from(["general", "ui"]),
        "origin": st.sampled_from(["observed", "authored"]),
        "created_at": times,
        "updated_at": times,
        "labels": st.dictionaries(texts, texts, max_size=3),
        "archived": st.booleans(),
        "extra": unknown_fields,
    }
    written = {**base, "origin": st.sampled_from(["observed", "authored"])}  # what is derived is never inserted
    keys = {"task_key": main, "strategy_key": main}
    general = {"when": st.sampled_from(["", "it fails at night"]), "do": st.sampled_from(["", "wait"])}
    general["earlier_words"] = st.sampled_from(["", "a job fails, wait"])
    maybe = st.none() | times
    outcomes = st.sampled_from(["success", "failure", "partial"])
    milliseconds = st.none() | counts
    some = st.one_of(
        st.builds(
            Outcome, task=main, outcome=outcomes, at=times, strategy=texts, feedback=texts, error=texts,
            duration_ms=milliseconds, **general, **base,
        ),
        seen(
            Heuristic, condition=main, strategy=texts, confidence=shares, last_validated_at=maybe, **keys, **written
        ),
        seen(
            AntiPattern, pattern=main, why_bad=texts, better_alternative=texts, last_seen_at=maybe, **keys, **written
        ),
        st.builds(
            Preference, preference=main, user_id=texts.map(composed), category=texts, source=texts, confidence=shares,
            **base,
        ),
        st.builds(Knowledge, fact=main, source=texts, confidence=shares, last_verified_at=maybe, **base),
        st.builds(Credit, target=main, value=st.sampled_from([1, -1]), at=times, outcome_id=texts, **base),
    )  # fmt: skip
    return draw(some)


vectors = st.none() | st.lists(st.floats(-1, 1, width=32), min_size=DIMENSION, max_size=DIMENSION).map(
    lambda numbers: vector(*numbers)
)


@st.composite
def entries(draw, ids=any_number):
    """Records with and without a vector."""

    def with_vector(record, numbers):
        return Entry(record=record) if numbers is None else Entry(record=record, vector=numbers, model=MODEL)

    return draw(st.builds(with_vector, records(ids), vectors))


@st.composite
def operations(draw, ids=any_number):
    """Operations of every kind."""
    base = {"op_id": any_number.map(an_id), "at": times, "by": texts}
    some = st.one_of(
        st.builds(Insert, entries=st.lists(entries(ids), max_size=3).map(tuple), **base),
        st.builds(
            Revise, entry=entries(ids), changed=st.frozensets(st.sampled_from(["task", "when", "no field"])), **base
        ),
        st.builds(Forget, ids=st.lists(ids.map(an_id), max_size=3).map(tuple), at_once=st.booleans(), **base),
        st.builds(Undo, undone=any_number.map(an_id), entries=st.lists(entries(ids), max_size=2).map(tuple), **base),
        st.builds(Archive, ids=st.lists(ids.map(an_id), max_size=3).map(tuple), **base),
        st.builds(Refuse, agent=texts, domain=texts, reason=texts, **base),
    )
    return draw(some)


def later(hours):
    """NOON and some hours."""
    return NOON + timedelta(hours=hours)
