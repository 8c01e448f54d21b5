"""Options that several commands share, and what they mean."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Dir = Annotated[
    str | None, typer.Option("--dir", metavar="PATH", help="The project's folder [else ALMA_DIR, else upwards].")
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Tell on stderr what happens, step by step.")]
Wait = Annotated[
    float | None,
    typer.Option("--wait", metavar="SECONDS", help="Wait so long for other processes [wait_s of the configuration]."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
Agent = Annotated[
    str | None, typer.Option("--agent", "-a", metavar="NAME", help="Who [else ALMA_AGENT, the only agent, or me].")
]
ProjectWide = Annotated[bool, typer.Option("--project-wide", help="For every agent of the project.")]
When = Annotated[
    str, typer.Option("--when", metavar="SITUATION", help="The kind of situation, in words that fit other tasks.")
]
Do = Annotated[str, typer.Option("--do", metavar="APPROACH", help="The decisive step, in words that fit other tasks.")]
DomainOption = Annotated[str | None, typer.Option("--domain", metavar="NAME", help="About what [else recognised].")]


KIND_NAMES = ("outcome", "heuristic", "anti-pattern", "preference", "knowledge", "rule")


Kinds = Annotated[
    list[str] | None,
    typer.Option("--kind", metavar="KIND", help=f"Only this kind; may be repeated: {', '.join(KIND_NAMES)}."),
]
