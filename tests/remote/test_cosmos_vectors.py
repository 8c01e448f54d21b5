"""How vectors get into a request: as text that is made for a whole batch, and that means the very same numbers."""

import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.records import JsonValue
from alma_cli.remote.cosmos.vectors import marked, unmark


def sent(documents):
    """The documents in the body of a request, as the service gets them."""
    request = SimpleNamespace(data=json.dumps(marked(documents)), headers={})
    unmark(request)
    assert request.headers.get("Content-Length", str(len(request.data))) == str(len(request.data))
    return json.loads(request.data)


def nine_digits(number: float) -> float:
    return float(f"{number:.9g}")


VECTORS = st.lists(st.floats(-1, 1, width=32).map(nine_digits), min_size=3, max_size=3)


@given(st.lists(VECTORS | st.none(), max_size=5))
def test_every_number_arrives_as_it_was_given(vectors):
    documents: list[dict[str, JsonValue]] = [
        {"id": str(number)} if vector is None else {"id": str(number), "embedding": vector}
        for number, vector in enumerate(vectors)
    ]
    assert documents == sent(documents)


@pytest.mark.parametrize(
    "numbers",
    [[0.0, -0.0, 0.5], [0.999999999, -0.1, 0.100000001], [1e-9, 0.0123456789, -1.17549435e-38], [1.0, 2, -3], [1 / 3]],
)
def test_ends_of_the_range_and_what_has_more_digits_arrive_too(numbers):
    documents = [{"embedding": numbers}, {"embedding": numbers[::-1]}]
    assert repr(documents) == repr(sent(documents))


def test_vectors_of_several_lengths_arrive():
    documents = [{"embedding": [0.5]}, {"embedding": [0.25, 0.75]}, {"embedding": []}]
    assert documents == sent(documents)


def test_a_vector_takes_about_as_much_room_as_by_the_json_of_python():
    vector = [nine_digits((17 * number % 1009 - 500) / 1009) for number in range(1, 385)]
    request = SimpleNamespace(data=json.dumps(marked([{"embedding": vector}])).encode(), headers={})
    unmark(request)
    assert len(request.data) <= 1.02 * len(json.dumps([{"embedding": vector}], separators=(",", ":")))


@pytest.mark.parametrize("text", ['"[0.5]"', "[0.5]", '\\"', ""])
def test_what_a_text_says_stays_as_it_is(text):
    documents = [{"fact": text, "embedding": [0.5]}]
    assert documents == sent(documents)
