"""Cosmos DB keeps what every remote promises: through the official SDK, over HTTP, with four physical ranges."""

import zlib

import pytest

from alma_cli.config import Azure
from alma_cli.remote.cosmos import open_cosmos
from alma_cli.remote.cosmos.container import make_container
from tests.contracts.remote_contract import RemoteContract, SearchContract, drained, new, stored
from tests.cosmos_server import KEY, Fault, cosmos_thread

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server():
    with cosmos_thread() as server:
        yield server


class CosmosContract(RemoteContract, SearchContract):
    faults = ()

    @pytest.fixture
    def open_remote(self, server, monkeypatch, request):
        monkeypatch.setenv("ALMA_COSMOS_KEY", KEY)
        azure = Azure(endpoint=server.endpoint, auth="key")
        server.forget("alma")
        make_container(azure, dimensions=2, patience_s=5)
        server.seed(zlib.crc32(request.node.name.encode()))
        server.fault(*self.faults)
        opened = []

        def open_one(project_id="p"):
            opened.append(open_cosmos(azure, project_id, patience_s=8))
            return opened[-1]

        yield open_one
        server.quiet()
        for remote in opened:
            remote.close()


class TestCosmos(CosmosContract):
    def test_pages_end_where_the_service_ends_them(self, open_remote, server):
        server.set(page_cap=3)
        stored(open_remote(), *[new(number, f"agent {number}") for number in range(10)])
        assert 10 == len(drained(open_remote())[0])
        server.set(page_cap=1000)


class TestBusyCosmos(CosmosContract):
    """The same while every fifth request fails in some way that passes."""

    faults = tuple(Fault(status=status, times=None, chance=0.03) for status in (408, 410, 429, 449, 500, 503)) + tuple(
        Fault(drop=when, times=None, chance=0.03) for when in ("before", "after")
    )
