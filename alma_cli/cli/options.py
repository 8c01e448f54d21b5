"""Options that several commands share, and what they mean."""

from typing import Annotated, Any

import typer


def option(usage: str, help: str, **more: Any) -> Any:
    """An option as its help shows it: its names, and what it takes unless it is a flag (`--agent -a NAME`)."""
    words = usage.split()
    names = [word for word in words if word.startswith("-")]
    return typer.Option(*names, metavar=" ".join(words[len(names) :]) or None, help=help, **more)


def argument(metavar: str, help: str) -> Any:
    """An argument, by the name that its help has for it."""
    return typer.Argument(metavar=metavar, help=help)


Json = Annotated[bool, option("--json", "Print one JSON object.")]
Dir = Annotated[str | None, option("--dir PATH", "The project's folder [else ALMA_DIR, else upwards].")]
Verbose = Annotated[bool, option("--verbose", "Tell on stderr what happens, step by step.")]
Wait = Annotated[
    float | None,
    option("--wait SECONDS", "Wait so long for other processes [wait_s of the configuration]."),
]
Id = Annotated[str, argument("ID", "The memory's id, or the start of it.")]
Yes = Annotated[bool, option("--yes -y", "Don't ask.")]
Agent = Annotated[str | None, option("--agent -a NAME", "Who [else ALMA_AGENT, the only agent, or me].")]
ProjectWide = Annotated[bool, option("--project-wide", "For every agent of the project.")]
When = Annotated[str, option("--when SITUATION", "The kind of situation, in words that fit other tasks.")]
Do = Annotated[str, option("--do APPROACH", "The decisive step, in words that fit other tasks.")]
DomainOption = Annotated[str | None, option("--domain NAME", "About what [else recognised].")]


KIND_NAMES = ("outcome", "heuristic", "anti-pattern", "preference", "knowledge", "rule")


Kinds = Annotated[
    list[str] | None,
    option("--kind KIND", f"Only this kind; may be repeated: {', '.join(KIND_NAMES)}."),
]
