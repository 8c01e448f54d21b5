"""What a process kept of a search answers like the store itself, and never longer than the store stays as it was."""

from datetime import timedelta

import pytest

from alma_cli.core.records import RETRIEVED_KINDS
from alma_cli.core.scopes.visibility import View
from alma_cli.store import Insert, Search
from alma_cli.store.inbox.operations import Archive, Forget, Revise
from alma_cli.store.reading import search_cache
from alma_cli.store.reading.search import search
from tests.store.samples import MODEL, NOON, an_id, an_operation, entry, outcome, store_in, vector


@pytest.fixture
def store(tmp_path):
    store = store_in(tmp_path)
    insert(
        store,
        [
            entry(outcome(1, task="mend the login", agent="a"), (1, 0, 0)),
            entry(outcome(2, task="mend the mend of the login", agent="b"), (3, 1, 0.5)),
            entry(outcome(3, task="E1042 in the form", agent="a"), (-1, 0.2, 0)),
            entry(outcome(4, task="no vector", agent="a"), None),
            entry(outcome(5, task="nothing to compare", agent="b"), (0, 0, 0)),
        ],
    )
    return store


def insert(store, entries):
    store.submit([an_operation(Insert, entries=tuple(entries))])


def wanted(numbers=(1.0, 0.3, 0.0), *, agent=None, task="mend"):
    return Search(
        vector=vector(*numbers), model=MODEL, terms=task.split(), identifiers=[], views=(View(agent=agent),),
        kinds=RETRIEVED_KINDS, user_id="", now=NOON + timedelta(days=1), per_signal=9,
    )  # fmt: skip


def searched(store, asked):
    with store.reading() as reader:
        return reader.search(asked)


def searched_anew(store, asked):
    """What the store itself says."""
    with store.reading() as reader:
        return search(reader._connection, asked)


def is_kept(store, asked_before):
    return any(
        path == store.file.path and not isinstance(one, int) for (path, _), (_, one) in search_cache._cached.items()
    )


@pytest.mark.parametrize("agent", [None, "a", "b"])
def test_the_first_search_the_second_and_those_after_it_say_the_same(store, agent):
    for numbers, task in [((1.0, 0.3, 0.0), "mend login"), ((0.0, 0.0, 1.0), "form"), ((0.0, 0.0, 0.0), "nothing")] * 2:
        asked = wanted(numbers, agent=agent, task=task)
        assert searched_anew(store, asked) == searched(store, asked)
    assert is_kept(store, wanted())


CHANGES = {
    "stored": lambda store: insert(store, [entry(outcome(6, task="mend it all"), (1, 0.3, 0))]),
    "forgotten": lambda store: store.submit([an_operation(Forget, ids=(an_id(1),))]),
    "archived": lambda store: store.submit([an_operation(Archive, ids=(an_id(1),))]),
    "corrected": lambda store: store.submit(
        [an_operation(Revise, entry=entry(outcome(2, task="something else", agent="b"), (0, 1, 0)))]
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_was_changed_is_seen_by_the_next_search(store, change):
    before = [searched(store, wanted()) for _ in range(3)][-1]
    assert is_kept(store, wanted())
    change(store)
    after = searched(store, wanted())
    assert after == searched_anew(store, wanted())
    assert after != before


def test_vectors_that_are_dropped_are_compared_no_more(store):
    for _ in range(3):
        searched(store, wanted())
    with store.writing() as writer:
        writer.vectors.drop()
    assert {None} == {one.cosine for one in searched(store, wanted()).candidates}


def test_more_than_may_be_kept_is_searched_each_time(store, monkeypatch):
    monkeypatch.setattr(search_cache, "MOST_BYTES", 1)
    for _ in range(3):
        assert searched_anew(store, wanted()) == searched(store, wanted())
    assert not is_kept(store, wanted())


def test_the_least_recently_used_goes_first(tmp_path, monkeypatch):
    stores = [store_in(tmp_path / name) for name in "xyz"]
    for store in stores:
        insert(store, [entry(outcome(1, task="mend"), (1, 0, 0))])
    monkeypatch.setattr(search_cache, "MOST_BYTES", 2 * 3 * 4)
    for store in stores:
        for _ in range(3):
            searched(store, wanted())
    assert [False, True, True] == [is_kept(store, wanted()) for store in stores]


@pytest.mark.slow
def test_no_more_than_so_many_searches_are_remembered(store):
    for number in range(3 * search_cache._MOST_ENTRIES):
        searched(store, wanted(agent=f"agent{number}"))
    assert len(search_cache._cached) <= search_cache._MOST_ENTRIES
