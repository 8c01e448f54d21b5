"""`alma hook`: answer what installed hooks ask. It never breaks or delays its host."""

import sys
from typing import Annotated

from alma_cli.api.arguments import agent_of
from alma_cli.cli.inputs import open_alma
from alma_cli.cli.options import Agent, Dir, argument, option
from alma_cli.cli.output import Reply
from alma_cli.errors import InvalidInput
from alma_cli.hooks.events import AGENT_EVENTS, DEADLINE_S, GIT_EVENTS

_PATIENCE_S = 0.7
"""For a store that others use. A retrieve then gives nothing; what is to be recorded waits in the journal."""


def hook(
    event: Annotated[str, argument("EVENT", f"{', '.join((*AGENT_EVENTS, *GIT_EVENTS))}.")],
    commits: Annotated[str, argument("[COMMITS]", "For git's events: the commit's id, or ID..ID.")] = "",
    agent: Agent = None,
    deadline: Annotated[float, option("--deadline SECONDS", "End after so long, done or not.")] = DEADLINE_S,
    directory: Dir = None,
) -> Reply:
    """Answer an event of an agent's session, or of git. Installed hooks call this: see `alma install`.

    An agent's event is JSON on stdin, in the form of Claude Code's hooks, and so is the answer on stdout: at most 3,000
    characters of context, or nothing when nothing is relevant. The exit code is always 0; on any trouble stdout stays
    empty and the reason is in .alma/log/hooks.log.

    \b
    Examples:
      echo '{"session_id": "s1", "prompt": "Fix the login test"}' \\
          | alma hook user-prompt-submit --agent helena
      alma hook post-commit "$(git rev-parse HEAD)"
    """
    if event in GIT_EVENTS:
        from alma_cli.hooks.git import answer_git

        return Reply(warnings=answer_git(open_alma(directory), event, agent, commits))
    if event not in AGENT_EVENTS:
        raise InvalidInput(f"there is no event {event!r}")
    from alma_cli.hooks import claude
    from alma_cli.hooks.guard import parsed
    from alma_cli.hooks.notes import to_note

    content = b"" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.buffer.read()
    alma = open_alma(directory, _PATIENCE_S)
    return Reply(text=claude.answer_noted(alma, event, agent_of(alma.config, agent), to_note(parsed(content))))
