"""The protocol's lines, as a client writes them that is not the official one."""

import fcntl
import json
import os
import signal
import subprocess
import sys

import pytest

HELLO = [
    {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}},
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
]  # fmt: skip


def calling(id, tool, **arguments):
    return {"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


class Client:
    """A server of its own, to which lines are written and from which they are read."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "alma_cli", "mcp", "--wait", "60"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def write(self, *lines):
        for line in lines:
            raw = line if isinstance(line, bytes) else json.dumps(line).encode()
            self.process.stdin.write(raw + b"\n")
        self.process.stdin.flush()

    def read(self):
        return json.loads(self.process.stdout.readline())


@pytest.fixture
def client(project):
    client = Client()
    yield client
    client.process.kill()
    client.process.communicate()


@pytest.fixture
def busy_store(project, learn):
    """The store, whose lock somebody holds."""
    learn("Ship")
    with open(project / ".alma/lock", "rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def test_every_line_is_answered_with_its_id_and_the_server_goes_on(client):
    client.write(*HELLO)
    assert 0 == client.read()["id"]
    for line, id, code in [
        (b"no json", None, -32700),
        (b"{", None, -32700),
        (b"[" * 100_000, None, -32700),
        (b"\xff\xfe", None, -32700),
        ([], None, -32600),
        ([[]], None, -32600),
        ([17], None, -32600),
        (b"17", None, -32600),
        ({"id": 2, "method": "ping"}, 2, -32600),
        ({"jsonrpc": "1.0", "id": "three", "method": "ping"}, "three", -32600),
        ({"jsonrpc": "2.0", "id": 4, "method": 4}, 4, -32600),
        ({"jsonrpc": "2.0", "id": 5, "method": "ping", "params": [1]}, 5, -32600),
        ({"jsonrpc": "2.0", "id": 6.5, "method": "ping"}, 6.5, -32600),
        ({"jsonrpc": "2.0", "id": {"a": 1}, "method": "ping"}, None, -32600),
        (b'{"jsonrpc": "2.0", "id": 1e400, "method": "ping"}', None, -32600),
        (b'{"jsonrpc": "2.0", "id": NaN, "method": "ping"}', None, -32600),
        ({"jsonrpc": "2.0", "id": 8, "method": "no/such"}, 8, -32601),
        ({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": {"arguments": "x"}}, 9, -32602),
    ]:
        client.write(b"", line)
        answer = client.read()
        assert (id, code) == (answer["id"], answer["error"]["code"]), line
        assert "pydantic" not in json.dumps(answer)
    client.write(b'\xef\xbb\xbf{"jsonrpc": "2.0", "id": 10, "method": "ping"}')
    assert {"jsonrpc": "2.0", "id": 10, "result": {}} == client.read()


def test_half_an_emoji_and_a_whole_number_with_a_point_are_read(client, run_json):
    line = json.dumps(calling(2, "learn", task="Cut here \ud83d", outcome="success"))
    client.write(*HELLO, line.replace('"id": 2', '"id": 2.0').encode())
    assert [0, 2] == [client.read()["id"], client.read()["id"]]
    client.write(b'{"jsonrpc": "2.0", "id": 3.0, "method": "ping"}')
    assert {"jsonrpc": "2.0", "id": 3, "result": {}} == client.read()
    assert ["Cut here \ufffd"] == [record["task"] for record in run_json("list")["data"]["memories"]]


def test_a_client_that_leaves_out_who_it_is_is_served_and_its_answers_to_nothing_are_passed_over(client):
    hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize"}
    for id, params in enumerate(({}, {"params": {"protocolVersion": "2025-06-18", "clientInfo": {"name": "mine"}}})):
        client.write({**hello, **params, "id": id})
        answer = client.read()
        assert (id, "alma") == (answer["id"], answer["result"]["serverInfo"]["name"])
    client.write(
        HELLO[1],
        {"jsonrpc": "2.0", "id": 98, "result": {}},
        {"jsonrpc": "2.0", "id": 99, "error": {"code": -1, "message": "no"}},
        {"jsonrpc": "2.0", "id": 2, "method": "ping"},
    )
    assert {"jsonrpc": "2.0", "id": 2, "result": {}} == client.read()


def test_each_message_of_a_batch_is_answered_by_itself(client):
    client.write(*HELLO)
    client.read()
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    client.write([ping, {"jsonrpc": "2.0", "method": "notifications/roots/list_changed"}, 3, ping | {"id": "b"}])
    answers = [client.read() for _ in range(3)]
    assert {None, 1, "b"} == {answer["id"] for answer in answers}
    assert [-32600] == [answer["error"]["code"] for answer in answers if "error" in answer]


def test_what_was_asked_is_answered_though_stdin_ends_at_once(client, run_json):
    asked = [calling(number, "learn", task=f"Ship {number}", outcome="success") for number in range(1, 6)]
    out, _ = client.process.communicate(b"".join(json.dumps(line).encode() + b"\n" for line in [*HELLO, *asked]))
    assert [0, 1, 2, 3, 4, 5] == [json.loads(line)["id"] for line in out.splitlines()]
    assert ([f"Ship {number}" for number in range(5, 0, -1)], 0) == (
        [record["task"] for record in run_json("list")["data"]["memories"]],
        client.process.returncode,
    )


def test_a_ping_is_answered_and_a_call_cancelled_while_the_store_is_busy(busy_store, client):
    client.write(*HELLO, calling(1, "retrieve", task="Ship"), {"jsonrpc": "2.0", "id": 2, "method": "ping"})
    assert [0, 2] == [client.read()["id"], client.read()["id"]]
    client.write({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})
    cancelled = client.read()
    assert (1, "Request cancelled") == (cancelled["id"], cancelled["error"]["message"])
    client.write(calling(3, "retrieve", task="Ship"), {"jsonrpc": "2.0", "id": 4, "method": "ping"})
    assert 4 == client.read()["id"]
    fcntl.flock(busy_store, fcntl.LOCK_UN)
    answer = client.read()
    assert (3, False) == (answer["id"], answer["result"]["isError"])


@pytest.mark.parametrize("doing", [[], [calling(1, "retrieve", task="Ship")]], ids=["idle", "busy"])
def test_one_interrupt_ends_it(busy_store, client, doing):
    client.write(*HELLO, *doing, {"jsonrpc": "2.0", "id": 2, "method": "ping"})
    assert [0, 2] == [client.read()["id"], client.read()["id"]]
    os.kill(client.process.pid, signal.SIGINT)
    assert 130 == client.process.wait()
    assert b"error: interrupted\n" == client.process.stderr.read()


def test_a_closed_stdin_is_its_end(project):
    finished = subprocess.run(["sh", "-c", f"{sys.executable} -m alma_cli mcp <&-"], capture_output=True)
    assert (0, b"", b"") == (finished.returncode, finished.stdout, finished.stderr)


def test_it_ends_when_nobody_reads_its_answers(client):
    client.write(*HELLO)
    client.read()
    client.process.stdout.close()
    client.write({"jsonrpc": "2.0", "id": 1, "method": "ping"})
    assert 0 == client.process.wait()
    client.process.stdout = None


@pytest.mark.slow
def test_a_line_without_an_end_is_refused_and_ends_the_server(project):
    with open("/dev/zero", "rb") as endless:
        done = subprocess.run(
            [sys.executable, "-m", "alma_cli", "mcp"], stdin=endless, capture_output=True, timeout=120
        )
    assert (0, b"") == (done.returncode, done.stderr)
    assert "a line of over 64 MiB" == json.loads(done.stdout)["error"]["message"]
