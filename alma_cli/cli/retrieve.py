"""`alma retrieve`: its options; what it does is in retrieving.py."""

from typing import Annotated, Literal

import typer

from alma_cli.cli.options import Agent, Dir, Json, Kinds, Options, Wait


def retrieve(
    task: Annotated[str | None, typer.Argument(metavar="TASK", help="What is to be done (- or a pipe: stdin).")] = None,
    agent: Agent = None,
    top_k: Annotated[
        int | None, typer.Option("--top-k", "-k", metavar="N", help="At most so many of each kind [5].")
    ] = None,
    user: Annotated[
        str, typer.Option("--user", envvar="ALMA_USER", metavar="ID", help="Whose preferences are wanted.")
    ] = "",
    kind: Kinds = None,
    min_score: Annotated[
        float | None, typer.Option("--min-score", metavar="0..1", help="Hide what scores less [0].")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", metavar="N", help="At most so many tokens together [2000].")
    ] = None,
    output: Annotated[
        Literal["table", "prompt", "json"] | None,
        typer.Option("--format", metavar="FORMAT", help="table, prompt or json [table on a terminal, else prompt]."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show every term of every score, and the best that were left out.")
    ] = False,
    remote: Annotated[
        bool, typer.Option("--remote", help="Ask the project's shared copy; no memories are needed here.")
    ] = False,
    wait: Wait = None,
    directory: Dir = None,
    json: Json = False,
) -> Options:
    """Show the few memories that are worth knowing before TASK.

    What not to do comes first, then what works, preferences, facts, and what happened before. When nothing is relevant
    nothing is shown, and the exit code is 0.

    \b
    Examples:
      alma retrieve "Test the login form validation" --agent helena
      alma retrieve "Test the login form validation" --agent helena --format prompt --max-tokens 800
      git log -1 --format=%B | alma retrieve --agent victor --json
      alma retrieve "cancel a flight" --agent airline --explain
    """
    return locals()
