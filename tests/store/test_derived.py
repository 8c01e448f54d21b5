"""However outcomes come, go and change, what is derived is what the present ones teach."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alma_cli.core.keys import key_of
from alma_cli.core.learning.derive import Approach, Task, derived_id
from alma_cli.core.records import AntiPattern, Credit
from alma_cli.store import ProjectRules, open_store
from alma_cli.store.writing.derived import Touched, _due, derive_all
from tests.store.learned import (
    DIMENSION,
    LEARNING,
    NOON,
    RULES,
    an_id,
    archive,
    bare,
    batched,
    derived_in,
    few,
    few_rules,
    folded,
    forget,
    insert,
    many,
    outcome,
    records_in,
    revise,
    rule,
    stories,
    taught,
    undone,
)


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    store = open_store(tmp_path_factory.mktemp("derived"), dimension=DIMENSION, wait_s=20, rules=LEARNING)
    with store.file.opened(read_only=False) as connection:
        yield connection


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path, dimension=DIMENSION, wait_s=20, rules=LEARNING)


def everything(connection):
    """Every row of every table, without the counters of the replica."""
    tables = ("memories", "postings", "keys", "tombstones", "history", "audit")
    return {table: sorted(map(repr, connection.execute(f"SELECT * FROM {table}").fetchall())) for table in tables}


# The law


@pytest.mark.slow
@few
@given(stories(), st.data())
def test_any_story_in_any_batches_teaches_what_its_survivors_teach(connection, story, data):
    operations, surviving = story
    with undone(connection):
        folded(connection, *data.draw(batched(operations)))
        assert taught(surviving) == derived_in(connection)


@pytest.mark.slow
@few
@given(many, few_rules, st.data())
def test_the_order_and_the_split_into_operations_make_no_difference(connection, outcomes, rules, data):
    records = data.draw(st.permutations([*outcomes, *rules]))
    operations = [insert(*batch) for batch in data.draw(batched(records))]
    with undone(connection):
        folded(connection, *data.draw(batched(operations)))
        assert taught(records) == derived_in(connection)


@pytest.mark.slow
@settings(few, max_examples=8)
@given(stories())
def test_after_any_story_deriving_everything_again_finds_nothing_to_change(tmp_path_factory, story):
    store = open_store(tmp_path_factory.mktemp("all"), dimension=DIMENSION, wait_s=20, rules=LEARNING)
    operations, surviving = story
    store.submit(operations)
    with store.file.opened(read_only=False) as connection:
        audited = connection.execute("SELECT count(*) FROM audit").fetchall()
        assert derive_all(connection, LEARNING, now_ms=7) == 0
        assert audited == connection.execute("SELECT count(*) FROM audit").fetchall()
        assert taught(surviving) == derived_in(connection)
    assert () == store.submit(operations).derived


@pytest.mark.slow
@settings(few, max_examples=8)
@given(stories())
def test_files_of_the_journal_teach_what_one_submission_does(tmp_path_factory, story):
    operations, surviving = story
    store = open_store(tmp_path_factory.mktemp("files"), dimension=DIMENSION, wait_s=20, rules=LEARNING)
    half = len(operations) // 2
    for one in operations[:half]:
        store.journal.write(one)
    store.submit(operations[half:])
    with store.file.opened(read_only=False) as connection:
        assert taught(surviving) == derived_in(connection)


@pytest.mark.slow
@few
@given(stories())
def test_all_that_is_stored_of_a_derived_memory_agrees(connection, story):
    operations, surviving = story
    with undone(connection):
        folded(connection, operations)
        memories = taught(surviving).values()
        columns = ("id", "agent", "occurrences", "successes", "archived", "task_key", "strategy_key")
        for view, kind in (("heuristics", "heuristic"), ("anti_patterns", "anti_pattern")):
            rows = connection.execute(f"SELECT {', '.join(columns)} FROM {view} WHERE origin = 'derived' ORDER BY id")
            expected = [tuple(getattr(m, name) for name in columns) for m in memories if m.kind == kind]
            assert sorted(expected) == rows.fetchall()
        value = "CASE outcome WHEN 'success' THEN 1 WHEN 'partial' THEN 0.5 ELSE 0 END"
        counts = connection.execute(
            f"SELECT agent, task_key, strategy_key, count(*), sum({value})::DOUBLE FROM outcomes GROUP BY ALL"
        ).fetchall()
        of_tasks = [m for m in memories if m.task_key]
        assert {(m.agent, m.task_key, m.strategy_key, m.occurrences, m.successes) for m in of_tasks} <= set(counts)
        words = """
            SELECT n_terms, coalesce(sum(tf), 0) FROM memories LEFT JOIN postings USING (seq)
            WHERE origin = 'derived' GROUP BY seq, n_terms
        """
        assert all(n_terms == counted > 0 for n_terms, counted in connection.execute(words).fetchall())
        assert connection.execute("SELECT * FROM postings ANTI JOIN memories USING (seq)").fetchall() == []
        assert connection.execute("SELECT * FROM memories WHERE (origin = 'derived') <> (hlc = '')").fetchall() == []


# Changes


def test_what_became_of_a_derived_memory_is_told_and_audited(connection):
    id = derived_id("p", Task("b", "general", key_of("x")), key_of("p"))
    results = ["success", "success", "success", "failure", "failure", "failure"]
    days = [outcome(n, agent="b", outcome=result, at=NOON + timedelta(days=n)) for n, result in enumerate(results, 1)]
    with undone(connection):
        changes = [[item.change for item in folded(connection, [insert(one)])] for one in days]
        assert [[], ["created"], ["strengthened"], ["weakened"], ["weakened"], ["retired"]] == changes
        audit = connection.execute(
            "SELECT action, detail FROM audit WHERE id = ? AND done_by = 'alma' ORDER BY rowid", [id]
        )
        assert ["created", "strengthened", "weakened", "weakened", "retired"] == [row[0] for row in audit.fetchall()]


def test_one_batch_is_one_change(connection):
    with undone(connection):
        (item,) = folded(connection, [insert(*(outcome(n, agent="b") for n in range(1, 6)))])
        assert ("created", 5, None) == (item.change, item.memory.occurrences, item.before)


def test_a_stricter_rule_retires_what_has_too_few_outcomes(store):
    store.submit([insert(outcome(1), outcome(2))])
    strict = ProjectRules(project_id="p", rules_of=lambda agent: replace(RULES[agent], min_occurrences=3))
    with store.file.opened(read_only=False) as connection:
        assert (1, {}) == (derive_all(connection, strict, now_ms=7), derived_in(connection))
        assert 0 == derive_all(connection, strict, now_ms=7)
        assert 1 == derive_all(connection, LEARNING, now_ms=7)


def test_progress_is_told_in_tasks(store):
    store.submit([insert(outcome(1), outcome(2, when="y"), outcome(3, agent="b"))])
    told = []
    with store.file.opened(read_only=False) as connection:
        derive_all(connection, LEARNING, now_ms=7, on_progress=told.append)
    assert told == [3]


def test_words_that_move_between_condition_and_strategy_are_stored(connection):
    with undone(connection):
        folded(connection, [insert(outcome(1, when="a", do="b: c"))])
        folded(connection, [revise(outcome(1, when="a: b", do="c"))])
        (memory,) = derived_in(connection).values()
        assert ("a: b", "c") == (memory.condition, memory.strategy)


def test_an_outcome_that_changes_its_keys_leaves_its_old_group(connection):
    with undone(connection):
        folded(connection, [insert(outcome(1), outcome(2))])
        folded(connection, [revise(outcome(2, do="q"))])
        assert {"p": 1, "q": 1} == {m.strategy: m.occurrences for m in derived_in(connection).values()}


def test_a_known_bad_strategy_is_told_to_who_tries_it_again(store):
    store.submit([insert(*(outcome(n, outcome="failure") for n in (1, 2, 3)))])
    receipt = store.submit([insert(outcome(4, outcome="failure"), outcome(5, do="q"))])
    assert [(key_of("p"), 3)] == [(bad.strategy_key, bad.occurrences) for bad in receipt.known_bad]
    assert () == store.submit([insert(outcome(6, agent="b"))]).known_bad


# What need not be read


def due(connection, *touched):
    noted = Touched()
    for record in touched:
        noted.add(record)
    return _due(connection, noted, LEARNING)


def test_only_what_has_a_rule_or_enough_for_one_is_read(connection):
    x, p = Task("b", "general", key_of("x")), Approach("b", "general", key_of("p"))
    with undone(connection):
        folded(connection, [insert(outcome(1, agent="b"), outcome(2, agent="b", do="q"))])
        assert Touched() == due(connection, outcome(1, agent="b"))
        folded(connection, [insert(outcome(3, agent="b"))])
        assert Touched({x}) == due(connection, outcome(1, agent="b"), outcome(9, agent="b", when="y", do="r"))
        assert Touched() == due(connection, outcome(1, agent="a"), outcome(1, agent="b", domain="ui"))
        folded(connection, [forget(1)])
        assert (Touched(), {}) == (due(connection, outcome(3, agent="b")), derived_in(connection))
        folded(connection, [insert(rule(11, agent="b"))])
        assert Touched({x}) == due(connection, outcome(3, agent="b"))
        folded(connection, [insert(*(outcome(n, agent="b", when=when) for n, when in enumerate("yz", 4)))])
        assert Touched({x}, {p}) == due(connection, outcome(3, agent="b"))
        assert [""] == [memory.task_key for memory in derived_in(connection).values()]
        folded(connection, [forget(4)])
        assert Touched({x}) == due(connection, outcome(3, agent="b"))


def test_what_a_person_called_bad_is_told_where_nothing_was_derived(store):
    authored = AntiPattern(
        id=an_id(11), project_id="p", agent="b", domain="general", origin="authored", created_at=NOON, updated_at=NOON,
        pattern="don't", task_key=key_of("x"), strategy_key=key_of("p"),
    )  # fmt: skip
    store.submit([insert(authored)])
    receipt = store.submit([insert(outcome(1, agent="b"), outcome(2, agent="b", do="q"))])
    assert ((authored,), ()) == (receipt.known_bad, receipt.derived)


def test_a_store_whose_keys_told_fewer_words_apart_is_keyed_anew(store):
    apart = {"when": "दिन का काम", "do": "n+1"}, {"when": "दान का काम", "do": "n-1"}
    store.submit([insert(outcome(1, **apart[0]), outcome(2, **apart[1]), rule(11, **apart[0]))])
    with store.file.opened(read_only=False) as connection:
        connection.execute("ALTER TABLE memories DROP COLUMN earlier_words; UPDATE replica SET schema_version = 3")
        connection.execute("UPDATE memories SET task_key = 'one', strategy_key = 'one' WHERE kind = 'outcome'")
        connection.execute("UPDATE memories SET task_key = 'one', strategy_key = 'one' WHERE id = ?", [an_id(11)])
    with store.file.opened(read_only=False) as connection:
        found = records_in(connection)
        assert {2} == {
            *map(len, ({one.task_key for one in found.values()}, {one.strategy_key for one in found.values()}))
        }
        assert found[an_id(11)].task_key in {found[an_id(1)].task_key, found[an_id(2)].task_key}
        assert taught([one for one in found.values() if one.origin != "derived"]) == derived_in(connection)


# Authored in its place


def test_an_authored_memory_of_the_same_keys_hides_what_is_derived_until_it_is_forgotten(connection):
    with undone(connection):
        folded(connection, [insert(outcome(1), outcome(2, do="q"))])
        folded(connection, [insert(rule(11))])
        assert {"p": True, "q": False} == {m.strategy: m.archived for m in derived_in(connection).values()}
        folded(connection, [insert(outcome(3))])
        assert {"p": 2, "q": 1} == {m.strategy: m.occurrences for m in derived_in(connection).values()}
        folded(connection, [forget(11)])
        assert {"p": False, "q": False} == {m.strategy: m.archived for m in derived_in(connection).values()}


@pytest.mark.parametrize("other", [{"agent": "b"}, {"domain": "ui"}, {"when": "y"}, {"do": "q"}])
def test_an_authored_memory_of_other_keys_hides_nothing(connection, other):
    with undone(connection):
        folded(connection, [insert(outcome(1), rule(11, **other))])
        assert [False] == [memory.archived for memory in derived_in(connection).values()]


def test_archived_outcomes_stay_evidence(connection):
    with undone(connection):
        folded(connection, [insert(outcome(1), outcome(2))], [archive(1)], [insert(outcome(3))])
        assert [3] == [memory.occurrences for memory in derived_in(connection).values()]


# Credit


def credit(number, target, of):
    return Credit(
        id=an_id(number), project_id="p", agent="a", domain="general", origin="observed", created_at=NOON,
        updated_at=NOON, at=NOON, target=target, value=1, outcome_id=of,
    )  # fmt: skip


DERIVED_ID = derived_id("p", Task("a", "general", key_of("x")), key_of("p"))


@pytest.mark.parametrize("batches", [1, 2])
def test_an_outcome_gives_no_credit_to_its_own_group(connection, batches):
    records = [outcome(1), outcome(2), credit(21, DERIVED_ID, an_id(2)), credit(22, an_id(1), an_id(2))]
    with undone(connection):
        folded(connection, *([[insert(*records)]] if batches == 1 else [[insert(r)] for r in records]))
        assert {} == records_in(connection, "kind = 'credit'")
        actions = connection.execute("SELECT action FROM audit WHERE id >= ? AND id < ?", [an_id(21), an_id(23)])
        assert ["skip-own-group"] * 2 == [row[0] for row in actions.fetchall()]


def test_an_outcome_gives_credit_to_other_groups_and_to_what_has_no_group(connection):
    others = [
        outcome(1, do="q"),
        outcome(2, when="y"),
        outcome(3, agent="b"),
        bare(4, "Test something"),
        rule(11, when="", do=""),
    ]
    other_rule = derived_id("p", Task("a", "general", key_of("x")), key_of("q"))
    used = [credit(20 + n, target, an_id(9)) for n, target in enumerate([*(r.id for r in others), other_rule])]
    with undone(connection):
        folded(connection, [insert(*others)], [insert(outcome(9), *used)])
        assert 6 == len(records_in(connection, "kind = 'credit'"))


def test_feedback_counts_for_any_memory(connection):
    with undone(connection):
        folded(connection, [insert(outcome(1))], [insert(credit(21, DERIVED_ID, ""), credit(22, an_id(1), ""))])
        assert 2 == len(records_in(connection, "kind = 'credit'"))


def test_credit_moves_no_count_and_no_confidence(connection):
    with undone(connection):
        folded(connection, [insert(outcome(1), outcome(2, do="q"))])
        before = derived_in(connection)
        assert [] == folded(connection, [insert(*(credit(20 + n, DERIVED_ID, an_id(2)) for n in range(5)))])
        assert before == derived_in(connection)
        assert 5 == len(records_in(connection, "kind = 'credit'"))


def test_what_is_derived_is_never_inserted_or_revised(connection):
    foreign = replace(rule(31, when="z"), origin="derived")
    with undone(connection):
        folded(connection, [insert(foreign, outcome(1))])
        (memory,) = derived_in(connection).values()
        folded(connection, [insert(replace(memory, occurrences=99)), revise(replace(memory, occurrences=99))])
        assert {memory.id: memory} == derived_in(connection)
