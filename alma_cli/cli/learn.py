"""`alma learn`: its options; what it does is in learning.py."""

from typing import Annotated

import typer

from alma_cli.cli.options import Agent, Dir, DomainOption, Json, Options, Wait, Yes

Text = str | None


def learn(
    task: Annotated[Text, typer.Option("--task", metavar="TEXT", help="What was to be done.")] = None,
    outcome: Annotated[
        Text, typer.Option("--outcome", metavar="RESULT", help="How it ended: success, failure or partial.")
    ] = None,
    strategy: Annotated[str, typer.Option("--strategy", metavar="TEXT", help="How it was gone about.")] = "",
    agent: Agent = None,
    feedback: Annotated[str, typer.Option("--feedback", metavar="TEXT", help="What somebody said of it.")] = "",
    error: Annotated[str, typer.Option("--error", metavar="TEXT", help="What went wrong.")] = "",
    domain: DomainOption = None,
    duration_ms: Annotated[int | None, typer.Option("--duration-ms", metavar="N", help="How long it took.")] = None,
    at: Annotated[Text, typer.Option("--at", metavar="TIME", help="When, as 2026-01-31T09:30:00Z [now].")] = None,
    label: Annotated[
        list[str] | None, typer.Option("--label", metavar="KEY=VALUE", help="A label; may be given several times.")
    ] = None,
    used: Annotated[
        list[str] | None, typer.Option("--used", metavar="ID", help="A memory that guided this; several times.")
    ] = None,
    retrieval: Annotated[
        str, typer.Option("--retrieval", metavar="ID", help="The retrieve whose memories guided this.")
    ] = "",
    key: Annotated[
        str, typer.Option("--key", metavar="KEY", help="Reporting the same key again changes nothing.")
    ] = "",
    task_key: Annotated[str, typer.Option("--task-key", metavar="K", help="Which kind of task it is.")] = "",
    strategy_key: Annotated[str, typer.Option("--strategy-key", metavar="K", help="Which strategy it is.")] = "",
    batch: Annotated[
        Text, typer.Option("--batch", metavar="FILE", help="Many outcomes: one JSON object a line (- is stdin).")
    ] = None,
    wait: Wait = None,
    directory: Dir = None,
    yes: Yes = False,
    json: Json = False,
) -> Options:
    """Record how a task went, so that the next one goes better.

    Once this ends with 0, no crash loses the outcome. Its id is printed on stdout.

    \b
    Examples:
      alma learn --agent helena --task "Test login form" --outcome success \\
          --strategy "Tested empty fields, invalid email, valid submission"
      alma learn --agent victor --task "Load 2 GB of orders" --outcome failure \\
          --strategy "One transaction" --error "out of memory" --label build=1187
      alma learn --batch outcomes.ndjson
    """
    return locals()
