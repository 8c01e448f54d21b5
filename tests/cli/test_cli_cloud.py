"""`alma cloud create`: made once, safe to repeat, or printed for somebody else."""

import json
import shlex
import subprocess

import pytest

from tests.cosmos_server import KEY, cosmos_thread

pytestmark = pytest.mark.slow

AZURE = "alma:\n  project_id: shop\n  storage: azure\n  azure:\n    endpoint: {endpoint}\n    auth: key\n"


@pytest.fixture
def server(configure, monkeypatch):
    monkeypatch.setenv("ALMA_COSMOS_KEY", KEY)
    with cosmos_thread() as server:
        configure(AZURE.format(endpoint=server.endpoint))
        yield server


def test_it_makes_what_is_missing_and_then_nothing(server, run_alma, run_json):
    made = run_alma("cloud", "create")
    assert (0, "") == (made.code, made.out)
    assert ["made the database alma", "made the container memories", "next: alma sync"] == made.err.splitlines()
    again = run_json("cloud", "create")
    assert ("cloud create", []) == (again["command"], again["warnings"])
    assert {
        "remote": f"{server.endpoint}alma/memories",
        "database": "alma",
        "database_created": False,
        "container": "memories",
        "container_created": False,
    } == again["data"]


def test_the_container_is_for_vectors_of_the_configured_model(server, run_alma):
    from azure.cosmos import CosmosClient

    assert 0 == run_alma("cloud", "create", "--yes").code
    with CosmosClient(server.endpoint, KEY) as client:
        properties = client.get_database_client("alma").get_container_client("memories").read()
    assert 384 == properties["vectorEmbeddingPolicy"]["vectorEmbeddings"][0]["dimensions"]


def test_without_an_endpoint_it_is_a_matter_of_configuration(run_json):
    error = run_json("cloud", "create", code=3)["error"]
    assert "invalid_config" == error["code"]
    assert "azure.endpoint" in error["message"]


def test_a_shared_folder_needs_no_database(configure, run_json):
    configure("alma:\n  project_id: shop\n  storage: file\n  file: {path: ../shared}\n")
    assert "no database" in run_json("cloud", "create", code=3)["error"]["message"]


def test_the_commands_are_printed_without_any_credential_or_network(configure, run_alma, run_json):
    configure(AZURE.format(endpoint="https://my-account.documents.azure.com:443/"))
    printed = run_alma("cloud", "create", "--print-az")
    assert (0, "") == (printed.code, printed.err)
    lines = printed.out.splitlines()
    assert lines == run_json("cloud", "create", "--print-az")["data"]["commands"]
    assert "ACCOUNT=my-account DATABASE=alma CONTAINER=memories" in lines[0]
    [container] = [line for line in lines if line.startswith("az rest")]
    words = shlex.split(container)
    resource = json.loads(words[words.index("--body") + 1])["properties"]["resource"]
    assert ("memories", "MultiHash") == (resource["id"], resource["partitionKey"]["kind"])


def test_a_shell_takes_the_printed_commands_as_they_are(configure, run_alma, tmp_path):
    configure("alma:\n  project_id: shop\n  azure: {database: my db, container: it's}\n")
    printed = run_alma("cloud", "create", "--print-az").out
    az = tmp_path / "az"
    az.write_text('#!/bin/sh\nprintf "%s\\n" "$*" >> "$0.log"\necho /subscriptions/1/account\n')
    az.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    subprocess.run(["sh", "-eu"], input=printed, text=True, env=environ, check=True, stdout=subprocess.DEVNULL)
    log = (tmp_path / "az.log").read_text()
    assert "cosmosdb create -g alma -n NAME --capabilities EnableServerless EnableNoSQLVectorSearch" in log
    assert "/subscriptions/1/account/sqlDatabases/my db/containers/it's?api-version=" in log
    assert "--role-definition-id 00000000-0000-0000-0000-000000000002 --principal-id /subscriptions/1/account" in log


def test_there_is_only_create(run_alma):
    missing = run_alma("cloud")
    assert (2, "hint: `alma cloud` takes create") == (missing.code, missing.err.splitlines()[-1])
