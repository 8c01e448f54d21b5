"""Results come as the arrays that they are, however many portions DuckDB gives, and errors as errors."""

import _duckdb
import numpy as np
import pytest

from alma_cli.store.database.arrays import columns, given, given_list


@pytest.fixture
def connection():
    with _duckdb.connect(":memory:") as connection:
        yield connection


def test_each_column_has_its_type(connection):
    found = columns(
        connection,
        "SELECT i::UBIGINT, -i::BIGINT, i::FLOAT / 2, (i % 2)::UTINYINT FROM range(5) AS t (i)",
        {"u": "u8", "i": "i8", "f": "f4", "b": "u1"},
    )
    assert {"u": [0, 1, 2, 3, 4], "i": [0, -1, -2, -3, -4], "f": [0, 0.5, 1, 1.5, 2], "b": [0, 1, 0, 1, 0]} == {
        name: column.tolist() for name, column in found.items()
    }
    assert ["u8", "i8", "f4", "u1"] == [column.dtype.str[1:] for column in found.values()]


def test_arrays_of_a_fixed_size_become_rows(connection):
    found = columns(connection, "SELECT [i, i + 1, -i]::FLOAT[3] FROM range(4) AS t (i)", {"v": "f4"})
    assert [[0, 1, 0], [1, 2, -1], [2, 3, -2], [3, 4, -3]] == found["v"].tolist()


@pytest.mark.parametrize("filtered", ["", "WHERE i % 3 = 1"])
def test_any_number_of_portions_is_one_array(connection, filtered):
    count = 2_500_000  # DuckDB gives a million rows at a time, at most
    found = columns(
        connection, f"SELECT i, [i, -i]::FLOAT[2] FROM range({count}) AS t (i) {filtered}", {"i": "i8", "v": "f4"}
    )
    expected = np.arange(count)[1::3] if filtered else np.arange(count)
    assert np.array_equal(expected, np.sort(found["i"]))
    assert np.array_equal(np.stack([found["i"], -found["i"]], 1).astype("f4"), found["v"])


def test_no_row_is_an_array_without_elements(connection):
    assert 0 == len(columns(connection, "SELECT 1::BIGINT WHERE false", {"one": "i8"})["one"])


@pytest.mark.parametrize("text", ["it's", 'a "b"', "\\", "", "日本", "a,b]"])
def test_values_come_as_they_are(connection, text):
    sql = (
        f"SELECT ({given('text')} = getvariable('same'))::UTINYINT, "
        f"list_contains({given_list('texts')}, {given('text')})::UTINYINT, len({given_list('numbers', 'BIGINT')})"
    )
    connection.execute("SET VARIABLE same = ?", [text])
    types = {"same": "u1", "among": "u1", "count": "i8"}
    found = columns(connection, sql, types, {"text": text, "texts": ["x", text], "numbers": [4, 2]})
    assert {"same": [1], "among": [1], "count": [2]} == {name: column.tolist() for name, column in found.items()}


@pytest.mark.parametrize("first_bad", [0, 2_000_000])
def test_what_fails_while_it_is_read_is_raised(connection, first_bad):
    sql = f"SELECT CASE WHEN i >= {first_bad} THEN error('no more') ELSE i END::BIGINT FROM range(2500000) AS t (i)"
    with pytest.raises(_duckdb.Error, match=r"no more|Interrupted"):  # now and then, that another thread was stopped
        columns(connection, sql, {"i": "i8"})
    assert [(1,)] == connection.execute("SELECT 1").fetchall()
