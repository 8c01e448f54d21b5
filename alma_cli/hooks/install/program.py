"""The way hooks name the `alma` that they were installed from, and the agent that they work for."""

import os
import re
import shlex
import sys
from collections.abc import Iterable
from contextlib import suppress

from alma_cli.api.arguments import named_agent
from alma_cli.config import Config
from alma_cli.core.text import enumerated
from alma_cli.hooks.install.changes import FileChange, WriteFile
from alma_cli.tracked import program_on_path

_AGENT = re.compile(rb"--agent|^ +agent: ", re.MULTILINE)


def program() -> str:
    """The path of the `alma` that is running."""
    started = sys.argv[0] if sys.argv else ""
    with suppress(FileNotFoundError):  # the current folder is gone
        started = os.path.abspath(started) if started else ""
    beside = os.path.join(os.path.dirname(sys.executable), "alma")
    for path in (started, beside):
        if os.path.basename(path) == "alma" and os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return program_on_path("alma") or "alma"


def fleeting() -> list[str]:
    """The note that the `alma` that is running is in a cache, as `uvx` has it, which is emptied some day."""
    path = os.path.realpath(program())
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    if not path.startswith(f"{os.path.realpath(cache)}{os.sep}"):
        return []
    return [f"{path} is in a cache, which is emptied some day: install ALMA to stay, and do this again"]


def agent_words(agent: str | None) -> str:
    """The options that name the agent; none when no agent is given."""
    return f" --agent {shlex.quote(agent)}" if agent else ""


def warnings_of_agents(config: Config, agent: str | None, changes: Iterable[FileChange]) -> list[str]:
    """What to warn of where hooks, or a workflow, are written that name no agent, and it isn't clear who is meant."""
    if named_agent(config, agent) or not any(map(_names_nobody, changes)):
        return []
    names = enumerated(config.agents)
    why = "no agent is named, and the configuration has several: these hooks would give and record nothing"
    return [f"{why}; name one with --agent NAME ({names}), or set ALMA_AGENT where the host runs"]


def _names_nobody(change: FileChange) -> bool:
    content = change.content if isinstance(change, WriteFile) else b""
    return (b"hook" in content or b"\n      - uses: " in content) and not _AGENT.search(content)
