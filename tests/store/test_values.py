"""Vectors reach the database and come back to the last bit, whichever way is taken."""

import json
from array import array

import _duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.store.database.arrays import columns, fewest_digits
from alma_cli.store.database.values import insert_with_vectors

DIMENSION = 3
NUMBERS = st.floats(-2, 2, width=32) | st.sampled_from([0.0, -0.0, 1e-45, 0.1, 1 / 3, 2.0**-20])


@pytest.fixture(scope="module")
def connection():
    with _duckdb.connect(":memory:") as connection:
        connection.execute(f"CREATE TABLE kept (id INTEGER, embedding FLOAT[{DIMENSION}])")
        yield connection


def stored(connection, vectors):
    connection.execute("DELETE FROM kept")
    rows = [{"id": number} for number in range(len(vectors))]
    insert_with_vectors(connection, "kept", {"id": "INTEGER"}, rows, vectors)
    return [row[0] for row in connection.execute("SELECT embedding FROM kept ORDER BY id").fetchall()]


def fetched(connection):
    chosen = "SELECT embedding FROM kept WHERE embedding IS NOT NULL ORDER BY id"
    return fewest_digits(columns(connection, chosen, {"embedding": "f4"})["embedding"]).tolist()


@given(st.lists(st.lists(NUMBERS, min_size=DIMENSION, max_size=DIMENSION) | st.none(), min_size=32, max_size=40))
def test_many_vectors_come_back_each_in_its_row_to_the_last_bit(connection, numbers):
    numbers = [*numbers, *[[0.5] * DIMENSION] * 32]
    vectors = [None if one is None else array("f", one) for one in numbers]
    assert stored(connection, vectors) == [None if one is None else tuple(one) for one in vectors]
    assert [array("f", one) for one in fetched(connection)] == [one for one in vectors if one is not None]


def test_a_few_go_as_text(connection):
    assert stored(connection, [None, array("f", [0.5, -0.25, 0.0])]) == [None, (0.5, -0.25, 0.0)]
    assert stored(connection, [None, None]) == [None, None]


def test_a_fetched_number_has_no_more_digits_than_single_precision_has(connection):
    numbers = [(17 * number % 1009 - 500) / 1009 for number in range(DIMENSION * 2000)]
    stored(connection, [array("f", numbers[at : at + DIMENSION]) for at in range(0, len(numbers), DIMENSION)])
    rounded = [float(f"{number:.9g}") for number in array("f", numbers)]
    assert [number for vector in fetched(connection) for number in vector] == rounded
    assert max(len(json.dumps(number)) for number in rounded) <= len("-0.000123456789")
