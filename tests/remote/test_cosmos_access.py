"""Who we are to the account, and what is said when it won't have us, or isn't there."""

import base64
import datetime as dt
import ipaddress
import math
import socket
import threading
import time
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
)

from alma_cli.config import Azure
from alma_cli.errors import (
    CheckpointLost,
    InvalidConfig,
    RemoteError,
    RemoteMissing,
    RemoteRefused,
    RemoteThrottled,
    RemoteUnreachable,
)
from alma_cli.remote.cosmos import open_cosmos
from alma_cli.remote.cosmos.calls import asked_to_wait_s
from alma_cli.remote.cosmos.container import make_container
from alma_cli.remote.cosmos.feed import Feed
from alma_cli.remote.cosmos.meter import Meter
from alma_cli.remote.protocol import Written
from tests.cosmos_server import KEY, Fault, cosmos_thread, faults

OTHER_KEY = base64.b64encode(b"another account's key").decode()


def read(azure, *, patience_s=3.0):
    remote = open_cosmos(azure, "p", patience_s=patience_s)
    try:
        return remote.read("a", "1")
    finally:
        remote.close()


def refused(error, call, *words, code, exit_code=4):
    with pytest.raises(error) as raised:
        call()
    assert (code, exit_code) == (raised.value.code, raised.value.exit_code)
    assert [] == [word for word in words if word not in f"{raised.value.message} {raised.value.hint}"]


def test_a_wrong_key_is_refused_and_never_shown(azure, monkeypatch):
    monkeypatch.setenv("ALMA_COSMOS_KEY", OTHER_KEY)
    refused(RemoteRefused, lambda: read(azure), "refuses the account key", "alma config show", code="remote_refused")
    with pytest.raises(RemoteRefused) as raised:
        read(azure)
    assert OTHER_KEY not in f"{raised.value.message} {raised.value.hint} {raised.value.__cause__}"


@pytest.mark.parametrize("key", ["not base64!", "x"])
def test_what_is_no_key_is_said_so(azure, monkeypatch, key):
    monkeypatch.setenv("ALMA_COSMOS_KEY", key)
    refused(RemoteRefused, lambda: read(azure), "isn't base64", code="remote_refused")


def test_a_connection_string_in_the_place_of_the_key_is_said_so(azure, monkeypatch):
    monkeypatch.setenv("ALMA_COSMOS_KEY", f"AccountEndpoint={azure.endpoint};AccountKey={OTHER_KEY};")
    with pytest.raises(RemoteRefused) as raised:
        read(azure)
    assert "it is a whole connection string" in raised.value.message
    assert "AccountKey=" in raised.value.hint
    assert OTHER_KEY not in f"{raised.value.message} {raised.value.hint}"


def test_a_key_that_is_not_set_is_a_matter_of_configuration(azure, monkeypatch):
    monkeypatch.delenv("ALMA_COSMOS_KEY")
    refused(InvalidConfig, lambda: read(azure), "ALMA_COSMOS_KEY", "not set", code="invalid_config", exit_code=3)


def test_the_key_may_be_in_any_variable(azure, monkeypatch):
    monkeypatch.setenv("MY_KEY", KEY)
    monkeypatch.delenv("ALMA_COSMOS_KEY")
    assert read(Azure(endpoint=azure.endpoint, auth="key", key="${MY_KEY}")) is None


def test_no_endpoint_is_a_matter_of_configuration():
    refused(InvalidConfig, lambda: read(Azure()), "azure.endpoint", code="invalid_config", exit_code=3)


def test_a_missing_extra_is_said_with_the_command_that_installs_it(azure, monkeypatch):
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "azure.cosmos" else real(name))
    refused(InvalidConfig, lambda: read(azure), "[azure]", code="invalid_config", exit_code=3)


@pytest.mark.parametrize("database, container", [("nowhere", "memories"), ("alma", "nowhere")])
def test_a_container_that_is_not_there_is_missing(azure, database, container):
    other = Azure(endpoint=azure.endpoint, auth="key", database=database, container=container)
    words = (f"{database}/{container}", "alma cloud create")
    refused(RemoteMissing, lambda: read(other), *words, code="remote_missing")


