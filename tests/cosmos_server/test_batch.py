"""Transactional batches are atomic, of one partition, and limited."""

import pytest
from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosHttpResponseError, CosmosResourceNotFoundError

from tests.cosmos_server.samples import document, ids, key


def statuses(results):
    return [result["statusCode"] for result in results]


def test_a_batch_does_all_and_says_each_version(container):
    etag = container.create_item(document("old", n=1))["_etag"]
    results = container.execute_item_batch(
        [
            ("create", (document("new"),)),
            ("replace", ("old", document("old", n=2)), {"if_match_etag": etag}),
            ("upsert", (document("third"),)),
            ("read", ("old",)),
            ("patch", ("third", [{"op": "set", "path": "/n", "value": 3}])),
            ("delete", ("new",)),
        ],
        key(),
    )
    assert [201, 200, 201, 200, 200, 204] == statuses(results)
    assert 2 == results[3]["resourceBody"]["n"]
    assert results[4]["eTag"] == container.read_item("third", key())["_etag"]
    with pytest.raises(CosmosResourceNotFoundError):
        container.read_item("new", key())


@pytest.mark.parametrize(
    "failing, status",
    [
        (("create", (document("there"),)), 409),
        (("replace", ("there", document("there", n=9)), {"if_match_etag": '"other"'}), 412),
        (("upsert", (document("there"),), {"if_match_etag": '"other"'}), 412),
        (("delete", ("there",), {"if_match_etag": '"other"'}), 412),
        (("patch", ("there", [{"op": "set", "path": "/n", "value": 1}]), {"if_match_etag": '"other"'}), 412),
        (("replace", ("missing", document("missing"))), 404),
    ],
)
def test_a_batch_that_fails_in_one_does_nothing(container, failing, status):
    container.create_item(document("there", n=1))
    with pytest.raises(CosmosBatchOperationError) as error:
        container.execute_item_batch([("create", (document("a"),)), failing, ("create", (document("b"),))], key())
    assert [424, status, 424] == statuses(error.value.operation_responses)
    assert (1, status) == (error.value.error_index, error.value.status_code)
    assert ["there"] == ids(container.query_items("SELECT * FROM c", partition_key=key()))


def test_a_batch_has_at_most_a_hundred_operations(container):
    assert 100 == len(container.execute_item_batch([("create", (document(n),)) for n in range(100)], key()))
    with pytest.raises(CosmosHttpResponseError) as error:
        container.execute_item_batch([("create", (document(n),)) for n in range(200, 301)], key())
    assert 400 == error.value.status_code


def test_a_batch_has_at_most_two_megabytes(container):
    with pytest.raises(CosmosHttpResponseError) as error:
        container.execute_item_batch([("create", (document(n, text="x" * 250_000),)) for n in range(9)], key())
    assert 413 == error.value.status_code
    assert [] == list(container.query_items("SELECT * FROM c", partition_key=key()))


def test_a_batch_is_one_request_and_its_items_come_together_in_the_feed(container, server):
    server.counts()
    container.execute_item_batch([("create", (document(n),)) for n in range(50)], key())
    assert 1 == server.counts()["batch"]
    pages = container.query_items_change_feed(start_time="Beginning", max_item_count=3, partition_key=key()).by_page()
    assert [50] == [len(list(page)) for page in pages]
