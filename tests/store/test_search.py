"""The signals of a search equal those that the formulas give, and only what may be seen is measured."""

import math
from statistics import fmean, pstdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alma_cli.core.records import RETRIEVED_KINDS, Credit, Heuristic, Preference
from alma_cli.core.scopes.visibility import View
from alma_cli.core.words import identifiers, query_terms, terms_of
from alma_cli.store import Insert, Pool, Search
from alma_cli.store.database.engine import transaction
from alma_cli.store.reading.search import search
from alma_cli.store.writing.fold import fold
from tests.store.samples import (
    MODEL,
    NOON,
    NOTHING_DERIVED,
    an_id,
    an_operation,
    common,
    entry,
    insert,
    later,
    outcome,
    store_in,
    vector,
)

EVERYTHING = (View(agent=None),)


def wanted(task, *, views=EVERYTHING, kinds=RETRIEVED_KINDS, numbers=(1.0, 0.0, 0.0), per_signal=100, user_id="", model=MODEL):  # fmt: skip
    """A search for a task with this vector."""
    return Search(
        vector=None if numbers is None else vector(*numbers), model=model, terms=query_terms(task),
        identifiers=identifiers(task), views=views, kinds=kinds, user_id=user_id, now=NOON, per_signal=per_signal,
    )  # fmt: skip


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    with store_in(tmp_path_factory.mktemp("search")).file.opened(read_only=False) as connection:
        yield connection


class Undone(Exception):  # noqa: N818
    """What was folded is rolled back."""


def searched(connection, entries, asked):
    """What a search finds in a store with these entries only."""
    try:
        with transaction(connection):
            fold(connection, [an_operation(Insert, entries=tuple(entries))], now_ms=7, rules=NOTHING_DERIVED)
            found = search(connection, asked)
            raise Undone
    except Undone:
        return found


words = st.sampled_from(["login", "test", "form", "E1042", "snake_case", "the"])
sentences = st.lists(words, min_size=1, max_size=6).map(" ".join)
coordinates = st.sampled_from([-1.0, 0.0, 0.5, 1.0])
small_vectors = st.tuples(coordinates, coordinates, coordinates).filter(any)
memories = st.lists(
    st.tuples(sentences, sentences, st.none() | small_vectors, st.sampled_from("ab"), st.sampled_from(["x", "y"])),
    max_size=7,
)
domain_sets = st.frozensets(st.sampled_from(["x", "y"]))
some_views = st.lists(
    st.builds(
        View, agent=st.sampled_from([None, "a", "b"]), besides=st.frozensets(st.sampled_from("ab")),
        only=st.none() | domain_sets, never=domain_sets,
    ),
    max_size=3,
).map(tuple)  # fmt: skip


def naive_bm25(records, task):
    """BM25 with k1 = 1.2 and b = 0.75 over these records, and the idf of each word."""
    counted = {record.id: terms_of(record) for record in records}
    mean = max(fmean(one.total() for one in counted.values()), 1)
    scores, idfs = dict.fromkeys(counted, 0.0), {}
    for word in query_terms(task):
        df = sum(word in one for one in counted.values())
        idfs[word] = math.log(1 + (len(records) - df + 0.5) / (df + 0.5))
        for id, one in counted.items():
            norm = 1.2 * (1 - 0.75 + 0.75 * one.total() / mean)
            scores[id] += idfs[word] * one[word] * 2.2 / (one[word] + norm)
    matched = {id: sum(idfs[word] for word in idfs if word in one) / sum(idfs.values()) for id, one in counted.items()}
    return scores, matched


def naive_cosine(left, right):
    dot = sum(a * b for a, b in zip(left, right, strict=True))
    return dot / math.sqrt(sum(a * a for a in left) * sum(b * b for b in right))


