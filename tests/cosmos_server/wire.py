"""HTTP/1.1 on asyncio: just what the SDK's transport needs, without the cost of a general server."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import unquote


@dataclass(slots=True)
class Request:
    """One request; header names are in lower case, `path` is decoded and has no query string."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self):
        """The body as JSON. Raises `Refused` (400)."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Refused(400, f"the body is not JSON: {error}") from None


@dataclass(slots=True)
class Response:
    """One response; `drop` closes the connection without sending it, `stall` keeps it open and silent."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    stall: bool = False
    skew_s: float = 0.0


class Refused(Exception):  # noqa: N818  # as in alma_cli/errors.py
    """A request that the service turns down."""

    def __init__(self, status, message, *, substatus=0, headers=None):
        super().__init__(message)
        self.status, self.message, self.substatus, self.headers = status, message, substatus, headers or {}

    def response(self):
        """The refusal as the service words it."""
        code = HTTPStatus(self.status).phrase.replace(" ", "") if self.status not in _CODES else _CODES[self.status]
        body = json.dumps({"code": code, "message": f"Message: {self.message}"}).encode()
        return Response(self.status, body, {"x-ms-substatus": str(self.substatus), **self.headers})


_CODES = {449: "RetryWith", 410: "Gone", 413: "RequestEntityTooLarge", 429: "TooManyRequests"}
_REASONS = {449: "Retry With"}


class Connection(asyncio.Protocol):
    """One client's connection, kept alive; requests are answered in order, at once."""

    def __init__(self, answer: Callable[[Request], Response], *, open_connections: set):
        self._answer, self._open = answer, open_connections
        self._received = bytearray()
        self._head: tuple[str, str, dict[str, str], int, int] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport):
        self.transport = transport
        self._open.add(self)

    def connection_lost(self, exc):
        self._open.discard(self)

    def data_received(self, data):
        self._received += data
        while (request := self._next_request()) is not None:
            self._send(self._answer(request))

    def _next_request(self):
        if self._head is None:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return None
            lines = bytes(self._received[:end]).decode("latin-1").split("\r\n")
            method, target, _ = lines[0].split(" ", 2)
            headers = {}
            for line in lines[1:]:
                name, _, value = line.partition(":")
                headers[name.strip().lower()] = value.strip()
            if "chunked" in headers.get("transfer-encoding", ""):
                raise ValueError("chunked requests are not expected from the SDK")
            self._head = (method, target, headers, end + 4, int(headers.get("content-length", "0")))
        method, target, headers, start, length = self._head
        if len(self._received) < start + length:
            return None
        body = bytes(self._received[start : start + length])
        del self._received[: start + length]
        self._head = None
        return Request(method, unquote(target.partition("?")[0]), headers, body)

    def _send(self, response):
        if response.stall:
            return
        if response.drop:
            self.transport.abort()
            return
        reason = _REASONS.get(response.status) or HTTPStatus(response.status).phrase
        lines = [f"HTTP/1.1 {response.status} {reason}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        lines += [f"Date: {_date(response.skew_s)}", f"Content-Length: {len(response.body)}"]
        if response.body:
            lines.append("Content-Type: application/json")
        self.transport.write("\r\n".join([*lines, "", ""]).encode("latin-1") + response.body)


def _date(skew_s):
    import time

    return formatdate(time.time() + skew_s, usegmt=True)
