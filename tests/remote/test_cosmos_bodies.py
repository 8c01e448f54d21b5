"""How documents get into a batch: as the JSON that they are in, whatever they say."""

import json
from types import SimpleNamespace

import pytest
from azure.cosmos._base import _format_batch_operations

from alma_cli.remote.cosmos.bodies import filling_in, operation, ready


def sent(writes):
    """The operations in the body of a request, as the service gets them; the hook may be called again."""
    data = json.dumps(_format_batch_operations([operation(write) for write in writes]), separators=(",", ":"))
    request = SimpleNamespace(data=data, headers={})
    fill_in = filling_in([ready(write).text for write in writes])
    for _ in range(2):
        fill_in(SimpleNamespace(http_request=request))
    assert request.headers["Content-Length"] == str(len(request.data.encode()))
    return json.loads(request.data)


def test_each_document_and_vector_arrives_in_its_place(new):
    writes = [new(1, vector="[0.5,-0.250000000]"), new(2), new(3, vector="[]"), new(4, vector="[1e-9]")]
    bodies = [one["resourceBody"] for one in sent(writes)]
    assert [write.document() for write in writes] == bodies
    assert [[0.5, -0.25], None, [], [1e-9]] == [one.get("embedding") for one in bodies]


def test_what_replaces_a_version_names_it_and_has_its_document(new):
    [replaced, created] = sent([new(1, etag='"00"'), new(2)])
    assert ("Replace", '"00"', new(1).id) == (replaced["operationType"], replaced["ifMatch"], replaced["id"])
    assert ("Create", new(1).body, new(2).body) == (
        created["operationType"],
        replaced["resourceBody"],
        created["resourceBody"],
    )


@pytest.mark.parametrize("text", ['"[0.5]"', "[0.5]", '\\"', "", "é\n😀\x00\ud800"])
def test_what_a_text_says_stays_as_it_is(new, text):
    write = new(1, fact=text, vector="[0.5]")
    assert [write.document()] == [one["resourceBody"] for one in sent([write])]


@pytest.mark.parametrize("data", [None, b"{}", "", "{}"])
def test_other_requests_of_the_sdk_stay_as_they_are(data):
    request = SimpleNamespace(data=data, headers={})
    filling_in(["{}"])(SimpleNamespace(http_request=request))
    assert (data, {}) == (request.data, request.headers)
