"""`alma list`: memories, newest first."""

from typing import Annotated, Literal

import typer

from alma_cli.cli.filters import (
    All,
    Ended,
    Limit,
    OfAgent,
    OfDomain,
    Offset,
    OfUser,
    Since,
    Source,
    Until,
    WithLabels,
    filters_of,
)
from alma_cli.cli.inputs import open_alma
from alma_cli.cli.memory_table import memory_table
from alma_cli.cli.options import Dir, Json, Kinds, Verbose, Wait
from alma_cli.cli.output import Reply
from alma_cli.core.codec import to_json
from alma_cli.core.records import RETRIEVED_KINDS


def list(
    kind: Kinds = None,
    agent: OfAgent = None,
    domain: OfDomain = None,
    outcome: Ended = None,
    since: Since = None,
    until: Until = None,
    source: Source = None,
    label: WithLabels = None,
    user: OfUser = None,
    containing: Annotated[
        str | None, typer.Option("--containing", metavar="TEXT", help="Only those with this text, in any case.")
    ] = None,
    archived: Annotated[bool, typer.Option("--archived", help="Those that retrieve no longer considers.")] = False,
    everything: All = False,
    sort: Annotated[Literal["newest", "oldest"], typer.Option("--sort", metavar="ORDER", help="newest or oldest.")] = (
        "newest"
    ),
    limit: Limit = 50,
    offset: Offset = 0,
    long: Annotated[bool, typer.Option("--long", "-l", help="All columns, and whole texts.")] = False,
    wait: Wait = None,
    directory: Dir = None,
    verbose: Verbose = False,
    json: Json = False,
) -> Reply:
    """List memories, newest first; piped, one tab-separated line each, with the whole id.

    \b
    Examples:
      alma list --outcome failure --since 7d
      alma list --agent helena --kind rules
      alma list --containing timeout --json
    """
    filters = filters_of(
        kind=kind or RETRIEVED_KINDS,
        agent=agent,
        domain=domain,
        outcome=outcome,
        since=since,
        until=until,
        source=source,
        label=label,
        user=user,
        archived=None if everything else archived,
        containing=containing,
    )
    one_more = limit + 1 if limit > 0 else limit
    found = open_alma(directory, wait).memories(**filters, sort=sort, limit=one_more, offset=offset)
    shown = found[:limit]
    told = [f"only {limit}; --limit shows more, --offset {offset + limit} the next"] if len(found) > limit else []
    return Reply(
        data={"memories": [to_json(record) for record in shown], "more": len(found) > limit},
        tables=[memory_table(shown, long=long)] if shown else [],
        told=told or ([] if shown else ["no memories"]),
        json=json,
    )
