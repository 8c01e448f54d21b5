"""Texts find their nearest neighbours, and none of another place, model or later number."""

from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alma_cli.store.database.engine import transaction
from alma_cli.store.database.values import insert_rows
from alma_cli.store.writing import nearest_keys
from alma_cli.store.writing.nearest_keys import NewText, Place, nearest
from tests.store.samples import store_in

PLACES = [Place("a", "x", "task"), Place("a", "x", "strategy"), Place("b", "x", "task")]
TYPES = {
    **dict.fromkeys(("agent", "domain", "role", "key", "text", "embedding_model"), "VARCHAR"),
    "is_first": "BOOLEAN",
    "embedding": "FLOAT[3]",
}


class Undone(Exception):  # noqa: N818
    """What was stored is rolled back."""


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    with store_in(tmp_path_factory.mktemp("neighbours")).file.opened(read_only=False) as connection:
        yield connection


numbers = st.integers(-9, 9).map(float)
vectors = st.tuples(numbers, numbers, numbers).filter(any)
texts = st.lists(st.tuples(st.sampled_from(PLACES), vectors, st.sampled_from(["m", "n"])), max_size=20)


def found(connection, stored, new):
    rows = [
        {**place._asdict(), "key": f"k{at}", "text": f"old {at}", "is_first": True, "embedding": list(vector)}
        | {"embedding_model": model}
        for at, (place, vector, model) in enumerate(stored)
    ]
    asked = [
        NewText(at, place, f"new {at}", array("f", vector), model) for at, (place, vector, model) in enumerate(new)
    ]
    try:
        with transaction(connection):
            insert_rows(connection, "keys", TYPES, rows)
            answer = nearest(connection, asked)
            raise Undone
    except Undone:
        return answer


def cosine(a, b):
    return float(np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b))


@settings(max_examples=30)
@given(texts, texts)
def test_the_nearest_that_count_are_found(connection, stored, new):
    answer = found(connection, stored, new)
    for number, (place, vector, model) in enumerate(new):
        expected = sorted(
            (
                cosine(vector, other)
                for before in (stored, new[:number])
                for there, other, by in before
                if (there, by) == (place, model)
            ),
            reverse=True,
        )
        expected = [one for one in expected if one > nearest_keys.LEAST_COSINE + 1e-5][: nearest_keys._NEAREST]
        near = [one.cosine for one in answer.to(number)]
        assert sorted(near, reverse=True) == near
        assert expected == pytest.approx(near[: len(expected)], abs=1e-5)
        assert len(near) <= nearest_keys._NEAREST
        assert all(one >= nearest_keys.LEAST_COSINE for one in near)
        for one in answer.to(number):
            assert one.key is None or (place, one.key) in answer.keys
            at = (stored if one.key else new)[int(one.text.split()[1])]
            assert (place, model) == (at[0], at[2])
            assert one.cosine == pytest.approx(cosine(vector, at[1]), abs=1e-5)
            assert one.key == (f"k{one.text.split()[1]}" if one.text.startswith("old") else None)
            assert one.number < number


def test_of_many_the_nearest_are_found(connection):
    drawn = np.random.default_rng(1).integers(-9, 10, (600, 3)).astype("f4") + 0.5
    stored, new = ([(PLACES[0], vector.tolist(), "m") for vector in part] for part in (drawn[:500], drawn[500:]))
    answer = found(connection, stored, new)
    units = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    for number in range(len(new)):
        exact = np.sort(units[: 500 + number] @ units[500 + number])[::-1][: nearest_keys._NEAREST]
        assert [one.cosine for one in answer.to(number)] == pytest.approx(exact.tolist(), abs=1e-5)


def test_nothing_is_asked_and_nothing_found(connection):
    assert [] == [*nearest(connection, []).to(0)]