@settings(max_examples=25)
@given(memories, sentences, small_vectors, some_views)
def test_the_signals_are_those_of_the_formulas_over_what_is_seen(connection, given, task, numbers, views):
    entries = [
        entry(outcome(number, task=text, strategy=strategy, agent=agent, domain=domain), their_vector)
        for number, (text, strategy, their_vector, agent, domain) in enumerate(given, start=1)
    ]
    seen = [one for one in entries if any(view.shows(one.record.agent, one.record.domain) for view in views)]
    found = searched(connection, entries, wanted(task, views=views, numbers=numbers))
    assert {one.record.id for one in seen} == {candidate.id for candidate in found.candidates}
    if not seen:
        return
    bm25, matched = naive_bm25([one.record for one in seen], task)
    cosines = {one.record.id: naive_cosine(numbers, one.vector) for one in seen if one.vector is not None}
    for candidate in found.candidates:
        assert candidate.bm25 == pytest.approx(bm25[candidate.id])
        assert candidate.matched == pytest.approx(matched[candidate.id], abs=1e-6)
        assert candidate.cosine == (pytest.approx(cosines[candidate.id], abs=1e-5) if candidate.id in cosines else None)
    assert (len(seen), len(seen) - len(cosines)) == (found.total, found.without_vector)
    for spread, values in ((found.bm25, list(bm25.values())), (found.cosine, list(cosines.values()) or [0.0])):
        assert (spread.mean, spread.deviation) == (
            pytest.approx(fmean(values), abs=1e-5), pytest.approx(pstdev(values), abs=1e-5),
        )  # fmt: skip


def test_nothing_seen_is_nothing_found(connection):
    found = searched(connection, [entry(outcome())], wanted("task", views=()))
    assert (0, ()) == (found.total, tuple(found.candidates))


def test_without_a_vector_words_alone_are_compared(connection):
    found = searched(connection, [entry(outcome(1, task="login"), (1, 0, 0))], wanted("login", numbers=None))
    (candidate,) = found.candidates
    assert candidate.cosine is None
    assert candidate.bm25 > 0
    assert found.without_vector == 1


def test_vectors_of_another_model_are_not_compared(connection):
    found = searched(connection, [entry(outcome(), (1, 0, 0))], wanted("task", model="another"))
    assert [None] == [candidate.cosine for candidate in found.candidates]


def test_vectors_of_another_length_are_not_compared(store):
    store.submit([insert(outcome(1, task="login"))])
    with store.reading() as reader:
        found = reader.search(wanted("login", numbers=(1.0, 0.0), model="another"))
        assert (1, [None]) == (found.without_vector, [candidate.cosine for candidate in found.candidates])
        assert [] == reader.nearest(outcome(2), vector(1, 0), "another")


def test_each_signal_hands_over_its_best_of_each_kind(connection):
    entries = [entry(outcome(number, task="login " * number), (1, number, 0)) for number in range(1, 6)]
    entries.append(entry(Heuristic(**common(9), condition="bake", strategy="a cake"), (0, 1, 0)))
    found = searched(connection, entries, wanted("login", per_signal=1))
    ids = {int(candidate.id, 16) for candidate in found.candidates}
    assert 9 in ids
    assert 1 in ids
    assert len(ids) <= 4
    assert found.total == 6


def test_archived_memories_other_kinds_and_other_users_are_not_seen(connection):
    def preference(id, user_id):
        return entry(Preference(**common(id), preference="short", user_id=user_id))

    entries = [
        entry(outcome(1, archived=True)),
        preference(2, ""),
        preference(3, "me"),
        preference(4, "you"),
        entry(Credit(**common(5), target=an_id(2), value=1, at=NOON)),
        entry(outcome(6)),
    ]
    found = searched(connection, entries, wanted("short", user_id="me", kinds=["preference"]))
    assert {2, 3} == {int(candidate.id, 16) for candidate in found.candidates}
    everything = searched(connection, entries, wanted("short"))
    assert {2, 6} == {int(candidate.id, 16) for candidate in everything.candidates}


