"""Keys are chosen once, when an outcome is folded in, and forgotten with the last outcome that had them."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alma_cli.core.learning.keys import new_key
from alma_cli.store import Entry, Insert, open_store
from tests.store.learned import (
    DIMENSION,
    LEARNING,
    MODEL,
    an_id,
    derived_in,
    few,
    folded,
    forget,
    insert,
    operation,
    outcome,
    records_in,
    revise,
    rule,
    undone,
    unkeyed,
    vector,
)

SECRET = "Zanzibar"
NORTH, NEARLY_NORTH, EAST = vector(1, 0, 0), vector(0.98, 0.199, 0), vector(0, 1, 0)


def store_in(folder):
    return open_store(folder, dimension=DIMENSION, wait_s=20, rules=LEARNING)


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    with store_in(tmp_path_factory.mktemp("keys")).file.opened(read_only=False) as connection:
        yield connection


@pytest.fixture
def changing(connection):
    """A connection whose every change is undone after the test."""
    with undone(connection):
        yield connection


def entry(record, task_vector=None, strategy_vector=None, model=MODEL):
    return Entry(record=record, vector=task_vector, strategy_vector=strategy_vector, model=model)


def insert_entries(*entries):
    return operation(Insert, entries=entries)


def keys_in(connection):
    """Each outcome's keys, by its number."""
    outcomes = records_in(connection, "kind = 'outcome'").values()
    return {int(record.id, 16): (record.task_key, record.strategy_key) for record in outcomes}


def texts_in(connection):
    """The texts that stand for keys."""
    return connection.execute("SELECT role, text FROM keys ORDER BY ALL").fetchall()


def places_of(connection, word):
    """The tables and columns in which a word stands, in any case."""
    columns = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'store' AND NOT internal "
        "AND table_name IN (SELECT table_name FROM duckdb_tables() WHERE database_name = 'store') AND data_type NOT LIKE 'FLOAT%'"
    ).fetchall()
    assert {"memories", "keys", "history", "audit", "tombstones"} <= {table for table, _ in columns}
    found = []
    for table, column in columns:
        sql = f"SELECT count(*) FROM {table} WHERE contains(lower({column}::VARCHAR), ?)"
        if connection.execute(sql, [word.lower()]).fetchone() != (0,):
            found.append((table, column))
    return found


# Choosing


def test_texts_of_one_form_share_their_keys_without_a_vector(changing):
    folded(
        changing,
        [insert(unkeyed(1, "Test the login form", "Tried blanks"), unkeyed(2, "test  login form!", "try blank"))],
    )
    folded(changing, [insert(unkeyed(3, "Testing login forms", "tried the blanks"))])
    assert {(new_key("Test login form"), new_key("try blanks"))} == set(keys_in(changing).values())
    assert 2 == len(texts_in(changing))


def test_other_words_for_the_same_need_a_vector(changing):
    folded(changing, [insert(unkeyed(1, "Disable the cache"), unkeyed(2, "Turn the cache off"))])
    assert 2 == len(set(keys_in(changing).values()))


@pytest.mark.parametrize("batches", [1, 2])
def test_near_texts_that_mean_the_same_share_a_key(changing, batches):
    near = [
        entry(unkeyed(1, "Disable the cache", "Waited for the button"), NORTH, EAST),
        entry(unkeyed(2, "Turn the cache off", "Wait for the button, please"), NEARLY_NORTH, EAST),
    ]
    folded(changing, *([[insert_entries(*near)]] if batches == 1 else [[insert_entries(one)] for one in near]))
    assert {(new_key("Disable the cache"), new_key("Waited for the button"))} == set(keys_in(changing).values())


@pytest.mark.parametrize(
    "other",
    [
        entry(unkeyed(2, "Turn the cache off", agent="b"), NORTH),
        entry(unkeyed(2, "Turn the cache off", domain="ui"), NORTH),
        entry(unkeyed(2, "Turn the cache off"), EAST),
        entry(unkeyed(2, "Turn the cache off"), NORTH, model="another-model"),
        entry(unkeyed(2, "Turn the cache off"), vector(1, 0, 0, 0)),
        entry(unkeyed(2, "Enable the cache"), NORTH),
        entry(unkeyed(2, "Say hello", "Turn the cache off"), EAST, NORTH),
    ],
    ids=["agent", "domain", "meaning", "model", "dimension", "opposite", "role"],
)
@pytest.mark.parametrize("batches", [1, 2])
def test_nothing_is_joined_across(changing, other, batches):
    both = [entry(unkeyed(1, "Disable the cache"), NORTH), other]
    folded(changing, *([[insert_entries(*both)]] if batches == 1 else [[insert_entries(one)] for one in both]))
    one, two = keys_in(changing).values()
    assert one[0] not in two


