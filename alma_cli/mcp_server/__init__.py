"""The MCP server on stdio: each tool is one call of the API. On stdout there is the protocol and nothing else."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from alma_cli.api import ALMA
from alma_cli.errors import AlmaError

if TYPE_CHECKING:
    from mcp.server.fastmcp import FastMCP

    from alma_cli.core.records import JsonValue

AnswerEvent: TypeAlias = "Callable[[ALMA, str, str, JsonValue], str]"
"""Answers an event of an agent's session: the memory, the event, the agent and the payload give the text to print."""


def build_server(alma: ALMA, agent: str | None, answer_event: AnswerEvent) -> "FastMCP":
    """The server of a project's memory; `agent` is who calls, unless a call says otherwise.

    `answer_event` answers the host's hooks. Raises `AlmaError` when the extra `mcp` isn't installed.
    """
    try:
        import mcp.server.fastmcp  # noqa: F401  # what follows needs it
    except ImportError as error:
        from alma_cli.installation import how_to_add

        raise AlmaError(
            "the MCP server needs the extra `mcp`",
            hint=how_to_add("mcp"),
        ) from error
    from alma_cli.mcp_server.server import Server
    from alma_cli.mcp_server.tools import INSTRUCTIONS, add_tools

    server = Server(INSTRUCTIONS)
    add_tools(server, alma, agent, answer_event)
    return server


def serve(server: "FastMCP") -> None:
    """Answer on stdin and stdout until stdin ends. What anything else prints goes to stderr."""
    from alma_cli.mcp_server.stdio import serve

    serve(server)
