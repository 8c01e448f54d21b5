"""The way hooks name the `alma` that they were installed from, and the agent that they work for."""

import os
import shlex
import sys

from alma_cli.tracked import program_on_path


def program() -> str:
    """The path of the `alma` that is running."""
    started = os.path.abspath(sys.argv[0]) if sys.argv and sys.argv[0] else ""
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
