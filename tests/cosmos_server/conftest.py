"""A server, and a container of it that is new for every test, through the official SDK."""

import pytest
from azure.cosmos import CosmosClient, PartitionKey

from tests.cosmos_server.running import KEY, cosmos_thread


@pytest.fixture(scope="module")
def server():
    with cosmos_thread() as server:
        yield server


@pytest.fixture
def client(server):
    with CosmosClient(server.endpoint, KEY) as client:
        yield client


@pytest.fixture
def database(client, server):
    server.forget("d")
    yield client.create_database("d")
    server.quiet()
    server.set(skew_s=0, page_cap=1000, units_per_s=0, lag_s=0, gives_sessions=True)


@pytest.fixture
def container(database):
    return database.create_container("c", PartitionKey(path=["/project", "/agent"], kind="MultiHash"))
