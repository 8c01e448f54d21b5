"""Vectors reach the database and come back to the last bit; results come as the arrays that they are, errors as errors."""

from array import array

import _duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.store.database.values import columns, given_list, insert_with_vectors, seq_in, text_in, vector_text
from alma_cli.store.database.values import given as given_value

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
    return columns(connection, chosen, {"embedding": "f4"})["embedding"].tolist()


@given(st.lists(st.lists(NUMBERS, min_size=DIMENSION, max_size=DIMENSION) | st.none(), max_size=40))
def test_vectors_come_back_each_in_its_row_to_the_last_bit_however_many_there_are(connection, numbers):
    vectors = [None if one is None else array("f", one) for one in numbers]
    assert stored(connection, vectors) == [None if one is None else tuple(one) for one in vectors]
    assert [array("f", one) for one in fetched(connection)] == [one for one in vectors if one is not None]


@given(st.lists(NUMBERS, min_size=DIMENSION, max_size=DIMENSION))
def test_a_vector_to_compare_with_is_the_one_that_was_given(connection, numbers):
    [[read]] = connection.execute(
        f"SELECT ?::VARCHAR::FLOAT[{DIMENSION}]", [vector_text(array("f", numbers))]
    ).fetchall()
    assert list(read) == list(array("f", numbers))


@pytest.fixture
def database():
    with _duckdb.connect(":memory:") as connection:
        yield connection


def test_each_column_has_its_type(database):
    found = columns(
        database,
        "SELECT i::UBIGINT, -i::BIGINT, i::FLOAT / 2, i % 2 = 1 FROM range(5) AS t (i)",
        {"u": "u8", "i": "i8", "f": "f4", "b": "?"},
    )
    assert {
        "u": [0, 1, 2, 3, 4],
        "i": [0, -1, -2, -3, -4],
        "f": [0, 0.5, 1, 1.5, 2],
        "b": [False, True, False, True, False],
    } == {name: column.tolist() for name, column in found.items()}
    assert ["u8", "i8", "f4", "b1"] == [column.dtype.str[1:] for column in found.values()]


def test_arrays_of_a_fixed_size_become_rows(database):
    found = columns(database, "SELECT [i, i + 1, -i]::FLOAT[3] FROM range(4) AS t (i)", {"v": "f4"})
    assert [[0, 1, 0], [1, 2, -1], [2, 3, -2], [3, 4, -3]] == found["v"].tolist()


@pytest.mark.slow
@pytest.mark.parametrize("filtered", ["", "WHERE i % 3 = 1"])
def test_any_number_of_portions_is_one_array(database, filtered):
    count = 2_500_000  # DuckDB gives a million rows at a time, at most
    found = columns(
        database, f"SELECT i, [i, -i]::FLOAT[2] FROM range({count}) AS t (i) {filtered}", {"i": "i8", "v": "f4"}
    )
    expected = np.arange(count)[1::3] if filtered else np.arange(count)
    assert np.array_equal(expected, np.sort(found["i"]))
    assert np.array_equal(np.stack([found["i"], -found["i"]], 1).astype("f4"), found["v"])


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT 7::INTEGER", "i8"),
        ("SELECT true", "u1"),
        ("SELECT CASE WHEN i > 1 THEN i END FROM range(4) AS t (i)", "i8"),
        ("SELECT v FROM (VALUES ([1]::FLOAT[1]), (NULL), ([2]::FLOAT[1])) AS t (v)", "f4"),
        ("SELECT [1, 2]::FLOAT[2]", "f8"),
    ],
)
def test_another_type_or_a_null_is_an_error_and_never_a_number(database, sql, kind):
    with pytest.raises(TypeError):
        columns(database, sql, {"one": kind})


def test_no_row_is_an_array_without_elements(database):
    assert 0 == len(columns(database, "SELECT 1::BIGINT WHERE false", {"one": "i8"})["one"])


@pytest.mark.parametrize("text", ["it's", 'a "b"', "\\", "", "日本", "a,b]"])
def test_values_come_as_they_are(database, text):
    sql = (
        f"SELECT ({given_value('text')} = getvariable('same'))::UTINYINT, "
        f"list_contains({given_list('texts')}, {given_value('text')})::UTINYINT, len({given_list('numbers', 'BIGINT')})"
    )
    database.execute("SET VARIABLE same = ?", [text])
    types = {"same": "u1", "among": "u1", "count": "i8"}
    found = columns(database, sql, types, {"text": text, "texts": ["x", text], "numbers": [4, 2]})
    assert {"same": [1], "among": [1], "count": [2]} == {name: column.tolist() for name, column in found.items()}


@pytest.mark.parametrize("first_bad", [0, 2_000_000])
def test_what_fails_while_it_is_read_is_raised(database, first_bad):
    sql = f"SELECT CASE WHEN i >= {first_bad} THEN error('no more') ELSE i END::BIGINT FROM range(2500000) AS t (i)"
    with pytest.raises(_duckdb.Error, match=r"no more|Interrupted"):  # now and then, that another thread was stopped
        columns(database, sql, {"i": "i8"})
    assert [(1,)] == database.execute("SELECT 1").fetchall()


@pytest.mark.parametrize("wanted", [[], [3], [7, 3, 999], list(range(0, 1000, 7)), list(range(1, 1000))])
def test_rows_are_found_by_few_numbers_and_by_many(wanted):
    with _duckdb.connect(":memory:") as connection:
        connection.execute("CREATE TABLE memories AS SELECT range AS seq FROM range(1000)")
        rows = connection.execute(f"SELECT seq FROM memories WHERE {seq_in(wanted)} ORDER BY seq").fetchall()
    assert sorted(wanted) == [seq for (seq,) in rows]


@pytest.mark.parametrize(
    "wanted", [[], ["3"], ["7", "it's", "ü"], ["7", "a\0b"], [str(number) for number in range(0, 1000, 7)]]
)
def test_rows_are_found_by_few_texts_and_by_many(wanted):
    with _duckdb.connect(":memory:") as connection:
        numbers = "SELECT range::VARCHAR AS id FROM range(1000)"
        connection.execute(f"CREATE TABLE t AS {numbers} UNION SELECT 'it''s' UNION SELECT 'ü'")
        rows = connection.execute(f"SELECT id FROM t WHERE {text_in('id', wanted)}").fetchall()
    assert sorted(set(wanted) - {"a\0b"}) == sorted(id for (id,) in rows)
