"""What can be asked of a store, and of one that is empty."""

import json
from dataclasses import replace

import pytest

from alma_cli.core.records import Heuristic, Knowledge, Preference
from alma_cli.core.scopes.visibility import View
from alma_cli.errors import AmbiguousId, InvalidInput, NotFound
from alma_cli.store import Reader, Revise, Search, SearchResult, Selection, Tally
from tests.store.samples import NOON, an_id, an_operation, common, entry, forget, insert, later, outcome, vector


def numbers(records):
    return [int(record.id, 16) for record in records]


@pytest.fixture
def filled(store):
    """A store with some of everything, changed in this order."""
    store.submit(
        [
            insert(
                outcome(1, updated_at=later(1), outcome="failure"),
                Heuristic(**common(2, updated_at=later(2), agent="b"), condition="It RAINS", strategy="umbrella"),
                Preference(**common(3, updated_at=later(3)), preference="short", user_id="me"),
                Knowledge(**common(4, updated_at=later(4), domain="ui"), fact="blue"),
                outcome(5, updated_at=later(5), archived=True),
            )
        ]
    )
    return store


def test_an_empty_store_answers_everything_with_nothing():
    reader = Reader(None)
    search = Search(
        vector=None, model="", terms=["a"], identifiers=[], views=(View(agent=None),), kinds=["outcome"], user_id="",
        now=NOON, per_signal=9,
    )  # fmt: skip
    assert SearchResult() == reader.search(search)
    assert [] == list(reader.listed(Selection())) == reader.audit(limit=9) == reader.versions(an_id(1))
    assert [] == reader.tallies() == reader.outdated("m", limit=9) == reader.nearest(outcome(), vector(1), "m")
    assert {} == reader.records([an_id(1)]) == reader.outcome_results() == reader.models()
    assert reader.tombstones() == 0
    with pytest.raises(NotFound):
        reader.record("1")


@pytest.mark.parametrize(
    ("selection", "found"),
    [
        ({}, [5, 4, 3, 2, 1]),
        ({"kinds": ["outcome", "knowledge"]}, [5, 4, 1]),
        ({"kinds": []}, []),
        ({"agent": "b"}, [2]),
        ({"domain": "ui"}, [4]),
        ({"user_id": "me"}, [3]),
        ({"archived": True}, [5]),
        ({"archived": False, "agent": "a"}, [4, 3, 1]),
        ({"containing": "rains UMB"}, [2]),
        ({"containing": "%"}, []),
        ({"outcome": "failure"}, [1]),
        ({"outcome": "success"}, [5]),
        ({"shown_to": "you"}, [5, 4, 2, 1]),
        ({"shown_to": "me"}, [5, 4, 3, 2, 1]),
        ({"labels": {"'; DROP TABLE memories; --": None}}, []),
        ({"source": "' OR 1 = 1 --"}, []),
    ],
)
def test_a_selection_limits_what_is_listed_newest_first(filled, selection, found):
    with filled.reading() as reader:
        assert found == numbers(reader.listed(Selection(**selection)))
        assert found[::-1] == numbers(reader.listed(Selection(**selection), newest_first=False))
        assert found[:2] == numbers(reader.listed(Selection(**selection), limit=2))


def test_long_lists_come_whole(store):
    store.submit([insert(*(outcome(number) for number in range(1, 2501)))])
    with store.reading() as reader:
        assert list(range(1, 2501)) == numbers(reader.listed(Selection(), newest_first=False))


def test_an_id_is_found_by_any_unique_beginning(store):
    low, high = "ab" + "0" * 30, "ac" + "0" * 30
    store.submit([insert(replace(outcome(), id=low), replace(outcome(), id=high))])
    with store.reading() as reader:
        assert low == reader.record("AB").id == reader.record(f" {low} ").id
        with pytest.raises(AmbiguousId, match="ab0000000000, ac0000000000"):
            reader.record("a")
        with pytest.raises(NotFound):
            reader.record("b")
        for wrong in ("", " ", "xyz", "a" * 33, "%", "_"):
            with pytest.raises(InvalidInput):
                reader.record(wrong)


def test_many_ambiguous_ids_are_not_all_named(store):
    store.submit([insert(*(outcome(number) for number in range(1, 12)))])
    with store.reading() as reader, pytest.raises(AmbiguousId, match=r", \.\.\.$"):
        reader.record("0")


def test_the_audit_tells_who_did_what_when_newest_first(filled):
    filled.submit([forget(1)])
    with filled.reading() as reader:
        rows = reader.audit(limit=2)
        assert [("forget", an_id(1)), ("insert", an_id(5))] == [(row.action, row.id) for row in rows]
        assert ["forget", "insert"] == [row.action for row in reader.audit(an_id(1), limit=9)]
        assert ("tester", NOON, "a", "outcome") == (rows[0].by, rows[0].at, rows[0].agent, rows[0].detail)


def test_an_id_that_was_forgotten_can_still_be_audited(filled):
    filled.submit([forget(1)])
    with filled.reading() as reader:
        assert an_id(1) == reader.audited_id(an_id(1)[:32])
        with pytest.raises(AmbiguousId):
            reader.audited_id("0")
        with pytest.raises(NotFound):
            reader.audited_id("f")
        with pytest.raises(InvalidInput):
            reader.audited_id(" ")


def test_versions_are_listed_newest_first(store):
    store.submit([insert(outcome(1))])
    for hours in (1, 2):
        revised = outcome(1, task=f"after {hours}", updated_at=later(hours))
        store.submit([an_operation(Revise, at=later(hours), entry=entry(revised))])
    with store.reading() as reader:
        versions = reader.versions(an_id(1))
    assert ["after 1", "task 1"] == [json.loads(version.content)["task"] for version in versions]
    assert [later(2), later(1)] == [version.replaced_at for version in versions]


def test_what_a_clock_ahead_recorded_is_not_what_happened_last_while_there_is_anything_else(store):
    store.submit([insert(outcome(1, at=later(1)), outcome(2, at=later(2)), outcome(3, at=later(9999)))])
    with store.reading() as reader:
        assert [an_id(2)] == [id for id, _ in reader.last_outcomes("session", now=later(3))]
        assert [an_id(3)] == [id for id, _ in reader.last_outcomes("session", now=later(9999))]
        assert [an_id(3)] == reader.to_come(later(3), any_time=False)


def test_everything_is_counted(filled):
    with filled.reading() as reader:
        assert [
            Tally(agent="a", domain="general", kind="outcome", count=2, archived=1),
            Tally(agent="a", domain="general", kind="preference", count=1, archived=0),
            Tally(agent="a", domain="ui", kind="knowledge", count=1, archived=0),
            Tally(agent="b", domain="general", kind="heuristic", count=1, archived=0),
        ] == reader.tallies()
        assert {"a": {"failure": 1, "success": 1}} == reader.outcome_results()
