"""`alma sync` with Cosmos DB, end to end: what it asks for, what it says when it can't, and that nothing is lost."""

import json
import shutil

import pytest
from azure.cosmos import CosmosClient

from alma_cli.config import Azure
from alma_cli.remote.cosmos import open_cosmos
from alma_cli.remote.cosmos.container import make_container
from tests.cosmos_server import KEY, Fault, cosmos_thread

CONFIG = "alma:\n  project_id: shop\n  storage: azure\n  azure: {{endpoint: '{endpoint}', auth: key}}\n"


@pytest.fixture(scope="module")
def account():
    with cosmos_thread() as server:
        yield server


@pytest.fixture
def server(account, configure, monkeypatch):
    monkeypatch.setenv("ALMA_COSMOS_KEY", KEY)
    account.quiet()
    account.forget("alma")
    make_container(Azure(endpoint=account.endpoint, auth="key"), dimensions=384, patience_s=10)
    configure(CONFIG.format(endpoint=account.endpoint))
    account.counts()
    yield account
    account.quiet()


@pytest.fixture
def add(run_alma):
    """Import so many new facts of helena."""

    def imported(count, start=0):
        lines = [
            {
                "kind": "knowledge",
                "id": f"{number:032x}",
                "agent": "helena",
                "domain": "general",
                "fact": f"fact {number}",
            }
            for number in range(start, start + count)
        ]
        assert 0 == run_alma("import", "-", stdin="\n".join(map(json.dumps, lines))).code

    return imported


@pytest.fixture
def second(project, tmp_path, monkeypatch):
    """Work in a second machine's folder from here on."""

    def moved():
        folder = tmp_path / "second"
        (folder / ".alma").mkdir(parents=True)
        shutil.copy(project / ".alma/config.yaml", folder / ".alma/config.yaml")
        monkeypatch.chdir(folder)

    return moved


def test_after_any_everyday_sync_the_next_makes_six_requests_and_writes_nothing(server, run_json, learn, add):
    for work in (lambda: learn("Test the login form"), lambda: add(90), lambda: None):
        work()
        run_json("sync")
        server.counts()
        run_json("sync")
        assert {"account": 1, "container": 1, "read": 1, "ranges": 2, "feed": 1} == server.counts()


def test_one_machine_learns_and_the_other_knows(server, run_alma, run_json, learn, second):
    learn("Test the login form", strategy="Tried empty fields")
    assert 1 == run_json("sync")["data"]["pushed"]
    second()
    assert 1 == run_json("sync")["data"]["pulled"]
    assert "Test the login form" in run_alma("retrieve", "test a login form", "--agent", "helena").out


def test_an_idle_sync_asks_at_most_six_times_and_writes_nothing(server, run_json, add):
    for number in range(20):
        theirs = open_cosmos(Azure(endpoint=server.endpoint, auth="key"), f"other {number}", patience_s=10)
        theirs.read("a", "b")
        theirs.close()
    add(30)
    run_json("sync")
    run_json("sync")
    server.counts()
    report = run_json("sync")["data"]
    counts = server.counts()
    assert {"account": 1, "container": 1, "read": 1, "ranges": 2, "feed": 1} == counts
    assert 6 == report["requests"] == sum(counts.values())


