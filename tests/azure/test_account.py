"""The contract of all remotes on a real Cosmos DB account; `make test-azure` (docs/guides/azure.md) runs it."""

import os

import pytest

from alma_cli.config import Azure
from alma_cli.errors import RemoteRefused
from alma_cli.remote.cosmos import open_cosmos
from alma_cli.remote.cosmos.container import make_container
from tests.contracts.remote_contract import RemoteContract, SearchContract, drained, new, stored

ENDPOINT = os.environ.get("TEST_AZURE_ENDPOINT", "")
PATIENCE_S = 30.0

if not ENDPOINT:
    pytest.skip("TEST_AZURE_ENDPOINT names no account", allow_module_level=True)


@pytest.fixture(scope="module")
def azure():
    """The configuration of the test's container, which is made if that is allowed."""
    auth = "key" if os.environ.get("TEST_AZURE_KEY") else "default"
    azure = Azure(endpoint=ENDPOINT, auth=auth, key="${TEST_AZURE_KEY}", database="alma-test", container="contract")
    try:
        make_container(azure, dimensions=2, patience_s=PATIENCE_S)
    except RemoteRefused as error:
        print(f"not made: {error.message}")
    return azure


def emptied(azure):
    """Delete what the projects of the tests have in the container."""
    from azure.cosmos.exceptions import CosmosResourceNotFoundError

    for project in ("p", "other"):
        remote = open_cosmos(azure, project, patience_s=PATIENCE_S)
        container = remote._container
        found = {(one.agent, one.id) for page in remote.changes(None) for one in page.found}
        for agent, id in found:
            try:
                container.delete_item(id, [project, agent])
            except CosmosResourceNotFoundError:
                pass
        remote.close()


class TestAccount(RemoteContract, SearchContract):
    @pytest.fixture
    def open_remote(self, azure):
        emptied(azure)
        opened = []

        def open_one(project_id="p"):
            opened.append(open_cosmos(azure, project_id, patience_s=PATIENCE_S))
            return opened[-1]

        yield open_one
        for remote in opened:
            remote.close()

    def test_an_idle_look_is_at_most_six_requests(self, open_remote):
        stored(open_remote(), new(1))
        _, checkpoint = drained(open_remote())
        remote = open_remote()
        assert remote.read("_project", "_meta") is None
        assert {} == drained(remote, checkpoint)[0]
        print(f"idle: {remote.usage}")
        assert remote.usage.requests <= 6

    def test_a_thousand_memories_take_ten_batches(self, open_remote):
        remote = open_remote()
        remote.read("a", "1")
        before = remote.usage
        vectors = [[number / 1000, 1.0] for number in range(1000)]
        assert 1000 == len(list(remote.write([new(n, embedding=vectors[n]) for n in range(1000)])))
        print(f"1,000 memories: {before} -> {remote.usage}")
        assert remote.server_time is not None
