"""The server in a thread of this process or as a process of its own, and the controls that both have.

    with cosmos_thread() as server:
        CosmosClient(server.endpoint, KEY)

The controls go over HTTP as well (`/_controls/...`), so that tests are the same wherever the server runs.
"""

import asyncio
import contextlib
import json
import math
import os
import ssl
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.cosmos_server.account import Account
from tests.cosmos_server.faults import Fault, Faults, to_json
from tests.cosmos_server.ranges import effective_key
from tests.cosmos_server.wire import Connection, Request, Response

KEY = "YWxtYS10ZXN0LWFjY291bnQta2V5LW5vdC1hLXNlY3JldC1hdC1hbGwhISEhISEhISEhISEhISEhISEhISEhIQ=="
"""The account's master key, in base64."""

CONTROLS = "/_controls/"

_TURNS_TO_ACCEPT = 8
"""Turns of the loop, and some to spare, after which a connection that was just accepted is known, and can be closed.

A server that is closed before leaves it open, and says so when it is collected, in the middle of another test.
"""


class CosmosServer:
    """A running server, as tests see it: its address, and the controls."""

    def __init__(self, endpoint: str):
        self.endpoint = endpoint

    def fault(self, *faults: Fault) -> None:
        """Let these things go wrong, besides those that do already."""
        for fault in faults:
            self._control("fault", json.loads(to_json(fault)))

    def quiet(self) -> int:
        """Let nothing go wrong any more; how many requests met a fault."""
        return self._control("quiet", {"keep": False})["met"]

    def change_faults(self, *faults: Fault) -> None:
        """Let these things go wrong, and nothing else; the count of `quiet` goes on."""
        self._control("quiet", {"keep": True})
        self.fault(*faults)

    def seed(self, seed: int) -> None:
        """Begin the chance of faults anew."""
        self._control("seed", {"seed": seed})

    def counts(self, *, clear: bool = True) -> dict[str, int]:
        """How many requests of each kind came since they were last cleared."""
        return self._control("counts", {"clear": clear})["counts"]

    def charged(self) -> float:
        """The request units charged since the server began."""
        return self._control("counts", {"clear": False})["charged"]

    def set(self, **settings: float | dict) -> None:
        """Change some of: `skew_s` of the clock that `Date` shows; `page_cap`, the most items of a page; `tokens`, the
        bearer tokens that are known; `units_per_s`, the request units that requests may spend (0: any number), `lag_s`
        by which reads without a session lag behind writes (0: not at all), and `gives_sessions`.
        """
        self._control("set", settings)

    def split(self, database: str, container: str, partition: list) -> None:
        """Split the physical range that holds a partition, there."""
        self._control("split", {"database": database, "container": container, "partition": partition})

    def forget(self, database: str) -> None:
        """Delete a database, if it is there."""
        self._control("forget", {"database": database})

    def items(self, database: str, container: str) -> list[dict]:
        """All documents of a container, with the system's properties."""
        return self._control("items", {"database": database, "container": container})["items"]

    def _control(self, name, body=None):
        context = ssl._create_unverified_context() if self.endpoint.startswith("https") else None
        request = urllib.request.Request(self.endpoint.rstrip("/") + CONTROLS + name, json.dumps(body or {}).encode())
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(request, timeout=60) as response:
            return json.loads(response.read())


def controlled(account: Account, request: Request) -> Response:
    """The answer to a request for the controls."""
    name, given = request.path.removeprefix(CONTROLS), request.json()
    answer: dict = {}
    if name == "fault":
        account.faults.active.append(Fault(**{**given, "kinds": tuple(given["kinds"])}))
    elif name == "quiet":
        answer = {"met": account.faults.met}
        met = account.faults.met if given["keep"] else 0
        account.faults = Faults(chance=account.faults.chance, met=met)
    elif name == "seed":
        account.faults.chance.seed(given["seed"])
    elif name == "counts":
        answer = {"counts": dict(account.counts), "charged": account.charged}
        if given["clear"]:
            account.counts.clear()
    elif name == "set":
        for key, value in given.items():
            setattr(account, key, value)
    elif name == "split":
        container = account.resources.container(given["database"], given["container"])
        container.ranges.split(effective_key(tuple(given["partition"])))
    elif name == "forget":
        account.resources.databases.pop(given["database"], None)
    elif name == "items":
        container = account.resources.container(given["database"], given["container"])
        container.seen_until = math.inf
        answer = {"items": [item.body for item in container.items()]}
    else:
        return Response(404, b"{}")
    return Response(200, json.dumps(answer).encode())


async def serve(account: Account, *, certificate: str = "", started, stop: asyncio.Event) -> None:
    """Listen on a free port of loopback until told to stop; `started` is called with the address."""
    loop = asyncio.get_running_loop()
    connections: set[Connection] = set()

    def answer(request):
        if request.path.startswith(CONTROLS):
            return controlled(account, request)
        return account.answer(request)

    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    server = await loop.create_server(
        lambda: Connection(answer, open_connections=connections), "127.0.0.1", 0, ssl=context
    )
    port = server.sockets[0].getsockname()[1]
    account.address = f"{'https' if certificate else 'http'}://127.0.0.1:{port}/"
    started(account.address)
    await stop.wait()
    for listening in server.sockets:
        loop.remove_reader(listening.fileno())
    for _ in range(_TURNS_TO_ACCEPT):
        for connection in list(connections):
            connection.transport.abort()
        await asyncio.sleep(0)
    server.close()


@contextlib.contextmanager
def cosmos_thread(*, ranges: int = 4, certificate: str = "") -> Iterator[CosmosServer]:
    """A server in a thread of this process."""
    account = Account(key=KEY, ranges=ranges)
    ready, address, stopping = threading.Event(), [], []

    def run():
        async def main():
            stop = asyncio.Event()
            stopping.extend((asyncio.get_running_loop(), stop))

            def started(where):
                address.append(where)
                ready.set()

            await serve(account, certificate=certificate, started=started, stop=stop)

        asyncio.run(main())

    thread = threading.Thread(target=run, name="cosmos-server", daemon=True)
    thread.start()
    if not ready.wait(30):
        raise RuntimeError("the server did not start")
    try:
        yield CosmosServer(address[0])
    finally:
        loop, stop = stopping
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)


@contextlib.contextmanager
def cosmos_process(*, ranges: int = 4) -> Iterator[CosmosServer]:
    """A server as a process of its own, which ends with its standard input."""
    command = [sys.executable, "-m", "tests.cosmos_server", "--ranges", str(ranges)]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as process:
        try:
            yield CosmosServer(process.stdout.readline().strip())
        finally:
            process.stdin.close()
            process.wait(30)
