"""Vectors can be made anew, in steps, by another model and of another length."""

import pytest

from alma_cli.core.records import Credit
from alma_cli.store import Insert, Revise
from tests.store.samples import MODEL, an_operation, common, entry, insert, later, outcome, vector

NEW = "new-model"


@pytest.fixture
def filled(store):
    """A store with three memories that have vectors, one that has none, and a credit, which needs none."""
    with_vectors = tuple(entry(outcome(number), (1, 0, number)) for number in (1, 2, 3))
    credit = Credit(**common(9), target="x", value=1, at=later(0))
    store.submit([an_operation(Insert, entries=(*with_vectors, entry(outcome(4)), entry(credit)))])
    return store


def vectors_of(records, *numbers):
    """The same vector for every text that these records are about."""
    return {topic: vector(*numbers) for record in records for topic in record.topics}


def numbers(records):
    return [int(record.id, 16) for record in records]


def test_what_has_no_vector_by_the_model_is_outdated(filled):
    with filled.reading() as reader:
        assert [4] == numbers(reader.outdated(MODEL, limit=9))
        assert [1, 2, 3, 4] == numbers(reader.outdated(NEW, limit=9))
        assert [1, 2] == numbers(reader.outdated(NEW, limit=2))
        assert {MODEL: 3, "": 1} == reader.models()


def test_an_interrupted_run_goes_on_where_it_stopped(filled):
    for left in ([3, 4], []):
        with filled.reading() as reader:
            records = reader.outdated(NEW, limit=2)
        with filled.writing() as writer:
            writer.vectors.set(records, vectors_of(records, 0, 1, 0), NEW)
            assert left == numbers(writer.vectors.outdated(NEW, limit=9))
    with filled.reading() as reader:
        assert {NEW: 4} == reader.models()
        assert 1.0 == pytest.approx(reader.nearest(outcome(77), vector(0, 1, 0), NEW)[0][1])


def test_a_memory_that_changed_meanwhile_gets_no_stale_vector(filled):
    with filled.reading() as reader:
        records = reader.outdated(NEW, limit=9)
    revised = outcome(2, task="quite another", updated_at=later(1))
    filled.submit([an_operation(Revise, entry=entry(revised))])
    with filled.writing() as writer:
        writer.vectors.set(records, vectors_of(records, 0, 1, 0), NEW)
        assert [2] == numbers(writer.vectors.outdated(NEW, limit=9))


def test_another_length_makes_room_and_drops_what_no_longer_fits(filled):
    with filled.writing() as writer:
        writer.vectors.fit(5)
        assert [1, 2, 3, 4] == numbers(writer.vectors.outdated(MODEL, limit=9))
        writer.vectors.fit(5)
        writer.vectors.drop()
        records = writer.vectors.outdated(NEW, limit=9)
        writer.vectors.set(records, vectors_of(records, 0, 1, 0, 0, 0), NEW)
    wide = an_operation(Insert, entries=(entry(outcome(5), (1, 0, 0, 0, 0)), entry(outcome(6), (1, 0, 0))))
    filled.submit([wide])
    with filled.reading() as reader:
        assert {NEW: 4, MODEL: 1, "": 1} == reader.models()
        assert len(reader.records([record.id for record in records])) == 4


def test_the_same_length_drops_nothing(filled):
    with filled.writing() as writer:
        writer.vectors.fit(3)
    with filled.reading() as reader:
        assert {MODEL: 3, "": 1} == reader.models()


def test_the_nearest_are_of_the_same_kind_agent_domain_and_user(filled):
    filled.submit([insert(outcome(5, domain="other")), insert(outcome(6, archived=True))])
    with filled.reading() as reader:
        found = reader.nearest(outcome(7), vector(1, 0, 1), MODEL, limit=2)
        assert [1, 2] == numbers(record for record, _ in found)
        assert 1.0 == pytest.approx(found[0][1])
        assert [] == reader.nearest(outcome(7, agent="b"), vector(1, 0, 1), MODEL)
