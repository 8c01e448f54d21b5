"""The way hooks name the `alma` that they were installed from, and the agent that they work for."""

import os
import re
import shlex
import sys
from collections.abc import Iterable
from contextlib import suppress
from glob import escape, glob
from pathlib import Path

from alma_cli.api.arguments import named_agent
from alma_cli.config import Config
from alma_cli.core.text import enumerated
from alma_cli.hooks.install.changes import FileChange, WriteFile
from alma_cli.tracked import program_on_path

_AGENT = re.compile(rb"--agent|^ +agent: ", re.MULTILINE)


_INTERPRETER = re.compile(rb"#![ \t]*([^\s]+)[^\n]*\n(?:'''exec' \"?([^\"\n]+?)\"? \"\$0\")?")
"""The interpreter of a script, and the one that it starts where the first can't have its path (it is long)."""
_VERSION = re.compile(r"python\d+\.\d+t?")
_MARK_OF_A_CACHE = "CACHEDIR.TAG"


def program() -> str:
    """The path of the `alma` that is running; of the one on the PATH where that can't be started by itself."""
    started = sys.argv[0] if sys.argv else ""
    with suppress(FileNotFoundError):  # the current folder is gone
        started = os.path.abspath(started) if started else ""
    beside = os.path.join(os.path.dirname(sys.executable), "alma")
    for path in (started, beside):
        if os.path.basename(path) == "alma" and os.path.isfile(path) and starts(path):
            return path
    return program_on_path("alma") or "alma"


def starts(path: str) -> bool:
    """True for a program, or a script whose interpreter is there, and has ALMA where it is known to have been put."""
    if not os.access(path, os.X_OK):
        return False
    found = _INTERPRETER.match(start_of(path))
    interpreters = [os.fsdecode(one) for one in found.groups() if one] if found else []
    return all(map(os.path.exists, interpreters)) and not any(_was_upgraded(path, one) for one in interpreters)


def start_of(path: str) -> bytes:
    """The first bytes of a file."""
    with open(path, "rb") as file:
        return file.read(4096)


def _was_upgraded(script: str, interpreter: str) -> bool:
    """True where a script's environment has ALMA for other versions of Python than its interpreter is by now."""
    library = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(script))), "lib")
    version = os.path.basename(os.path.realpath(interpreter))
    found = glob(f"{escape(library)}/python*/*-packages/alma_memory-*.dist-info")
    having = set(filter(_VERSION.fullmatch, (path.split(os.sep)[-3] for path in found)))
    return bool(having and _VERSION.fullmatch(version)) and version not in having


def fleeting() -> list[str]:
    """The note that the `alma` that is running is in a cache, as `uvx` has it, or that there is none that starts."""
    if not os.path.isabs(program()):
        return ["no `alma` was found that starts (was its environment moved?): install ALMA anew, and do this again"]
    path = os.path.realpath(program())
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    around = Path(path).parents[2:]  # an environment of uv's has the mark itself
    is_in_one = path.startswith(f"{os.path.realpath(cache)}{os.sep}")
    if not is_in_one and not any((folder / _MARK_OF_A_CACHE).exists() for folder in around):
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
