"""With an index a search gives what it gives without one, and whatever is wrong with the index, it is exact."""

import os
from dataclasses import replace

import numpy as np
import pytest

from alma_cli.core.records import RETRIEVED_KINDS
from alma_cli.core.scopes.visibility import View
from alma_cli.store import Insert, Search
from alma_cli.store.database.values import columns, vector_text
from alma_cli.store.hnsw.extension import unavailable
from alma_cli.store.hnsw.index import Index, IndexState, Nearest, _nearest_rows
from tests.store.samples import DIMENSION, MODEL, NOON, an_operation, entry, outcome, store_in, vector

needs_extension = pytest.mark.skipif(
    bool(unavailable()) and "ALMA_TEST_HNSW" not in os.environ,  # where `make test-hnsw` asks, it has to be there
    reason=f"DuckDB's vss extension: {unavailable()}",
)
COUNT = 60


def memories(first, last):
    """Outcomes with vectors all around, of two agents in turn."""
    rng = np.random.default_rng(3)
    numbers = rng.standard_normal((200, DIMENSION))
    return [
        entry(outcome(number + 1, task=f"task {number}", agent="ab"[number % 2]), numbers[number])
        for number in range(first, last)
    ]


def insert(store, entries):
    store.submit([an_operation(Insert, entries=tuple(entries))])


def wanted(*, agent=None, per_signal=3):
    return Search(
        vector=vector(1.0, 0.2, 0.0), model=MODEL, terms=["task", "7"], identifiers=[], views=(View(agent=agent),),
        kinds=RETRIEVED_KINDS, user_id="", now=NOON, per_signal=per_signal,
    )  # fmt: skip


def found(store, asked):
    with store.reading() as reader:
        return reader.search(asked)


def signals(answer):
    return [(one.id, pytest.approx(one.cosine, abs=1e-5), one.bm25, one.rare_match) for one in answer.candidates]


def what_an_index_says(store, asked, *, fetched, up_to):
    """The nearest as a perfect index gives them."""
    with store.reading() as reader:
        rows = reader._rows(
            f"SELECT seq, array_cosine_similarity(embedding, ?::FLOAT[{DIMENSION}]) AS c FROM memories "
            "WHERE seq < ? ORDER BY c DESC LIMIT ?",
            [list(asked.vector), up_to, fetched],
        )
    seqs, cosines = np.array([row[0] for row in rows], "i8"), np.array([row[1] for row in rows], "f4")
    return Nearest(seqs=seqs, cosines=cosines, sample=cosines, up_to=up_to)


@pytest.fixture
def store(tmp_path):
    store = store_in(tmp_path)
    insert(store, memories(0, COUNT))
    return store


@pytest.mark.parametrize("up_to", [COUNT, COUNT // 2, 0])
@pytest.mark.parametrize("agent", [None, "a"])
def test_an_index_gives_the_candidates_of_an_exact_search(store, agent, up_to):
    asked = wanted(agent=agent)
    exact = found(store, asked)
    by_index = found(store, replace(asked, nearest=what_an_index_says(store, asked, fetched=20, up_to=up_to)))
    assert signals(by_index) == signals(exact)
    assert (by_index.total, by_index.without_vector) == (exact.total, exact.without_vector)


def test_where_the_scope_leaves_too_few_everything_is_compared(store):
    asked = wanted(agent="a", per_signal=10)
    few = what_an_index_says(store, asked, fetched=5, up_to=COUNT)
    exact = found(store, asked)
    by_index = found(store, replace(asked, nearest=few))
    assert signals(by_index) == signals(exact)
    assert by_index.cosine == exact.cosine


def test_an_index_of_an_empty_store_finds_nothing(tmp_path):
    store = store_in(tmp_path)
    insert(store, [])
    nothing = Nearest(seqs=np.array([], "i8"), cosines=np.array([], "f4"), sample=np.array([], "f4"), up_to=0)
    assert found(store, replace(wanted(), nearest=nothing)).total == 0


def test_without_the_file_or_the_extension_there_is_nothing_to_go_by(tmp_path):
    index = Index(path=str(tmp_path / "nearest.duckdb"), model=MODEL)
    assert index.nearest(vector(1, 0, 0)) is None
    state = index.state()
    assert not state.is_active
    assert "alma reindex" in state.told or "[vss]" in state.told


@needs_extension
def test_a_built_index_finds_what_is_near_and_says_so(store, tmp_path):
    index = Index(path=str(tmp_path / "nearest.duckdb"), model=MODEL)
    for _ in range(2):  # the second replaces the first, also for who has it open
        with store.writing() as writer:
            writer.copy_vectors(index)
        index.finish()
        asked = wanted()
        near = index.nearest(asked.vector)
        assert near.up_to == COUNT
        assert signals(found(store, replace(asked, nearest=near))) == signals(found(store, asked))
        assert index.state() == IndexState(True, f"{COUNT} vectors, of memories before number {COUNT}")
    assert replace(index, model="another").nearest(asked.vector) is None


@needs_extension
def test_duckdb_uses_the_index(store, tmp_path):
    index = Index(path=str(tmp_path / "nearest.duckdb"), model=MODEL)
    with store.writing() as writer:
        writer.copy_vectors(index)
    index.finish()
    asked = wanted()
    connection = index._connection()
    columns(connection, "SELECT 1::BIGINT", {"one": "i8"}, {"vector": vector_text(asked.vector)})
    plan = connection.execute(f"EXPLAIN {_nearest_rows(asked.vector)}").fetchall()[0][1]
    assert "HNSW_INDEX_SCAN" in plan


@needs_extension
def test_a_damaged_index_is_not_used(tmp_path):
    path = tmp_path / "nearest.duckdb"
    path.write_bytes(b"not a database" * 1000)
    index = Index(path=str(path), model=MODEL)
    assert index.nearest(vector(1, 0, 0)) is None
    assert index.state().told.startswith("it can't be used")


@needs_extension
def test_what_an_interrupted_run_left_is_replaced(store, tmp_path):
    index = Index(path=str(tmp_path / "nearest.duckdb"), model=MODEL)
    (tmp_path / "nearest.duckdb.new").write_bytes(b"half a file")
    with store.writing() as writer:
        writer.copy_vectors(index)
    index.finish()
    assert index.state().is_active