CHAIN = ("Disable the cache in staging", "Switch the staging cache off", "Turn the cache of staging off")


@pytest.mark.parametrize("batches", [1, 3])
def test_a_text_is_compared_with_each_wording_that_is_kept_for_a_key(changing, batches):
    """The third is near to the second only, which was not the first to have the key."""
    vectors = vector(1, 0, 0), vector(0.7, 0.714, 0), vector(0, 1, 0)
    near = [entry(unkeyed(n, text, "s"), at) for n, (text, at) in enumerate(zip(CHAIN, vectors, strict=True), 1)]
    folded(changing, *([[insert_entries(*near)]] if batches == 1 else [[insert_entries(one)] for one in near]))
    assert {new_key(CHAIN[0])} == {task for task, _ in keys_in(changing).values()}


def test_the_next_wording_stands_for_a_key_when_the_first_is_forgotten(changing):
    near = [entry(unkeyed(1, "Disable the cache"), NORTH), entry(unkeyed(2, "Turn the cache off"), NEARLY_NORTH)]
    folded(changing, [insert_entries(*near)], [forget(1)])
    rows = changing.execute("SELECT text, is_first, embedding[2] > 0 FROM keys").fetchall()
    assert [("Turn the cache off", True, True)] == rows
    assert (new_key("Disable the cache"), "") == keys_in(changing)[2]


def test_given_keys_win_and_are_found_again(changing):
    given = outcome(1, task="Disable the cache", task_key="cache", strategy_key="mine")
    folded(changing, [insert_entries(entry(given, NORTH, EAST))])
    later = entry(unkeyed(2, "Turn the cache off", "try blanks quickly"), NEARLY_NORTH, EAST)
    folded(changing, [insert_entries(later)], [insert(outcome(3, task="Disable the cache", task_key="other"))])
    assert ["cache", "cache", "other"] == [task for task, _ in keys_in(changing).values()]
    assert "mine" == keys_in(changing)[1][1]


def test_one_given_key_leaves_the_other_to_be_chosen(changing):
    folded(
        changing, [insert(outcome(1, task_key="", strategy_key="mine"), outcome(2, task_key="mine", strategy_key=""))]
    )
    assert {1: (new_key("Test login"), "mine"), 2: ("mine", new_key("try blanks"))} == keys_in(changing)


@pytest.mark.parametrize("strategy", ["", " \n"])
def test_an_outcome_without_a_strategy_has_no_key_for_it(changing, strategy):
    folded(changing, [insert(unkeyed(1, "Test login", strategy))])
    assert (new_key("Test login"), "") == keys_in(changing)[1]
    assert {} == derived_in(changing)


def test_only_outcomes_get_keys(changing):
    folded(changing, [insert(rule(11, task_key="", strategy_key=""), outcome(1))])
    assert ("", "") == (records_in(changing)[an_id(11)].task_key, records_in(changing)[an_id(11)].strategy_key)


def test_what_is_skipped_stands_for_no_key(changing):
    folded(changing, [insert(unkeyed(1, "Test login"), unkeyed(1, "Bake a cake"))])
    folded(changing, [insert(unkeyed(1, "Fly a kite"))])
    assert [("task", "Test login")] == texts_in(changing)


TASKS = {"Disable the cache": NORTH, "Turn the cache off": NEARLY_NORTH, "Enable the cache": NORTH, "Bake": EAST}
reports = st.lists(
    st.tuples(st.sampled_from(sorted(TASKS)), st.sampled_from("ab"), st.sampled_from([True, False])), max_size=5
)