def test_success_recency_confidence_and_credit_come_along(connection):
    entries = [
        entry(outcome(1, outcome="partial", at=later(-48))),
        entry(Heuristic(**common(2), condition="c", strategy="s", occurrences=4, successes=3.0, confidence=0.25)),
        entry(Credit(**common(3), target=an_id(2), value=1, at=NOON)),
        entry(Credit(**common(4), target=an_id(2), value=1, at=NOON)),
        entry(Credit(**common(5), target=an_id(2), value=-1, at=NOON)),
        entry(outcome(6, at=later(5))),
    ]
    by_id = {int(one.id, 16): one for one in searched(connection, entries, wanted("c")).candidates}
    assert (0.5, 2.0, None, 0) == (by_id[1].success, by_id[1].age_days, by_id[1].confidence, by_id[1].credit)
    assert (0.75, 0.0, 0.25, 1) == (by_id[2].success, by_id[2].age_days, by_id[2].confidence, by_id[2].credit)
    assert by_id[6].age_days == 0.0


def test_a_rare_identifier_is_told_from_a_common_one(connection):
    entries = [entry(outcome(number, task="fix snake_case")) for number in range(1, 9)]
    entries.append(entry(outcome(9, task="fix E1042")))
    found = searched(connection, entries, wanted("E1042 and snake_case"))
    assert {9} == {int(candidate.id, 16) for candidate in found.candidates if candidate.rare_match}


@settings(max_examples=25)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=4))
def test_any_task_can_be_searched_for(connection, texts):
    task = " ".join(texts)
    assert searched(connection, [entry(outcome())], wanted(task)).total == 1


@settings(max_examples=25)
@given(st.integers(2, 9), sentences, sentences)
def test_a_memory_that_stands_for_others_counts_as_they_would(connection, count, text, task):
    near = entry(outcome(1, task="login form"), (1.0, 0.0, 0.0))
    far = [entry(outcome(2 + number, task=text), (0.5, 1.0, 0.0)) for number in range(count)]
    whole = searched(connection, [near, *far], wanted(task))
    sampled = Pool([near, far[0]], {far[0].record.id: float(count)}).search(wanted(task))
    for signal in ("cosine", "bm25"):
        ours, theirs = getattr(whole, signal), getattr(sampled, signal)
        assert (ours.mean, ours.deviation) == pytest.approx((theirs.mean, theirs.deviation), abs=1e-9)
    by_id = {one.id: one for one in whole.candidates}
    for one in sampled.candidates:
        assert (one.bm25, one.matched, one.cosine) == pytest.approx(
            (by_id[one.id].bm25, by_id[one.id].matched, by_id[one.id].cosine)
        )
        assert one.rare_match == by_id[one.id].rare_match


@settings(max_examples=25)
@given(st.lists(st.tuples(sentences, st.sampled_from([(1.0, 0.0, 0.0), (0.5, 1.0, 0.0), None])), max_size=6), sentences)
def test_a_pool_is_searched_as_a_store_is(connection, memories, task):
    entries = [entry(outcome(1 + number, task=text), vector) for number, (text, vector) in enumerate(memories)]
    stored = searched(connection, entries, wanted(task))
    pooled = Pool(entries, {}).search(wanted(task))
    assert (stored.total, stored.without_vector) == (pooled.total, pooled.without_vector)
    for ours, theirs in ((stored.cosine, pooled.cosine), (stored.bm25, pooled.bm25)):
        assert (ours.mean, ours.deviation) == pytest.approx((theirs.mean, theirs.deviation), abs=1e-6)
    assert len(stored.candidates) == len(pooled.candidates)
    by_id = {one.id: one for one in pooled.candidates}
    for one in stored.candidates:
        other = by_id[one.id]
        assert (one.bm25, one.matched, one.age_days) == pytest.approx((other.bm25, other.matched, other.age_days))
        assert (one.cosine is None) == (other.cosine is None)
        assert (one.cosine or 0) == pytest.approx(other.cosine or 0, abs=1e-5)
        assert (one.kind, one.success, one.rare_match) == (other.kind, other.success, other.rare_match)
        assert (one.pooled_occurrences, one.pooled_successes) == pytest.approx(
            (other.pooled_occurrences, other.pooled_successes), abs=1e-4
        )
