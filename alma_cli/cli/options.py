"""Options that several commands share, and what they mean."""

import os
import sys
from enum import StrEnum
from typing import Annotated, cast

import typer

from alma_cli.api import ALMA
from alma_cli.core.records import PROJECT_AGENT, Kind
from alma_cli.errors import InvalidInput

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Dir = Annotated[
    str | None, typer.Option("--dir", metavar="PATH", help="The project's folder [else ALMA_DIR, else upwards].")
]
Wait = Annotated[
    float | None,
    typer.Option("--wait", metavar="SECONDS", help="Wait so long for other processes [wait_s of the configuration]."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
Agent = Annotated[
    str | None, typer.Option("--agent", "-a", metavar="NAME", help="Who [else ALMA_AGENT, else the only agent].")
]
ProjectWide = Annotated[bool, typer.Option("--project-wide", help="For every agent of the project.")]
DomainOption = Annotated[str | None, typer.Option("--domain", metavar="NAME", help="About what [else recognised].")]


class KindName(StrEnum):
    """A kind of memory, as it is written on the command line."""

    OUTCOME = "outcome"
    HEURISTIC = "heuristic"
    ANTI_PATTERN = "anti-pattern"
    PREFERENCE = "preference"
    KNOWLEDGE = "knowledge"


Kinds = Annotated[
    list[KindName] | None,
    typer.Option("--kind", metavar="KIND", help=f"Only this kind, several times for several: {', '.join(KindName)}."),
]

_MAX_STDIN_BYTES = 16 * 1024 * 1024


def open_alma(directory: str | None, wait: float | None = None) -> ALMA:
    """The project's memory. Raises `ProjectNotFound` or `InvalidConfig`."""
    return ALMA.find(directory=directory, wait_s=wait)


def agent_or_default(alma: ALMA, given: str | None) -> str:
    """The agent that is meant. Raises `InvalidInput` when none is given and there is no default."""
    agent = given or os.environ.get("ALMA_AGENT") or alma.config.only_agent
    if not agent:
        raise InvalidInput("no agent given", hint="name one with --agent NAME, or set ALMA_AGENT")
    return agent


def owner(alma: ALMA, agent: str | None, *, project_wide: bool, default: str | None = None) -> str:
    """Whose an authored memory is to be."""
    if project_wide:
        if agent:
            raise InvalidInput("--agent and --project-wide exclude each other")
        return PROJECT_AGENT
    return agent or default or agent_or_default(alma, None)


def text_or_stdin(name: str, given: str | None) -> str:
    """The text given, or what stdin has when it is `-` or missing. Raises `InvalidInput`."""
    if given is not None and given != "-":
        return given
    if sys.stdin is None or (given is None and sys.stdin.isatty()):
        raise InvalidInput(f"{name} is missing", hint=f"give {name}, or pipe it in")
    content = sys.stdin.buffer.read(_MAX_STDIN_BYTES + 1)
    if len(content) > _MAX_STDIN_BYTES:
        raise InvalidInput(f"{name}: stdin has more than {_MAX_STDIN_BYTES // 2**20} MiB", hint="send less")
    return content.decode("utf-8", "replace").removeprefix("\ufeff").strip()


def kinds_of(names: list[KindName] | None) -> list[Kind]:
    """Kinds as records name them."""
    return [cast(Kind, name.value.replace("-", "_")) for name in names or []]