def test_a_container_that_vanishes_is_missing_for_every_call(open_remote, server, new):
    remote = open_remote()
    list(remote.write([new(1)]))
    server.forget("alma")
    for call in (
        lambda: remote.read("a", "1"),
        lambda: list(remote.changes(None)),
        lambda: list(remote.write([new(2)])),
        lambda: remote.nearest("a", [1.0, 0.0], limit=1),
    ):
        refused(RemoteMissing, call, "alma cloud create", code="remote_missing")


def test_a_container_made_anew_ends_the_checkpoint(open_remote, azure, server, new):
    list(open_remote().write([new(1)]))
    checkpoint = [page.checkpoint for page in open_remote().changes(None)][-1]
    server.forget("alma")
    make_container(azure, dimensions=2, patience_s=5)
    refused(
        CheckpointLost, lambda: next(open_remote().changes(checkpoint)), "can't be continued", code="checkpoint_lost"
    )
    assert [Written] == [type(one) for one in open_remote().write([new(1)])]


def test_the_checkpoint_of_another_project_is_none_of_ours(open_remote, new):
    list(open_remote().write([new(1)]))
    checkpoint = [page.checkpoint for page in open_remote().changes(None)][-1]
    refused(CheckpointLost, lambda: next(open_remote("q").changes(checkpoint)), "project", code="checkpoint_lost")


def test_nobody_there_is_said_within_seconds(monkeypatch):
    monkeypatch.setenv("ALMA_COSMOS_KEY", KEY)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        azure = Azure(endpoint=f"http://127.0.0.1:{taken.getsockname()[1]}/", auth="key")
        words = ("cannot reach", "alma config show")
        refused(RemoteUnreachable, lambda: read(azure, patience_s=10), *words, code="remote_unreachable")


@pytest.mark.parametrize("accepts", [True, False], ids=["that never answers", "that never accepts"])
def test_a_black_hole_is_given_up_in_time(monkeypatch, accepts):
    monkeypatch.setenv("ALMA_COSMOS_KEY", KEY)
    with socket.socket() as hole, socket.socket() as first, socket.socket() as second:
        hole.bind(("127.0.0.1", 0))
        hole.listen(5 if accepts else 0)
        if not accepts:
            for one in (first, second):  # a full queue: whoever comes now is never answered
                one.setblocking(False)
                one.connect_ex(hole.getsockname())
        azure = Azure(endpoint=f"http://127.0.0.1:{hole.getsockname()[1]}/", auth="key")
        begun = time.monotonic()
        refused(RemoteUnreachable, lambda: read(azure, patience_s=10), code="remote_unreachable")
        assert time.monotonic() - begun < 15  # what the contract promises, and not how fast it is


def test_what_is_no_account_is_said_so(azure, server):
    server.fault(Fault(kinds=("account",), status=404))
    refused(RemoteUnreachable, lambda: read(azure), "no Cosmos DB account", "azure.endpoint", code="remote_unreachable")


# What is on the way to the service


