"""How vectors get into a request: as the text that they are in, among documents that may say anything."""

import json
from types import SimpleNamespace

import pytest

from alma_cli.remote.cosmos.vectors import marked, unmark


def sent(writes):
    """The documents in the body of a request, as the service gets them."""
    request = SimpleNamespace(data=json.dumps([marked(write) for write in writes]), headers={})
    unmark(request)
    assert request.headers.get("Content-Length", str(len(request.data))) == str(len(request.data))
    return json.loads(request.data)


def test_each_vector_arrives_in_its_document(new):
    writes = [new(1, vector="[0.5,-0.250000000]"), new(2), new(3, vector="[]"), new(4, vector="[1e-9]")]
    assert [write.document() for write in writes] == sent(writes)
    assert [[0.5, -0.25], None, [], [1e-9]] == [one.get("embedding") for one in sent(writes)]


@pytest.mark.parametrize("text", ['"[0.5]"', "[0.5]", '\\"', ""])
def test_what_a_text_says_stays_as_it_is(new, text):
    write = new(1, fact=text, vector="[0.5]")
    assert [write.document()] == sent([write])
