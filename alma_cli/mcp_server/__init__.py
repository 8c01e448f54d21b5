"""The MCP server on stdio: each tool is one call of the API. On stdout there is the protocol and nothing else."""

from typing import TYPE_CHECKING

from alma_cli.api import ALMA
from alma_cli.errors import AlmaError

if TYPE_CHECKING:
    from mcp.server.fastmcp import FastMCP


def build_server(alma: ALMA, agent: str | None) -> "FastMCP":
    """The server of a project's memory; `agent` is who calls, unless a call says otherwise.

    Raises `AlmaError` when the extra `mcp` isn't installed.
    """
    try:
        import mcp.server.fastmcp  # noqa: F401  # what follows needs it
    except ImportError as error:
        raise AlmaError(
            "the MCP server needs the extra `mcp`",
            hint='python -m pip install "mcp>=1.10,<2"',
        ) from error
    from alma_cli.mcp_server.server import Server
    from alma_cli.mcp_server.tools import INSTRUCTIONS, add_tools

    server = Server(INSTRUCTIONS)
    add_tools(server, alma, agent)
    return server


def serve(server: "FastMCP") -> None:
    """Answer on stdin and stdout until stdin ends. What anything else prints goes to stderr."""
    from alma_cli.mcp_server.stdio import serve

    serve(server)
