"""What ALMA uses of the MCP SDK beyond what that promises to keep. A failure says what to mend in `mcp_server.py`."""

from mcp.server.fastmcp import FastMCP


def test_a_server_has_the_low_level_one_that_takes_streams_of_our_own():
    """`serve` keeps stdout for the protocol by giving `_mcp_server.run` its streams: is that still how it is called?"""
    low_level = FastMCP("alma")._mcp_server
    assert "alma" == low_level.create_initialization_options().server_name
    assert callable(low_level.run)
