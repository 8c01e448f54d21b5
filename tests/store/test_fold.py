"""Operations become part of the store once, in order, however they come."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alma_cli.core.records import Heuristic
from alma_cli.core.replication.hlc import HLC
from alma_cli.store import Entry, RecordChange, Refuse, Revise, Selection, Undo
from alma_cli.store.database.engine import transaction
from alma_cli.store.writing.fold import fold
from tests.store.samples import (
    MODEL,
    NOON,
    NOTHING_DERIVED,
    an_id,
    an_operation,
    common,
    entry,
    forget,
    insert,
    later,
    operations,
    outcome,
    store_in,
    vector,
)

TABLES = ("memories", "postings", "tombstones", "history", "audit")
few_ids = st.integers(1, 3)
few_operations = st.lists(operations(few_ids), unique_by=lambda operation: operation.op_id, max_size=5)


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    with store_in(tmp_path_factory.mktemp("fold")).file.opened(read_only=False) as connection:
        yield connection


class Undone(Exception):  # noqa: N818
    """What was folded is rolled back."""


def content(connection):
    """All rows but stamps, whose clock runs on with every folding; the replica is there for its counter."""
    found = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}
    columns = [column[0] for column in connection.execute("SELECT * FROM memories LIMIT 0").description]
    hlc = columns.index("hlc")
    found["memories"] = [row[:hlc] + row[hlc + 1 :] for row in found["memories"]]
    return {table: sorted(map(repr, rows)) for table, rows in found.items()}


def folded(connection, batches):
    """What is in the store after these batches, which are undone again."""
    try:
        with transaction(connection):
            for batch in batches:
                fold(connection, batch, now_ms=7, rules=NOTHING_DERIVED)
            found = content(connection)
            raise Undone
    except Undone:
        return found


@pytest.mark.slow
@settings(max_examples=25)
@given(few_operations)
def test_folding_twice_is_folding_once(connection, given):
    assert folded(connection, [given]) == folded(connection, [given, given])


def test_an_undo_that_found_nothing_to_undo_finds_nothing_when_it_is_folded_again(connection):
    added = insert(outcome(1))
    early = an_operation(Undo, undone=added.op_id)
    assert folded(connection, [[early, added]]) == folded(connection, [[early, added], [early, added]])


@pytest.mark.slow
@settings(max_examples=25)
@given(few_operations)
def test_an_operation_twice_in_one_batch_counts_once(connection, given):
    assert folded(connection, [given]) == folded(connection, [[*given, *given]])


@pytest.mark.slow
@settings(max_examples=25)
@given(few_operations, st.integers(0, 5))
def test_any_split_into_batches_gives_the_same_store(connection, given, cut):
    assert folded(connection, [given]) == folded(connection, [given[:cut], given[cut:]])


@settings(max_examples=25)
@given(few_operations)
def test_postings_and_memories_belong_together(connection, given):
    with pytest.raises(Undone), transaction(connection):
        fold(connection, given, now_ms=7, rules=NOTHING_DERIVED)
        stray = "SELECT count(*) FROM postings ANTI JOIN memories USING (seq)"
        assert [(0,)] == connection.execute(stray).fetchall()
        uncounted = "SELECT memories.n_terms, coalesce(sum(tf), 0) FROM memories LEFT JOIN postings USING (seq) GROUP BY seq, n_terms"
        assert all(n_terms == counted for n_terms, counted in connection.execute(uncounted).fetchall())
        twice = "SELECT id FROM (SELECT id FROM memories UNION ALL SELECT id FROM tombstones) GROUP BY id HAVING count(*) > 1"
        assert connection.execute(twice).fetchall() == []
        raise Undone


@settings(max_examples=25)
@given(few_operations)
def test_the_replica_keeps_the_newest_stamp(connection, given):
    with pytest.raises(Undone), transaction(connection):
        fold(connection, given, now_ms=7, rules=NOTHING_DERIVED)
        rows = connection.execute("SELECT hlc FROM memories UNION ALL SELECT hlc FROM tombstones").fetchall()
        stamps = [HLC.parse(row[0]) for row in rows]
        newest = HLC.parse(connection.execute("SELECT hlc FROM replica").fetchone()[0])
        assert all(stamp <= newest for stamp in stamps)
        raise Undone


def changes(store, *given):
    return store.submit(given).changes


def test_new_records_are_inserted_and_known_ones_skipped(store):
    assert (RecordChange("insert", an_id(1)),) == changes(store, insert(outcome(1)))
    assert (RecordChange("skip-present", an_id(1)), RecordChange("insert", an_id(2))) == changes(
        store, insert(outcome(1, task="other"), outcome(2))
    )
    with store.reading() as reader:
        assert reader.record(an_id(1)).task == "task 1"


def test_a_record_twice_in_one_operation_is_there_once(store):
    assert ["insert", "skip-present"] == [change.action for change in changes(store, insert(outcome(1), outcome(1)))]


@pytest.mark.parametrize("together", [True, False])
def test_another_record_of_the_same_id_is_refused_under_its_own_name(together, store):
    """Whether it comes in the same batch as the first or later."""
    first, other = insert(outcome(1), outcome(2)), insert(outcome(1, agent="b"))
    for batch in [[first, other]] if together else [[first], [other]]:
        store.submit(batch)
    with store.reading() as reader:
        assert ["b"] == [event.agent for event in reader.audit(limit=10) if event.action == "skip-present"]


@pytest.mark.parametrize("together", [True, False])
def test_what_is_refused_as_derived_keeps_no_outcome_out(together, store):
    """Whether it comes in the same batch as the outcome of that id or before."""
    numbers = {"occurrences": 3, "successes": 3.0, "confidence": 0.5, "last_validated_at": None}
    keys = {"task_key": "x", "strategy_key": "p"}
    derived = Heuristic(condition="c", strategy="s", **numbers, **keys, **common(1, origin="derived"))
    refused, kept = insert(derived), insert(outcome(1, when="", do=""))
    for batch in [[refused, kept]] if together else [[refused], [kept]]:
        store.submit(batch)
    with store.reading() as reader:
        (record,) = reader.listed(Selection())
    assert ("outcome", True, True) == (record.kind, record.task_key != "", record.strategy_key != "")


def test_a_forgotten_record_never_comes_back(store):
    changes(store, insert(outcome(1)))
    assert (RecordChange("forget", an_id(1)),) == changes(store, forget(1))
    assert (RecordChange("skip-forgotten", an_id(1)),) == changes(store, insert(outcome(1)))
    assert (RecordChange("skip-forgotten", an_id(1)),) == changes(store, an_operation(Revise, entry=entry(outcome(1))))
    assert (RecordChange("skip-forgotten", an_id(1)),) == changes(store, forget(1))
    with store.reading() as reader:
        assert reader.records([an_id(1)]) == {}
        assert reader.tombstones() == 1


def test_a_revision_keeps_the_version_it_replaces_and_forgetting_erases_its_text(store):
    changes(store, insert(outcome(1)))
    revise = an_operation(Revise, at=later(1), entry=entry(outcome(1, task="revised", updated_at=later(1))))
    assert (RecordChange("revise", an_id(1)),) == changes(store, revise)
    with store.reading() as reader:
        assert reader.record(an_id(1)).task == "revised"
        (version,) = reader.versions(an_id(1))
    assert '"task 1"' in version.content
    assert (later(1), "tester") == (version.replaced_at, version.replaced_by)
    changes(store, forget(1))
    with store.reading() as reader:
        assert [None, None] == [version.content for version in reader.versions(an_id(1))]


def test_revisions_of_different_fields_that_were_made_at_once_are_all_kept(store):
    changes(store, insert(outcome(1)))
    for at, (field, words) in enumerate((("when", "a form is long"), ("do", "split it"), ("strategy", "in two"))):
        new = outcome(1, updated_at=later(3 - at), **{field: words})
        changes(store, an_operation(Revise, at=later(3 - at), entry=entry(new), changed=frozenset({field})))
    with store.reading() as reader:
        record = reader.record(an_id(1))
    assert ("a form is long", "split it", "in two") == (record.when, record.do, record.strategy)
    assert later(3) == record.updated_at, "an earlier change makes it no older"


def test_a_revision_of_another_field_leaves_no_vector_of_words_that_were_replaced(store):
    changes(store, insert(outcome(1)))
    task = outcome(1, task="another task")
    changes(store, an_operation(Revise, entry=entry(task, (0, 1, 0)), changed=frozenset({"task"})))
    changes(
        store, an_operation(Revise, entry=entry(outcome(1, feedback="x"), (1, 0, 0)), changed=frozenset({"feedback"}))
    )
    with store.reading() as reader:
        assert ("another task", "x") == (reader.record(an_id(1)).task, reader.record(an_id(1)).feedback)
        assert [an_id(1)] == [one.id for one in reader.outdated(MODEL, limit=9)]


def test_a_revision_is_stamped_after_what_it_replaces_even_when_the_clock_runs_back(store):
    ahead = store_in(store.journal.folder.removesuffix("/journal"))
    object.__setattr__(ahead, "now_ms", lambda: 10**12)
    changes(ahead, insert(outcome(1)))
    object.__setattr__(ahead, "now_ms", lambda: 5)
    changes(ahead, an_operation(Revise, entry=entry(outcome(1, task="revised"))))
    with ahead.file.opened(read_only=False) as connection:
        (was,) = connection.execute("SELECT hlc FROM history").fetchone()
        (now,) = connection.execute("SELECT hlc FROM memories").fetchone()
    assert HLC.parse(now) > HLC.parse(was)


def test_a_revision_stays_acknowledged_at_the_version_the_remote_has(store):
    changes(store, insert(outcome(1)))
    with store.file.opened(read_only=False) as connection:
        connection.execute("UPDATE memories SET acked_hlc = hlc")
    changes(store, an_operation(Revise, entry=entry(outcome(1, task="revised"))))
    with store.file.opened(read_only=False) as connection:
        (was,) = connection.execute("SELECT hlc FROM history").fetchone()
        assert [(was, True)] == connection.execute("SELECT acked_hlc, acked_hlc < hlc FROM memories").fetchall()


def test_a_refusal_leaves_an_audit_row_only(store):
    refuse = an_operation(Refuse, agent="a", domain="backend", reason="may not learn backend")
    assert (RecordChange("refuse", ""),) == changes(store, refuse)
    with store.reading() as reader:
        (row,) = reader.audit(limit=9)
        assert reader.tallies() == []
    assert ("refuse", "a", "may not learn backend") == (row.action, row.agent, row.detail)
    assert (NOON, "tester") == (row.at, row.by)


def test_a_vector_of_another_length_is_left_out(store):
    wrong = Entry(record=outcome(1), vector=vector(1, 2, 3, 4, 5), model="wide")
    changes(store, an_operation(type(insert()), entries=(wrong, entry(outcome(2), (1, 2, 3)))))
    with store.reading() as reader:
        assert {"": 1, "some-model": 1} == reader.models()


def test_an_operation_that_is_none_of_ours_is_refused(connection):
    with pytest.raises(TypeError), transaction(connection):
        fold(connection, [an_operation(Unheard)], now_ms=7, rules=NOTHING_DERIVED)


class Unheard(Refuse.__mro__[1]):
    """An operation that a store can't know."""

    name = "unheard"
