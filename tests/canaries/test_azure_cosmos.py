"""What `remote/cosmos/` uses of azure-cosmos beyond what that promises to keep, seen through our server."""

import pytest
from azure.core.pipeline.transport import RequestsTransport
from azure.cosmos import CosmosClient, PartitionKey
from azure.cosmos.exceptions import CosmosHttpResponseError

from alma_cli.remote.cosmos import feed
from tests.cosmos_server import KEY, Fault, cosmos_thread


@pytest.fixture(scope="module")
def server():
    with cosmos_thread() as server:
        yield server


class Rewriting(RequestsTransport):
    """A transport that gives another sub-status than the service does, as `Meter` does to one answer."""

    def send(self, request, **options):
        response = super().send(request, **options)
        if response.headers.get("x-ms-substatus") == "1002":
            response.headers["x-ms-substatus"] = "77"
        return response


@pytest.fixture
def container(server):
    """A container of four agents' documents."""
    server.quiet()
    server.forget("d")
    with CosmosClient(server.endpoint, KEY, transport=Rewriting(), retry_total=0) as client:
        key = PartitionKey(path=["/project_id", "/agent"], kind="MultiHash")
        made = client.create_database("d").create_container("c", key)
        for number in range(4):
            made.create_item({"id": str(number), "project_id": "p", "agent": f"agent {number}"})
        yield made
    server.quiet()


def changes(container, **start):
    return container.query_items_change_feed(max_item_count=2, **start).by_page()


def test_the_last_answers_etag_is_a_position_to_go_on_from(container):
    """`Feed` takes it from `client_connection.last_response_headers`: is it there, and does reading go on after it?"""
    project = container.feed_range_from_partition_key(["p"])
    for page in changes(container, feed_range=project, start_time="Beginning"):
        list(page)
        position = container.client_connection.last_response_headers["etag"]
    container.create_item({"id": "new", "project_id": "p", "agent": "agent 9"})
    after = [item["id"] for page in changes(container, continuation=position) for item in page]
    assert ["new"] == after


def test_a_position_with_ranges_not_read_yet_is_refused_in_these_words(container, server):
    """`Feed.next_page` begins anew then: does the SDK still say `_NOT_RESUMABLE`?"""
    server.split("d", "c", ["p", "agent 2"])
    project = container.feed_range_from_partition_key(["p"])
    next(next(changes(container, feed_range=project, start_time="Beginning")))
    position = container.client_connection.last_response_headers["etag"]
    with pytest.raises(ValueError, match=feed._NOT_RESUMABLE):
        list(next(changes(container, continuation=position)))


def test_an_error_has_the_substatus_that_the_transport_gives(container, server):
    """`Meter` rewrites that header of a 410: is it still where the SDK reads it from, after the transport?"""
    server.fault(Fault(kinds=("read",), status=410, substatus=1002))
    with pytest.raises(CosmosHttpResponseError) as told:
        container.read_item("1", ["p", "agent 1"])
    assert (410, 77) == (told.value.status_code, told.value.sub_status)