@pytest.fixture
def answered_by(monkeypatch):
    """The configuration of an account in whose place something else gives this answer to all."""
    monkeypatch.setenv("ALMA_COSMOS_KEY", KEY)
    running = []

    def make(status, headers, content=b""):
        class Answers(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        running.append(HTTPServer(("127.0.0.1", 0), Answers))
        threading.Thread(target=running[-1].serve_forever, daemon=True).start()
        return Azure(endpoint=f"http://127.0.0.1:{running[-1].server_port}/", auth="key")

    yield make
    for one in running:
        one.shutdown()
        one.server_close()


@pytest.mark.parametrize(
    "status, headers, content",
    [
        (200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>Please sign in to this network</html>"),
        (200, {"Content-Type": "application/json"}, b"[]"),
        (200, {}, b""),
        (302, {"Location": "/login"}, b""),
        (407, {"Proxy-Authenticate": "Basic"}, b""),
        (403, {"Content-Type": "text/html"}, b"blocked by policy"),
        (404, {}, b""),
        (511, {"Content-Type": "text/html"}, b"sign in"),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_an_answer_of_something_else_than_the_service_is_said_so(answered_by, status, headers, content):
    azure = answered_by(status, headers, content)
    refused(
        RemoteUnreachable,
        lambda: read(azure),
        "something else than Cosmos DB",
        f": {status}",
        "sign-in",
        code="remote_unreachable",
    )


def test_a_gateway_that_is_busy_is_no_stranger(answered_by):
    refused(RemoteThrottled, lambda: read(answered_by(429, {"Retry-After": "0"})), "429", code="remote_throttled")


def test_a_clock_that_makes_every_key_invalid_is_named_and_neither_key_nor_firewall(azure, server):
    for status, skew_s, words in ((403, -7200, "ahead"), (401, 86400, "behind")):
        server.set(skew_s=skew_s)
        server.fault(Fault(kinds=("account",), status=status))
        with pytest.raises(RemoteRefused) as raised:
            read(azure)
        assert "set this machine's clock right" in raised.value.hint
        assert words in raised.value.hint
        assert "firewall" not in raised.value.hint
    server.set(skew_s=0)


def test_an_account_that_takes_no_keys_is_told_from_a_wrong_key(azure, server, monkeypatch):
    words = "Local Authorization is disabled. Use an AAD token to authorize all requests."
    monkeypatch.setitem(faults._WORDS, 401, words)
    server.fault(Fault(kinds=("account",), status=401, substatus=5202))
    refused(RemoteRefused, lambda: read(azure), "takes no account keys", "`auth: default`", code="remote_refused")


def test_a_full_partition_is_no_matter_of_rights(azure, server):
    server.fault(Fault(kinds=("read",), status=403, substatus=1014))
    refused(RemoteError, lambda: read(azure), "is full", "20 GB", "alma forget", code="remote_error")


def test_a_proxy_that_is_named_is_asked_about(monkeypatch):
    monkeypatch.setenv("ALMA_COSMOS_KEY", KEY)
    azure = Azure(endpoint="http://shop.documents.azure.example/", auth="key")
    for proxy in ("http://127.0.0.1:9", "127.0.0.1:9:8", "socks5://127.0.0.1:9"):
        monkeypatch.setenv("HTTP_PROXY", proxy)
        refused(RemoteUnreachable, lambda: read(azure), "HTTP_PROXY", code="remote_unreachable")


@pytest.mark.parametrize("said", ["garbage", "Fri, 27 Nov 2026 21:00:00 -9999", "Fri, 31 Dec 9999 23:00:00 -1400"])
def test_a_date_or_a_charge_that_is_none_is_passed_over(said):
    meter = Meter(None)
    for headers in (
        {"Date": "Fri, 27 Nov 2026 21:00:00 GMT", "x-ms-request-charge": "2.5"},
        {"Date": said, "x-ms-request-charge": "nan"},
        {"x-ms-request-charge": "many"},
        {"Date": "", "x-ms-request-charge": "1e999"},
    ):
        meter._note(SimpleNamespace(headers=headers))
    assert 2.5 == meter.usage.request_charge
    assert dt.datetime(2026, 11, 27, 21, tzinfo=dt.UTC) == meter.server_time


@pytest.mark.parametrize(
    "said, seconds", [("250", 0.25), ("nan", 0.0), ("-5000", 0.0), ("soon", 0.0), (None, 0.0), ("inf", math.inf)]
)
def test_a_wait_that_is_asked_for_is_never_less_than_none(said, seconds):
    assert seconds == asked_to_wait_s(SimpleNamespace(headers={"x-ms-retry-after-ms": said}))


@pytest.mark.parametrize("said, seconds", [("2", 2.0), ("Fri, 27 Nov 2026 21:00:00 GMT", 0.0), ("-1", 0.0)])
def test_a_gateway_asks_for_a_wait_in_seconds(said, seconds):
    assert seconds == asked_to_wait_s(SimpleNamespace(headers={"Retry-After": said}))
    assert 0.25 == asked_to_wait_s(SimpleNamespace(headers={"Retry-After": said, "x-ms-retry-after-ms": "250"}))


def test_changes_without_an_end_are_an_error_and_not_read_for_ever():
    page = [{"project_id": "p", "id": "1"}]
    container = SimpleNamespace(
        client_connection=SimpleNamespace(last_response_headers={}),
        query_items_change_feed=lambda **_: SimpleNamespace(by_page=lambda: iter([page, page, page])),
    )
    with pytest.raises(RemoteError, match="ETags"):
        Feed(container, "p", "here").next_page()


def test_ranges_without_an_end_are_an_error_and_not_read_for_ever():
    answer = SimpleNamespace(status_code=200, headers={"x-ms-version": "1"}, body=lambda: b"{}")
    meter = Meter(SimpleNamespace(send=lambda request: answer))
    request = SimpleNamespace(method="GET", url="http://localhost/dbs/d/colls/c/pkranges", headers={})
    with pytest.raises(RemoteError, match="ETags"):
        meter.send(request)
    answer.headers["ETag"] = '"1"'
    assert answer is meter.send(request)


# Signing in


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for loopback: tokens are sent over HTTPS only."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path_factory.mktemp("certificate") / "server.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(pem))
    return str(path)


@pytest.fixture
def signed_in(certificate, monkeypatch):
    """An account over HTTPS; what is given back makes the next sign-in have this token, or fail with this error."""
    import azure.identity

    class SignIn:
        def __init__(self, **_):
            pass

        def get_token(self, *scopes, **_):
            if isinstance(token[0], Exception):
                raise token[0]
            return AccessToken(token[0], int(time.time()) + 3600)

        def close(self):
            pass

    token = [""]
    monkeypatch.setattr(azure.identity, "DefaultAzureCredential", SignIn)
    with cosmos_thread(certificate=certificate) as server:
        server.set(tokens={"reader": "data", "owner": "all", "old": "expired"})

        def account(given):
            token[0] = given
            return Azure(endpoint=server.endpoint)

        yield account


insecure = pytest.mark.filterwarnings("ignore:Unverified HTTPS")  # the SDK doesn't verify loopback


@insecure
def test_rights_to_data_are_enough_once_the_container_is_there(signed_in, new):
    make_container(signed_in("owner"), dimensions=2, patience_s=5)
    remote = open_cosmos(signed_in("reader"), "p", patience_s=5)
    assert [Written] == [type(one) for one in remote.write([new(1)])]
    assert "1" == remote.read("a", "1").id
    assert ["1"] == [one.id for page in remote.changes(None) for one in page.found]
    remote.close()


@insecure
def test_making_a_container_needs_more_rights(signed_in):
    azure = signed_in("reader")
    words = ("RBAC", "Cosmos DB Built-in Data Contributor", "--print-az")
    refused(RemoteRefused, lambda: make_container(azure, dimensions=2, patience_s=5), *words, code="remote_refused")


@insecure
@pytest.mark.parametrize("token", ["old", "unknown"])
def test_an_expired_sign_in_is_refused(signed_in, token):
    azure = signed_in(token)
    refused(RemoteRefused, lambda: read(azure), "expired", "az login", code="remote_refused")


@insecure
def test_nobody_signed_in_is_said_with_the_remedy(signed_in):
    azure = signed_in(ClientAuthenticationError("no credential here\nor there"))
    refused(RemoteRefused, lambda: read(azure), "no credential here", "az login", code="remote_refused")


# Key Vault


@pytest.fixture
def vault(monkeypatch):
    """A vault that answers as told: with a value or an error."""
    import azure.identity
    import azure.keyvault.secrets

    class Vault:
        def __init__(self, url, credential, **_):
            self.url = url

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def get_secret(self, name):
            answer = answers[self.url, name]
            if isinstance(answer, Exception):
                raise answer
            return type("Secret", (), {"value": answer})

    answers = {}
    monkeypatch.setattr(azure.keyvault.secrets, "SecretClient", Vault)
    monkeypatch.setattr(azure.identity, "DefaultAzureCredential", lambda **_: None)
    return answers


def in_vault(azure):
    return Azure(endpoint=azure.endpoint, auth="key", key="${KEYVAULT:cosmos}", key_vault="https://v.vault.azure.net")


def test_the_key_may_be_in_a_vault(azure, vault):
    vault["https://v.vault.azure.net", "cosmos"] = KEY
    assert read(in_vault(azure)) is None


@pytest.mark.parametrize(
    "answer, error, words",
    [
        (ClientAuthenticationError("no"), RemoteRefused, ("the secret cosmos", "az login")),
        (ResourceNotFoundError("no"), RemoteRefused, ("there is no", "azure.key_vault")),
        (HttpResponseError("no"), RemoteRefused, ("Key Vault Secrets User",)),
        (ServiceRequestError("no"), RemoteUnreachable, ("v.vault.azure.net", "azure.key_vault")),
        ("", RemoteRefused, ("is empty",)),
    ],
)
def test_a_vault_that_gives_no_key_is_said_with_what_to_do(azure, vault, answer, error, words):
    vault["https://v.vault.azure.net", "cosmos"] = answer
    refused(error, lambda: read(in_vault(azure)), *words, code=error.code)


# Making the container


def test_making_it_again_makes_nothing(azure):
    again = make_container(azure, dimensions=2, patience_s=5)
    assert (False, False, ()) == (again.database_made, again.container_made, again.warnings)


def test_the_container_has_the_policies_that_queries_need(azure, server):
    from azure.cosmos import CosmosClient

    with CosmosClient(azure.endpoint, KEY) as client:
        properties = client.get_database_client("alma").get_container_client("memories").read()
    assert {"paths": ["/project_id", "/agent"], "kind": "MultiHash", "version": 2} == properties["partitionKey"]
    assert [{"path": "/embedding", "type": "quantizedFlat"}] == properties["indexingPolicy"]["vectorIndexes"]
    assert {"path": "/embedding/*"} in properties["indexingPolicy"]["excludedPaths"]
    [embedding] = properties["vectorEmbeddingPolicy"]["vectorEmbeddings"]
    assert ("cosine", "float32", 2) == (embedding["distanceFunction"], embedding["dataType"], embedding["dimensions"])


def test_a_container_of_others_is_never_taken(azure):
    from azure.cosmos import CosmosClient, PartitionKey

    with CosmosClient(azure.endpoint, KEY) as client:
        database = client.get_database_client("alma")
        database.create_container("theirs", PartitionKey(path="/tenant"))
        database.create_container("swapped", PartitionKey(path=["/agent", "/project_id"], kind="MultiHash"))
        database.create_container("plain", PartitionKey(path=["/project_id", "/agent"], kind="MultiHash"))
    theirs, plain = (Azure(endpoint=azure.endpoint, auth="key", container=name) for name in ("theirs", "plain"))
    words = ("/tenant", "azure.container")
    refused(RemoteError, lambda: make_container(theirs, dimensions=2, patience_s=5), *words, code="remote_error")
    refused(RemoteError, lambda: read(theirs), *words, code="remote_error")
    swapped = Azure(endpoint=azure.endpoint, auth="key", container="swapped")
    refused(RemoteError, lambda: read(swapped), "by /agent, /project_id, not", "azure.container", code="remote_error")
    [warning] = make_container(plain, dimensions=2, patience_s=5).warnings
    assert "no vector policy" in warning
    [warning] = make_container(azure, dimensions=3, patience_s=5).warnings
    assert "2 dimensions" in warning
    with CosmosClient(azure.endpoint, KEY) as client:
        database = client.get_database_client("alma")
        key = PartitionKey(path=["/project_id", "/agent"], kind="MultiHash")
        no_index = {"indexingMode": "none", "automatic": False}
        database.create_container("unindexed", key, indexing_policy=no_index)
        database.create_container("fleeting", key, default_ttl=3600)
        database.create_container("not-by-itself", key, default_ttl=-1)
    unindexed, fleeting, lasting = (
        make_container(Azure(endpoint=azure.endpoint, auth="key", container=name), dimensions=2, patience_s=5).warnings
        for name in ("unindexed", "fleeting", "not-by-itself")
    )
    assert "no index" in unindexed[1]
    assert "expire after 3,600 s" in fleeting[1]
    assert ["no vector policy"] == [words for words in ("no vector policy", "expire") if words in " ".join(lasting)]


def test_loading_the_adapter_loads_nothing_of_azure():
    import subprocess
    import sys

    code = (
        "import sys, alma_cli.remote.cosmos.remote; print([name for name in sys.modules if name.startswith('azure')])"
    )
    assert "[]\n" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout


def test_releases_of_the_sdk_that_may_hang_are_not_taken():
    extra = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]["azure"]
    assert "azure-cosmos>=4.14.5,<5" in extra