@pytest.mark.slow
@settings(few, max_examples=12)
@given(reports, st.data())
def test_a_batch_and_one_by_one_give_the_same_keys(connection, reports, data):
    entries = [
        entry(unkeyed(n, task, "try blanks", agent=agent), TASKS[task] if has_vector else None, EAST)
        for n, (task, agent, has_vector) in enumerate(reports, 1)
    ]
    cuts = sorted(data.draw(st.sets(st.integers(0, len(entries)))) | {0, len(entries)})
    parts = [insert_entries(*entries[a:b]) for a, b in pairwise(cuts)]
    found = []
    for batches in ([[insert_entries(one)] for one in entries], [parts], [[insert_entries(*entries)]]):
        with undone(connection):
            folded(connection, *batches)
            found.append((keys_in(connection), texts_in(connection), derived_in(connection)))
    assert found[0] == found[1] == found[2]


def test_two_stores_choose_the_same_keys_for_the_same_wording(tmp_path):
    chosen = []
    for name, first in (("one", "Test the login form"), ("two", "Bake a cake")):
        (tmp_path / name).mkdir()
        store = store_in(tmp_path / name)
        store.submit([insert(unkeyed(1, first, "s")), insert(unkeyed(2, "Check 3 forms", "Tried blanks"))])
        with store.file.opened(read_only=False) as connection:
            chosen.append((keys_in(connection)[2], sorted(derived_in(connection))[-1:]))
    assert chosen[0][0] == chosen[1][0]


# Forgetting


def test_a_forgotten_text_stands_nowhere_any_more(changing):
    told = {"task": f"Book {SECRET}", "strategy": f"ask {SECRET}", "error": f"{SECRET} is full", "feedback": SECRET}
    mine = [outcome(n, outcome="failure", labels={"to": SECRET}, **told) for n in (1, 2, 3)]
    alone = unkeyed(4, f"Fly to {SECRET}", f"by way of {SECRET}", agent="b")
    folded(changing, [insert(*mine, alone)], [revise(outcome(1, outcome="failure", task=f"Book to {SECRET}"))])
    everywhere = places_of(changing, SECRET)
    assert {("memories", "pattern"), ("memories", "why_bad"), ("keys", "text"), ("history", "content")} <= set(
        everywhere
    )
    folded(changing, [forget(1, 2, 3, 4)])
    assert [] == places_of(changing, SECRET)
    assert [] == texts_in(changing)


def test_what_remains_of_a_group_takes_the_place_of_a_forgotten_text(changing):
    secret = outcome(1, task=f"Book {SECRET}", strategy=f"ask {SECRET}", error=SECRET, outcome="failure")
    rest = [outcome(n, outcome="failure") for n in (2, 3)]
    folded(changing, [insert_entries(entry(secret, NORTH, NORTH), *(entry(one, EAST, EAST) for one in rest))])
    assert [] != places_of(changing, SECRET)
    folded(changing, [forget(1)])
    assert [] == places_of(changing, SECRET)
    assert [("strategy", "try blanks"), ("task", "Test login")] == texts_in(changing)
    assert [2] == [memory.occurrences for memory in derived_in(changing).values()]


def test_no_vector_of_a_forgotten_text_is_left(changing):
    secret = outcome(1, task=f"Book {SECRET}")
    folded(changing, [insert_entries(entry(secret, NORTH, EAST), *(entry(outcome(n), EAST, EAST) for n in (2, 3)))])
    folded(changing, [forget(1)])
    vectors = "SELECT embedding FROM memories UNION ALL SELECT embedding FROM keys"
    left = {row[0] for row in changing.execute(vectors).fetchall()}
    assert left <= {None, (0.0, 1.0, 0.0)}
    by_model = changing.execute("SELECT origin, embedding_model FROM memories ORDER BY origin").fetchall()
    assert ("derived", MODEL) == by_model[0]


def test_forgetting_leaves_the_keys_of_others_alone(changing):
    folded(changing, [insert(outcome(1), outcome(2, agent="b"), outcome(3, domain="ui"))], [forget(1)])
    assert 4 == len(texts_in(changing))


def test_what_was_forgotten_gives_no_key_later(changing):
    folded(changing, [insert_entries(entry(unkeyed(1, "Disable the cache"), NORTH))], [forget(1)])
    folded(changing, [insert_entries(entry(unkeyed(2, "Turn the cache off"), NORTH))])
    assert {2: (new_key("Turn the cache off"), "")} == keys_in(changing)
