"""Checks the arguments of callers before anything is opened: Python and the command line get the same message."""

from __future__ import annotations

import os
from collections.abc import Mapping

from alma_cli.config import Config
from alma_cli.core.scopes.scope import ANY_AGENT
from alma_cli.errors import InvalidInput


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


def _shown(value: object) -> str:
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else repr(value)
    return text if len(text) <= 40 else f"{text[:39]}\u2026"


DEFAULT_AGENT = "me"
"""Who learns where any agent may and none is named: by the command line, hooks, `alma run` and MCP alike."""


def named_agent(config: Config, given: str | None, environ: Mapping[str, str] = os.environ) -> str | None:
    """The agent that is named: by the caller, by ALMA_AGENT, by being the only one; `me` where any agent may learn."""
    return (
        given
        or environ.get("ALMA_AGENT")
        or config.only_agent
        or (DEFAULT_AGENT if ANY_AGENT in config.agents else None)
    )


def agent_of(config: Config, given: str | None, environ: Mapping[str, str] = os.environ) -> str:
    """The agent that is meant. Raises `InvalidInput` when that isn't clear."""
    named = named_agent(config, given, environ)
    if not named:
        raise InvalidInput("no agent given", hint="name one with --agent NAME, or set ALMA_AGENT")
    return config.scope_for(named).agent
