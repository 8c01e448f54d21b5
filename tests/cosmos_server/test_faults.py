"""What goes wrong on demand, as the SDK meets it."""

from email.utils import parsedate_to_datetime

import pytest
from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from azure.cosmos import CosmosClient
from azure.cosmos.exceptions import CosmosHttpResponseError

from tests.cosmos_server.faults import Fault
from tests.cosmos_server.running import KEY
from tests.cosmos_server.samples import document, ids, key


def test_throttling_is_waited_out_by_the_sdk(container, server):
    server.fault(Fault(kinds=("create",), status=429, retry_after_ms=1, times=3))
    server.counts()
    container.create_item(document())
    assert 4 == server.counts()["create"]


@pytest.mark.parametrize("status", [410, 449])
def test_some_statuses_reach_the_caller_at_once(container, server, status):
    server.fault(Fault(kinds=("upsert",), status=status))
    with pytest.raises(CosmosHttpResponseError) as error:
        container.upsert_item(document())
    assert status == error.value.status_code
    container.upsert_item(document())


@pytest.mark.parametrize("status", [408, 500, 503])
def test_reads_get_over_a_failure(container, server, status):
    container.create_item(document())
    server.fault(Fault(kinds=("read",), status=status))
    assert "1" == container.read_item("1", key())["id"]


@pytest.mark.parametrize("when, count", [("before", 0), ("after", 1)])
def test_a_connection_dropped_leaves_open_whether_it_was_done(container, server, when, count):
    server.fault(Fault(kinds=("create",), drop=when))
    with pytest.raises((ServiceRequestError, ServiceResponseError)):
        container.create_item(document())
    assert count == len(server.items("d", "c"))


@pytest.mark.parametrize("when, count", [("before", 0), ("after", 1)])
def test_a_stalled_socket_ends_with_the_clients_patience(container, server, when, count):
    with CosmosClient(server.endpoint, KEY, read_timeout=1.5, retry_total=0) as client:
        impatient = client.get_database_client("d").get_container_client("c")
        impatient.read()
        server.fault(Fault(kinds=("create",), stall=when))
        with pytest.raises(ServiceResponseError):
            impatient.create_item(document())
    assert count == len(server.items("d", "c"))


def test_a_feed_can_fail_in_its_middle_and_be_continued(container, server):
    for number in range(6):
        container.create_item(document(number))
    server.fault(Fault(kinds=("feed",), status=410, skip=1))
    pages = container.query_items_change_feed(start_time="Beginning", partition_key=key(), max_item_count=2).by_page()
    first = ids(next(pages))
    token = container.client_connection.last_response_headers["etag"]
    with pytest.raises(CosmosHttpResponseError):
        next(pages)
    assert ["2", "3", "4", "5"] == ids(container.query_items_change_feed(continuation=token))
    assert ["0", "1"] == first


def test_a_fault_is_met_so_many_times_and_by_those_kinds_only(container, server):
    server.fault(Fault(kinds=("read",), status=410, times=2))
    container.create_item(document())
    for _ in range(2):
        with pytest.raises(CosmosHttpResponseError):
            container.read_item("1", key())
    container.read_item("1", key())
    assert 2 == server.quiet()


def test_the_clock_can_be_ahead(container, server):
    before = parsedate_to_datetime(container.create_item(document()).get_response_headers()["Date"])
    server.set(skew_s=3600)
    after = parsedate_to_datetime(container.read_item("1", key()).get_response_headers()["Date"])
    assert 3590 < (after - before).total_seconds() < 3700


def test_request_units_that_are_used_up_are_waited_for_and_a_debt_is_paid_first(container, server):
    server.set(units_per_s=100)
    with CosmosClient(server.endpoint, KEY, retry_throttle_total=-1) as client:
        impatient = client.get_database_client("d").get_container_client("c")
        impatient.create_item(document(text="x" * 300_000))  # over a hundred units, though there were fewer
        with pytest.raises(CosmosHttpResponseError) as error:
            impatient.create_item(document(2))
    assert 429 == error.value.status_code
    assert 0 < int(error.value.headers["x-ms-retry-after-ms"]) < 1_000
    container.create_item(document(2))  # the SDK waits


def test_reads_may_lag_behind_writes_and_see_them_with_their_session(container, server):
    made = container.create_item(document())
    container.replace_item("1", document(new=True))
    server.set(lag_s=3600)
    query = {"query": "SELECT * FROM c", "partition_key": key()}
    assert [] == list(container.query_items(**query))
    assert [] == list(container.query_items_change_feed(start_time="Beginning", partition_key=key()))
    session = made.get_response_headers()["x-ms-session-token"]
    assert [True] == [one["new"] for one in container.query_items(**query, session_token=session)]
    server.set(lag_s=0)
    assert ["1"] == ids(container.query_items_change_feed(start_time="Beginning", partition_key=key()))


def test_requests_are_counted_by_kind(container, server):
    server.counts()
    container.create_item(document())
    container.read_item("1", key())
    list(container.query_items("SELECT * FROM c", partition_key=key()))
    counts = server.counts()
    counts.pop("account", None)  # the SDK looks at the account again in a thread of its own, at any time
    assert {"create": 1, "read": 1, "query": 1} == counts
    assert {} == server.counts()
