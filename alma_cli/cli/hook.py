"""`alma hook`: its options; what it does is in hooking.py."""

from typing import Annotated

import typer

from alma_cli.cli.options import Agent, Dir, Options
from alma_cli.hooks.events import AGENT_EVENTS, DEADLINE_S, GIT_EVENTS


def hook(
    event: Annotated[str, typer.Argument(metavar="EVENT", help=f"{', '.join((*AGENT_EVENTS, *GIT_EVENTS))}.")],
    commits: Annotated[
        str, typer.Argument(metavar="[COMMITS]", help="For git's events: the commit's id, or ID..ID.")
    ] = "",
    agent: Agent = None,
    deadline: Annotated[
        float, typer.Option("--deadline", metavar="SECONDS", help="End after so long, done or not.")
    ] = DEADLINE_S,
    directory: Dir = None,
) -> Options:
    """Answer an event of an agent's session, or of git. Installed hooks call this: see `alma install`.

    An agent's event is JSON on stdin, in the form of Claude Code's hooks, and so is the answer on stdout: at most 9,000
    characters of context, or nothing when nothing is relevant. The exit code is always 0; on any trouble stdout stays
    empty and the reason is in .alma/log/hooks.log.

    \b
    Examples:
      echo '{"session_id": "s1", "prompt": "Fix the login test"}' | alma hook user-prompt-submit --agent helena
      alma hook post-commit "$(git rev-parse HEAD)"
    """
    return locals()
