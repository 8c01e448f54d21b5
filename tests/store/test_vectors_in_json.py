"""A vector in JSON is read back to the last bit, whatever its numbers are, and takes no more room than they need."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.store.replication.vectors_in_json import in_json

NUMBERS = (
    st.floats(-1, 1, width=32) | st.floats(-(2.0**127), 2.0**127, width=32) | st.sampled_from([0.0, -0.0, 1.0, 1e-45])
)


def read_back(texts):
    return np.array([json.loads(text) for text in texts], "f4")


@given(st.lists(st.lists(NUMBERS, min_size=3, max_size=3), max_size=20))
def test_numbers_of_any_size_are_read_back_to_the_last_bit_each_in_its_row(rows):
    vectors = np.array(rows, "f4").reshape(len(rows), 3)
    assert read_back(in_json(vectors)).tobytes() == vectors.tobytes()


@given(st.integers(0, 2**23), st.integers(-30, 0))
def test_the_next_to_any_number_is_told_from_it(bits, exponent):
    number = np.float32(2.0**exponent * (1 - bits / 2**24))
    vectors = np.array([[np.nextafter(number, np.float32(0)), number, np.nextafter(number, np.float32(2))]], "f4")
    assert read_back(in_json(vectors)).tobytes() == vectors.tobytes()


def test_each_power_of_ten_and_its_neighbours_are_read_back():
    powers = np.array([10.0**-power for power in range(12)], "f4")
    vectors = np.array(
        [powers, np.nextafter(powers, np.float32(0)), np.nextafter(powers, np.float32(1)), -powers], "f4"
    )
    assert read_back(in_json(vectors)).tobytes() == vectors.tobytes()


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([0.5, -0.1, 0.012], "[0.500000000,-0.100000001,0.0120000001]"),
        ([0.0, -0.0, 1e-8], "[0.000000000,-0.000000000,0.00000000999999994]"),
        ([1.0, -2.5, 0.1], "[1.0, -2.5, 0.100000001]"),
    ],
)
def test_numbers_have_nine_digits_at_most(numbers, text):
    assert [text] == in_json(np.array([numbers], "f4"))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_vector_with_what_is_no_number_in_json_is_one_of_zeros(number):
    vectors = np.array([[0.5, 0.5], [0.5, number], [number, number]], "f4")
    assert [[0.5, 0.5], [0.0, 0.0], [0.0, 0.0]] == [
        json.loads(text, parse_constant=pytest.fail) for text in in_json(vectors)
    ]


def test_an_ordinary_vector_takes_hardly_more_room_than_by_the_json_of_python():
    numbers = [(17 * number % 1009 - 500) / 1009 for number in range(1, 385)]
    [text] = in_json(np.array([numbers], "f4"))
    assert len(text) <= 1.02 * len(json.dumps([float(f"{number:.9g}") for number in numbers], separators=(",", ":")))
