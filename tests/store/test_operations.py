"""Operations outlive the process that asked for them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.store import GeneralWords, Reword
from alma_cli.store.inbox.operations import MalformedError, NewerFormatError, decode, encode
from tests.store.samples import an_operation, insert, operations, outcome


@given(operations())
def test_what_is_decoded_is_what_was_encoded(operation):
    assert operation == decode(encode(operation))


@given(operations(), st.data())
def test_a_truncated_operation_is_malformed(operation, data):
    content = encode(operation)
    length = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(MalformedError):
        decode(content[:length])


json_garbage = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["format", "op", "entries"]), inner),
    max_leaves=5,
).map(lambda value: json.dumps(value).encode())


@given(st.binary(max_size=40) | json_garbage)
def test_garbage_is_malformed_or_from_the_future_and_nothing_else(content):
    with pytest.raises((MalformedError, NewerFormatError)):
        decode(content)


@given(operations(), st.data())
def test_a_changed_operation_is_decoded_or_refused_and_nothing_else(operation, data):
    shown = json.loads(encode(operation))
    key = data.draw(st.sampled_from(sorted(shown)))
    shown[key] = data.draw(st.none() | st.integers() | st.text(max_size=3) | st.just([{}]) | st.just({"record": {}}))
    try:
        decode(json.dumps(shown).encode())
    except (MalformedError, NewerFormatError):
        pass


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[]", b"{}", b'{"format": 1}', b'{"format": 0}', b'{"format": "9"}', b"[" * 100_000, b"\xff\xfe"],
)
def test_what_is_no_operation_is_malformed(content):
    with pytest.raises(MalformedError):
        decode(content)


def test_an_operation_in_a_newer_format_is_told_from_garbage():
    with pytest.raises(NewerFormatError):
        decode(b'{"format": 2, "op": "unheard of"}')


def test_a_vector_that_is_cut_short_is_malformed():
    shown = json.loads(encode(insert(outcome())))
    shown["entries"][0] |= {"vector": "AAA=", "model": "m"}
    with pytest.raises(MalformedError):
        decode(json.dumps(shown).encode())


def test_general_words_of_a_version_that_moved_nothing_to_another_domain_are_read():
    operation = an_operation(Reword, agent="a", words=(GeneralWords(id="b" * 32, when="x", do="p", domain="ui"),))
    assert operation == decode(encode(operation))
    shown = json.loads(encode(operation))
    del shown["words"][0]["domain"]
    assert ["", "x"] == [getattr(decode(json.dumps(shown).encode()).words[0], name) for name in ("domain", "when")]