@pytest.mark.parametrize("count", [250, 1000])
def test_pushing_takes_a_batch_for_each_hundred_and_a_constant(server, run_json, add, count):
    run_json("sync")
    add(count)
    server.counts()
    assert count == run_json("sync")["data"]["pushed"]
    counts = server.counts()
    assert counts["batch"] <= -(-count // 100) + 1
    assert sum(counts.values()) - counts["batch"] <= 8
    assert "query" not in counts


def refuse(server, monkeypatch, what):
    """Bring about what makes a sync fail."""
    if what == "wrong key":
        monkeypatch.setenv("ALMA_COSMOS_KEY", "d3Jvbmc=")
    elif what == "no key":
        monkeypatch.delenv("ALMA_COSMOS_KEY")
    elif what == "container gone":
        server.forget("alma")
    elif what == "nobody there":
        monkeypatch.setenv("ALMA_AZURE_ENDPOINT", "http://127.0.0.1:1/")
    else:
        server.fault(Fault(kinds=("batch",), times=None, **json.loads(what)))


@pytest.mark.parametrize(
    "what, exit_code, code, words",
    [
        ("wrong key", 4, "remote_refused", ("refuses the account key", "alma config show")),
        ("no key", 3, "invalid_config", ("ALMA_COSMOS_KEY", "not set")),
        ("container gone", 4, "remote_missing", ("alma/memories", "alma cloud create")),
        ("nobody there", 4, "remote_unreachable", ("cannot reach", "alma config show")),
        ('{"status": 429}', 4, "remote_throttled", ("too busy", "request units")),
        ('{"status": 503}', 4, "remote_unreachable", ("keeps failing (503)", "nothing is lost")),
        ('{"drop": "after"}', 4, "remote_unreachable", ("doesn't answer", "nothing is lost")),
        ('{"stall": "before"}', 4, "remote_unreachable", ("doesn't answer", "nothing is lost")),
    ],
)
def test_what_keeps_a_sync_from_ending_is_said_and_the_next_one_completes(
    *, server, run_json, add, monkeypatch, what, exit_code, code, words
):
    add(5)
    run_json("sync")
    add(5, start=100)
    with monkeypatch.context() as patch:
        refuse(server, patch, what)
        patch.setattr("alma_cli.api.sync.PATIENCE_S", 3.0)
        error = run_json("sync", code=exit_code)["error"]
    assert code == error["code"]
    assert [] == [word for word in words if word not in f"{error['message']} {error['hint']}"]
    server.quiet()
    if what == "container gone":
        make_container(Azure(endpoint=server.endpoint, auth="key"), dimensions=384, patience_s=10)
        assert "remote_foreign" == run_json("sync", code=4)["error"]["code"]  # it was emptied: nobody fills it unasked
        run_json("sync", "--reseed", "--yes")
    else:
        run_json("sync")
    facts = [one["fact"] for one in server.items("alma", "memories") if one["id"] != "_meta"]
    assert 10 == len(set(facts)) == len(facts)
    assert 0 == run_json("sync")["data"]["pushed"]


def test_a_container_that_became_another_projects_is_refused(*, server, run_json, add, second, project, monkeypatch):
    add(3)
    run_json("sync")
    server.forget("alma")
    make_container(Azure(endpoint=server.endpoint, auth="key"), dimensions=384, patience_s=10)
    second()
    run_json("sync")
    monkeypatch.chdir(project)
    add(3, start=100)
    error = run_json("sync", code=4)["error"]
    assert "remote_foreign" == error["code"]
    assert error["hint"]
    assert ["_meta"] == [one["id"] for one in server.items("alma", "memories")]


def test_retrieving_from_the_remote_is_the_same_when_the_pool_is_everything(server, run_json, learn, second):
    for number in range(3):
        learn("Test the login form", strategy="Tested empty fields")
        learn(f"Review the cart {number}", outcome="failure", strategy="Looked at it once")
    run_json("add", "knowledge", "The login form has two fields", "--agent", "helena")
    run_json("add", "preference", "Short answers about login forms")
    ours = run_json("retrieve", "check the login form", "--agent", "helena")["data"]
    run_json("sync")
    second()
    theirs = run_json("retrieve", "check the login form", "--agent", "helena", "--remote")["data"]
    kinds = ("anti_patterns", "heuristics", "preferences", "knowledge", "outcomes")
    found = [
        [(kind, hit["id"], hit["text"], round(hit["score"], 3)) for kind in kinds for hit in data[kind]]  # they age
        for data in (ours, theirs)
    ]
    assert found[0] == found[1]
    assert ours["heuristics"] and ours["knowledge"] and ours["preferences"]


def put(server, **document):
    with CosmosClient(server.endpoint, KEY) as client:
        client.get_database_client("alma").get_container_client("memories").upsert_item(
            {"project_id": "shop", "kind": "knowledge", **document}
        )


def test_an_agent_that_is_a_number_stays_set_aside_until_it_is_mended(server, run_alma, run_json, add):
    add(1)
    run_alma("sync")
    put(server, id="f" * 32, agent=5)
    assert 1 == run_json("sync")["data"]["set_aside"]
    for arguments in ((), ("--check",), (), ("--check",)):
        assert 0 == run_json("sync", *arguments)["data"]["set_aside"]  # told once, whichever way it is read
        names = [one["name"] for one in run_json("sync", "status")["data"]["set_aside"]]
        assert [f"document {'f' * 32} of 5"] == names
    with CosmosClient(server.endpoint, KEY) as client:
        container = client.get_database_client("alma").get_container_client("memories")
        container.delete_item("f" * 32, ["shop", 5])
    run_alma("sync", "--check")
    assert [] == run_json("sync", "status")["data"]["set_aside"]


def test_many_documents_set_aside_cost_no_request_at_the_next_sync(server, run_alma, run_json, add):
    add(1)
    run_alma("sync")
    with CosmosClient(server.endpoint, KEY) as client:
        container = client.get_database_client("alma").get_container_client("memories")
        for start in range(0, 300, 100):
            documents = [
                {"id": f"{start + number:032x}", "agent": "victor", "project_id": "shop", "kind": "dream"}
                for number in range(100)
            ]
            container.execute_item_batch([("create", (one,)) for one in documents], ["shop", "victor"])
    assert 300 == run_json("sync")["data"]["set_aside"]
    server.counts()
    assert 0 == run_json("sync")["data"]["set_aside"]
    counts = server.counts()
    assert (1, 0) == (counts["read"], counts.get("query", 0))
    run_alma("sync", "--check")
    assert server.counts()["query"] <= 24  # a page of ids and three of documents, of each range


def test_what_is_gone_from_the_container_is_found_by_a_check_and_pushed_again(server, run_json, run_alma, add):
    add(3)
    run_alma("sync")
    with CosmosClient(server.endpoint, KEY) as client:
        container = client.get_database_client("alma").get_container_client("memories")
        container.delete_item(f"{1:032x}", ["shop", "helena"])
    assert 0 == run_json("sync")["data"]["pushed"]
    data = run_json("sync", "--check")["data"]
    assert (1, 1) == (data["missing"], data["pushed"])
    assert 0 == run_json("sync", "--check")["data"]["missing"]
