"""`alma mcp`: the memory as an MCP server on stdio."""

from alma_cli.api.arguments import agent_of
from alma_cli.cli.inputs import Memory
from alma_cli.cli.options import Agent
from alma_cli.cli.output import Reply


def mcp(alma: Memory, agent: Agent = None) -> Reply:
    """Serve the memory by the Model Context Protocol, on stdin and stdout. An agent's host starts this, not you.

    Tools: retrieve, search, learn, reflect, apply_reflection, add, show, feedback, forget, stats, and hook, which
    answers the events of a session to a host that can call tools from its hooks. Needs the extra `mcp`.

    \b
    Examples:
      alma mcp --agent helena
      claude mcp add alma -- alma mcp --agent helena
    """
    if agent is not None:
        agent_of(alma.config, agent)
    from alma_cli.hooks.claude import answer_event, learn_turn
    from alma_cli.mcp_server import SessionCalls, build_server, serve

    serve(build_server(alma, agent, SessionCalls(answer_event, learn_turn)))
    return Reply()
