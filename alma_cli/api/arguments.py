"""Checks the arguments of callers before anything is opened: Python and the command line get the same message."""

import os
from collections.abc import Collection, Iterable, Mapping

from alma_cli.config import Config
from alma_cli.core.scopes.scope import ANY_AGENT
from alma_cli.core.text import did_you_mean, enumerated
from alma_cli.errors import InvalidInput

MOST_LISTED = 1_000_000
"""The highest limit that can be asked for."""


def whole_number(key: str, value: object, *, low: int, high: int) -> int:
    """The value, a whole number within these limits. Raises `InvalidInput`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidInput(f"{key}: expected a whole number from {low:,} to {high:,}, got {_shown(value)}")
    return value


def number(key: str, value: object, *, low: float, high: float) -> float:
    """The value, a number within these limits. Raises `InvalidInput`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidInput(f"{key}: expected a number from {low:,g} to {high:,g}, got {_shown(value)}")
    return float(value)


def text(key: str, value: object) -> str:
    """The value, a text, as a plain one. Raises `InvalidInput`."""
    if not isinstance(value, str):
        raise InvalidInput(f"{key}: expected text, got {_shown(value)}")
    return str.__str__(value)


def flag(key: str, value: object) -> bool:
    """The value, true or false; every text is true to Python, "no" too. Raises `InvalidInput`."""
    if value not in (True, False):
        raise InvalidInput(f"{key}: expected True or False, got {_shown(value)}")
    return bool(value)


def choice(key: str, value: object, choices: Collection[str]) -> str:
    """The value, one of these texts. Raises `InvalidInput`."""
    said = text(key, value)
    if said not in choices:
        raise InvalidInput(f"{key}: expected {' or '.join(choices)}, got {_shown(value)}")
    return said


def refuse_unknown(call: str, options: Iterable[str], known: Collection[str]) -> None:
    """Raise `TypeError`, as Python does, for an option that a call doesn't take, with the one that may be meant."""
    for name in options:
        if name not in known:
            hint = did_you_mean(name, known)
            raise TypeError(f"{call}() got an unexpected keyword argument {name!r}{hint and f'; {hint}'}")


def _shown(value: object) -> str:
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else repr(value)
    return text if len(text) <= 40 else f"{text[:39]}\u2026"


DEFAULT_AGENT = "me"
"""Who learns and retrieves where any agent may and none is named: one for every command, hook and tool."""


def named_agent(config: Config, given: str | None, environ: Mapping[str, str] = os.environ) -> str | None:
    """The agent that is meant: given, else by ALMA_AGENT, else the only one, else (where any agent may learn) `me`."""
    anybody = DEFAULT_AGENT if ANY_AGENT in config.agents else None
    return given or environ.get("ALMA_AGENT") or config.only_agent or anybody


def agent_of(config: Config, given: str | None, environ: Mapping[str, str] = os.environ) -> str:
    """`named_agent`, which may be used here. Raises `InvalidInput` if it is empty, unknown, or not clear."""
    named = "" if given == "" else named_agent(config, given, environ)
    if not named:
        names = enumerated(name for name in config.agents if name != ANY_AGENT)
        one = f"--agent NAME ({names})" if names else "--agent NAME"
        raise InvalidInput("no agent given", hint=f"name one with {one}, or set ALMA_AGENT")
    return config.scope_for(named).agent
