"""A Cosmos DB on loopback with ALMA's container, and remotes of it."""

import pytest

from alma_cli.config import Azure
from alma_cli.remote.cosmos import open_cosmos
from alma_cli.remote.cosmos.container import make_container
from alma_cli.remote.protocol import Write
from tests.cosmos_server import KEY, cosmos_thread

DATABASE, CONTAINER = "alma", "memories"


@pytest.fixture(scope="module")
def server():
    with cosmos_thread() as server:
        yield server


@pytest.fixture
def azure(server, monkeypatch):
    """The configuration of an account with an empty container."""
    monkeypatch.setenv("ALMA_COSMOS_KEY", KEY)
    server.quiet()
    server.forget(DATABASE)
    azure = Azure(endpoint=server.endpoint, auth="key")
    make_container(azure, dimensions=2, patience_s=10)
    server.counts()
    yield azure
    server.quiet()
    server.set(units_per_s=0, lag_s=0, gives_sessions=True)


@pytest.fixture
def open_remote(azure):
    opened = []

    def open_one(project_id="p", *, azure=azure, patience_s=10.0):
        opened.append(open_cosmos(azure, project_id, patience_s=patience_s))
        return opened[-1]

    yield open_one
    for remote in opened:
        remote.close()


@pytest.fixture
def new():
    """The write of a new document."""

    def make(id, agent="a", *, project="p", etag=None, vector="", **fields):
        body = {"id": str(id), "agent": agent, "project_id": project, "kind": "knowledge", "fact": "f", **fields}
        return Write(agent=agent, id=str(id), body=body, vector=vector, etag=etag)

    return make


@pytest.fixture
def stored(server):
    """The ids in the container, of a project."""
    return lambda project="p": sorted(
        one["id"] for one in server.items(DATABASE, CONTAINER) if one["project_id"] == project
    )
