"""The MCP server on stdio: each tool is one call of the API. On stdout there is the protocol and nothing else."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from alma_cli.api import ALMA
from alma_cli.errors import AlmaError

if TYPE_CHECKING:
    from mcp.server.fastmcp import FastMCP

    from alma_cli.api.learn import Learned
    from alma_cli.core.learning.reports import Report
    from alma_cli.core.records import JsonValue


class SessionCalls(NamedTuple):
    """The calls that concern an agent's session, which the hooks know of.

    `answer_event` has the text to print for the memory, an event, the agent and the payload; `learn_turn` records a
    report as the outcome of the present turn of the session of that name, or, without one, of the session that is on.
    """

    answer_event: "Callable[[ALMA, str, str, JsonValue], str]"
    learn_turn: "Callable[[ALMA, Report, str], Learned]"


def build_server(alma: ALMA, agent: str | None, calls: SessionCalls) -> "FastMCP":
    """The server of a project's memory; `agent` is who calls, unless a call says otherwise.

    Raises `AlmaError` when the extra `mcp` isn't installed.
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
    add_tools(server, alma, agent, calls)
    return server


def serve(server: "FastMCP") -> None:
    """Answer on stdin and stdout until stdin ends. What anything else prints goes to stderr."""
    from alma_cli.mcp_server.stdio import serve

    serve(server)
