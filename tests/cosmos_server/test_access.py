"""Who gets in, and what the account says of itself; ranges and hashes as the SDK computes them."""

import base64

import pytest
from azure.cosmos import CosmosClient, PartitionKey
from azure.cosmos.exceptions import CosmosHttpResponseError

from tests.cosmos_server.ranges import effective_key
from tests.cosmos_server.running import KEY, cosmos_process
from tests.cosmos_server.samples import document, key


def test_another_key_is_not_authorized(server):
    other = base64.b64encode(b"another key").decode()
    with pytest.raises(CosmosHttpResponseError) as error:
        CosmosClient(server.endpoint, other)
    assert 401 == error.value.status_code


@pytest.mark.parametrize(
    "id", ["plain", "with space", "per%cent", "a+b", "é😀", "(x)", "a'b", "CamelCase", "trailing.", "a=b&c"]
)
def test_signatures_hold_for_ids_of_any_kind(container, id):
    container.create_item(document(id))
    assert id == container.read_item(id, key())["id"]
    container.delete_item(id, key())


@pytest.mark.parametrize(
    "values", [["p"], ["p", "a"], ["", ""], ["é😀", "x" * 100], ["p", True], ["p", None], ["p", 1.5]]
)
def test_effective_keys_are_the_sdks(values):
    theirs = PartitionKey(path=["/a", "/b", "/c"], kind="MultiHash")._get_effective_partition_key_string(values)
    assert theirs == effective_key(tuple(values))


def test_the_account_leads_back_to_itself(server, client):
    account = client.client_connection.GetDatabaseAccount()
    assert [server.endpoint] == [one["databaseAccountEndpoint"] for one in account._WritableLocations]


def test_a_process_of_its_own_is_the_same_and_forgets_everything():
    for _ in range(2):
        with cosmos_process(ranges=2) as server, CosmosClient(server.endpoint, KEY) as client:
            container = client.create_database("d").create_container("c", PartitionKey(path="/agent"))
            container.create_item(document())
            assert 1 == len(server.items("d", "c"))
            assert 2 == len(list(container.read_feed_ranges()))
