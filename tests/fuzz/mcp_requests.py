"""The MCP server: lines of the protocol, its tools with odd arguments; each request has one answer, in ALMA's words."""

import io
import json
import re

import anyio

from alma_cli.errors import AlmaError
from alma_cli.hooks.claude import answer_event, learn_turn
from alma_cli.mcp_server import SessionCalls, build_server
from alma_cli.mcp_server.stdio import _Lines
from tests.fuzz import drawing
from tests.fuzz.command_line import WORDS
from tests.fuzz.doors import Door, Fault

HELLO = [
    {"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}},
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
]  # fmt: skip
PING = {"jsonrpc": "2.0", "id": "the last", "method": "ping"}
TOOLS = {
    "learn": {"task": "Test the login form", "outcome": "success", "strategy": "s", "when": "w", "do": "d", "domain": "testing", "used": [],
              "error": "e", "feedback": "f", "retrieval_id": "r", "as_agent": "helena", "followed": ""},
    "retrieve": {"task": "Test the login form", "as_agent": "helena", "top_k": 5, "max_tokens": 500, "user": "u"},
    "reflect": {"domain": "testing", "review": False, "as_agent": "helena"},
    "apply_reflection": {"answer": "\n".join(map(json.dumps, WORDS)), "as_agent": "helena"},
    "show": {"id": "0"},
    "stats": {},
    "add": {"kind": "knowledge", "text": "CI has two cores", "domain": "ui", "project_wide": False, "as_agent": "victor", "source": "wiki"},
    "feedback": {"id": "0", "helped": True},
    "forget": {"ids": ["0"]},
    "hook": {"event": "stop", "session_id": "s1", "prompt": "p", "message": "Alma-Outcome: success", "command": "npm test", "output": "ok"},
}  # fmt: skip
OTHERS = ["tools/list", "resources/read", "prompts/get", "resources/list", "ping", "initialize", "logging/setLevel", "completion/complete",
          "notifications/cancelled", "notifications/initialized", "tools/call", "resources/templates/list", "nope"]  # fmt: skip
CODES = {one.code for one in [AlmaError]}


def _codes(of):
    for one in of.__subclasses__():
        yield one.code
        yield from _codes(one)


CODES |= set(_codes(AlmaError))
OUR_WORDS = re.compile(rf"^(?:{'|'.join(sorted(CODES))}): .")


class McpRequests(Door):
    name = "MCP"

    def begin(self):
        self.server = build_server(self.place.alma(), "helena", SessionCalls(answer_event, learn_turn))

    def one(self, chance):
        line = self.drawn(chance)
        self.given = line
        lines = [*(json.dumps(one).encode() for one in HELLO), line, json.dumps(PING).encode()]
        out = io.BytesIO()
        anyio.run(_Lines(io.BytesIO(b"\n".join(lines) + b"\n"), out).exchange, self.server)
        answers = [json.loads(one) for one in out.getvalue().splitlines()]
        ids = [answer.get("id") for answer in answers if "method" not in answer]
        if ids.count("hello") != 1 or ids.count("the last") != 1:
            raise Fault(f"the server doesn't go on: {answers}")
        for answer in answers:
            self.check(answer)
        asked = _request(line)
        if asked is not None and ids.count(asked) != 1:
            raise Fault(f"the request {asked!r} has {ids.count(asked)} answers: {answers}")

    def drawn(self, chance):
        tool = chance.choice(list(TOOLS))
        message = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": tool, "arguments": drawing.broken(chance, TOOLS[tool])},
        }
        if chance.random() < 0.1:
            params = drawing.broken(
                chance, {"uri": "alma://slice/x", "name": "with_memories", "arguments": {"task": "t"}, "requestId": 1}
            )
            message |= {"method": chance.choice(OTHERS), "params": params}
        if chance.random() < 0.15:
            message = drawing.broken(chance, message)
        content = drawing.written(chance, message).replace(b"\n", b" ")
        return drawing.damaged(chance, content, 0.1).replace(b"\n", b" ").replace(b"\r", b" ")

    def check(self, answer):
        """An error has ALMA's words, or is one of the protocol's."""
        result = answer.get("result", {})
        if result.get("isError"):
            said = result["content"][0]["text"]
            if not OUR_WORDS.match(said):
                raise Fault(f"an error that isn't ALMA's: {said!r}")
        elif "error" in answer and "hello" != answer["id"]:
            code, said = answer["error"]["code"], answer["error"]["message"]
            known = (
                code in (-32700, -32600, -32601, -32602)
                or OUR_WORDS.match(said)
                or (code == 0 and said.startswith(KNOWN))
            )
            if not known:
                raise Fault(f"an error that isn't the protocol's: {answer}")


KNOWN = ("Unknown resource", "Error rendering prompt with_memories: invalid_input")


def _request(line):
    """The id of a request that surely is one; one that is nested very deeply may be no JSON to the server."""
    if b"[" * 400 in line or b'{"a":' * 400 in line:
        return None
    try:
        message = json.loads(line.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0" or message.get("method") != "tools/call":
        return None
    id = message.get("id")
    return id if isinstance(id, str | int) and not isinstance(id, bool) and abs(hash(id)) < 2**60 else None
