"""The protocol's lines on stdin and stdout: each is answered, whatever it is, with its id if it has one."""

import json
import os
import sys
from collections import Counter
from contextlib import suppress
from functools import partial
from math import isfinite
from typing import BinaryIO, NoReturn, get_args

import anyio
from anyio.to_thread import run_sync
from mcp.server.fastmcp import FastMCP
from mcp.shared.message import SessionMessage
from mcp.types import (
    INVALID_REQUEST,
    LATEST_PROTOCOL_VERSION,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    ClientRequest,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    RequestId,
)

from alma_cli.core.text import clean, did_you_mean, one_line
from alma_cli.errors import Interrupted

_METHODS = {
    method
    for request in get_args(ClientRequest.model_fields["root"].annotation)
    for method in get_args(request.model_fields["method"].annotation)
}
_UNNAMED = {"name": "", "version": ""}
_HELLO = {"protocolVersion": LATEST_PROTOCOL_VERSION, "capabilities": {}, "clientInfo": _UNNAMED}
"""The parameters of `initialize` where a client leaves some of them out."""

_LONGEST = 64 * 2**20
"""Bytes of a line from the client; after a longer one nothing more is read."""
_LAST_ANSWERS_S = 60
"""Seconds after the end of stdin in which what was asked before is still answered."""


def serve(server: FastMCP) -> None:
    """Answer on stdin and stdout until stdin ends. What anything else prints goes to stderr."""
    if sys.stdin is None:  # it was closed, which is its end
        return
    protocol = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    try:
        anyio.run(_Lines(sys.stdin.buffer, protocol).exchange, server)
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        _leave(Interrupted.exit_code)


def _leave(code: int) -> NoReturn:
    """End the process, without waiting for threads that read stdin or wait for the store; what was recorded is kept."""
    sys.stderr.flush()
    os._exit(code)


class _Lines:
    """The lines between a client and the server, and which of them were not answered yet."""

    def __init__(self, stdin: BinaryIO, stdout: BinaryIO) -> None:
        self.stdin = stdin
        self.stdout = stdout
        self.unanswered = Counter[RequestId]()
        self.answered = anyio.Event()
        self.writing = anyio.Lock()
        self.to_server, self.from_client = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        self.to_client, self.from_server = anyio.create_memory_object_stream[SessionMessage](0)

    async def exchange(self, server: FastMCP) -> None:
        """Give the server what the client writes, and the client what the server answers, until stdin ends."""
        low_level = server._mcp_server  # noqa: SLF001  # the SDK's own way with streams of one's own
        async with anyio.create_task_group() as group:
            group.start_soon(self.read)
            group.start_soon(self.write)
            await low_level.run(self.from_client, self.to_client, low_level.create_initialization_options())

    async def read(self) -> None:
        """Take lines from the client; after the last, wait until what was asked is answered."""
        async with self.to_server:
            while line := await run_sync(self.stdin.readline, _LONGEST, abandon_on_cancel=True):
                if len(line) == _LONGEST:
                    await self.put(json.dumps(_error(None, PARSE_ERROR, f"a line of over {_LONGEST >> 20} MiB")))
                    break
                for message in messages_in(line):
                    if isinstance(message, dict):
                        await self.put(json.dumps(message))
                    elif message is not None:
                        if isinstance(message.root, JSONRPCRequest):
                            self.unanswered[message.root.id] += 1
                        await self.to_server.send(SessionMessage(message))
            with anyio.move_on_after(_LAST_ANSWERS_S):
                while self.unanswered:
                    self.answered = anyio.Event()
                    await self.answered.wait()

    async def write(self) -> None:
        """Give the client what the server answers."""
        async with self.from_server:
            async for message in self.from_server:
                root = message.message.root
                await self.put(root.model_dump_json(by_alias=True, exclude_none=True))
                if not isinstance(root, JSONRPCRequest | JSONRPCNotification):
                    self.unanswered -= Counter([root.id])
                    self.answered.set()

    async def put(self, line: str) -> None:
        """Write a line to the client."""
        async with self.writing:
            await run_sync(partial(_write_all, self.stdout, f"{line}\n".encode()), abandon_on_cancel=True)


def _write_all(file: BinaryIO, content: bytes) -> None:
    try:
        while content:
            content = content[file.write(content) :]
    except OSError:  # the client is gone
        _leave(0)


def messages_in(line: bytes) -> list[JSONRPCMessage | dict[str, object] | None]:
    """What is in a line: one message or, as protocol 2025-03-26 has it, a batch of them, each answered by itself."""
    if line.lstrip()[:1] == b"[":
        with suppress(ValueError, RecursionError):
            return [message_in(json.dumps(one).encode()) for one in json.loads(line)] or [message_in(line)]
    return [message_in(line)]


def message_in(line: bytes) -> JSONRPCMessage | dict[str, object] | None:
    """The message in a line or, if it can't be used, the answer to it; None for an empty line."""
    if not line.strip():
        return None
    try:
        message = _mended(line.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return _refusal(line)
    root = message.root
    if not isinstance(root, JSONRPCRequest | JSONRPCNotification):  # an answer, though nothing was asked
        return None
    if isinstance(root, JSONRPCRequest) and root.method not in _METHODS:
        hint = did_you_mean(root.method, _METHODS)
        told = f"there is no method {one_line(root.method, 60)}{f' ({hint})' if hint else ''}"
        return _error(root.id, METHOD_NOT_FOUND, told)
    if isinstance(root, JSONRPCRequest) and root.method == "initialize":
        given = {**_HELLO, **(root.params or {})}
        if isinstance(client := given["clientInfo"], dict):
            given["clientInfo"] = {**_UNNAMED, **client}
        root.params = given
    return message


def _mended(text: str) -> JSONRPCMessage:
    """The message. Raises `ValueError` or `RecursionError`.

    Half an emoji, as programs leave it that cut texts by length, becomes a sign for one, and an id `2.0` the number 2.
    """
    try:
        return _validated(text)
    except ValueError:
        given = json.loads(text)
        if isinstance(given, dict) and isinstance(id := given.get("id"), float) and id.is_integer():
            given["id"] = int(id)
        return _validated(clean(json.dumps(given, ensure_ascii=False)))


def _validated(text: str) -> JSONRPCMessage:
    message = JSONRPCMessage.model_validate_json(text)
    if isinstance(message.root, JSONRPCNotification) and "id" in (message.root.model_extra or {}):
        raise ValueError("a request whose id can't be used")
    return message


def _refusal(line: bytes) -> dict[str, object]:
    try:
        given = json.loads(line.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return _error(None, PARSE_ERROR, "this line isn't JSON")
    if isinstance(given, list):
        return _error(None, INVALID_REQUEST, "this is a list, and no message")
    if not isinstance(given, dict):
        return _error(None, INVALID_REQUEST, "this line isn't a JSON object")
    id = given.get("id")
    is_none = isinstance(id, bool) or (isinstance(id, float) and not isfinite(id))  # JSON has no Infinity to answer
    usable = isinstance(id, str | int | float) and not is_none
    return _error(id if usable else None, INVALID_REQUEST, "this isn't a JSON-RPC 2.0 message that can be used")


def _error(id: object, code: int, message: str) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}}
