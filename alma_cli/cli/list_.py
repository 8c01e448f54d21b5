"""`alma list`: memories, newest first."""

from typing import Annotated

import typer

from alma_cli.cli.inputs import kinds_of, open_alma
from alma_cli.cli.options import Dir, Json, Kinds, Verbose, Wait
from alma_cli.cli.output import Reply, Table
from alma_cli.core.codec import format_time, to_json
from alma_cli.core.records import RETRIEVED_KINDS
from alma_cli.store import Selection


def list(
    kind: Kinds = None,
    agent: Annotated[str | None, typer.Option("--agent", "-a", metavar="NAME", help="Only this agent's.")] = None,
    domain: Annotated[str | None, typer.Option("--domain", metavar="NAME", help="Only in this domain.")] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="ID", help="Only this user's preferences.")] = None,
    containing: Annotated[
        str | None, typer.Option("--containing", metavar="TEXT", help="Only those with this text, in any case.")
    ] = None,
    archived: Annotated[bool, typer.Option("--archived", help="Those that retrieve no longer considers.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", metavar="N", help="At most so many.")] = 50,
    wait: Wait = None,
    directory: Dir = None,
    verbose: Verbose = False,
    json: Json = False,
) -> Reply:
    """List memories, newest first; piped, one tab-separated line each, with the whole id.

    \b
    Examples:
      alma list --agent helena --kind outcome
      alma list --containing timeout --json
    """
    selection = Selection(
        kinds=kinds_of(kind) or RETRIEVED_KINDS,
        agent=agent,
        domain=domain,
        user_id=user,
        containing=containing,
        archived=archived,
    )
    one_more = limit + 1 if limit > 0 else limit
    found = open_alma(directory, wait).memories(selection, limit=one_more)
    shown = found[:limit]
    rows = [
        (
            record.id,
            record.kind.replace("_", "-"),
            record.agent,
            record.domain,
            format_time(record.updated_at)[:10],
            record.text,
        )
        for record in shown
    ]
    told = [f"only the newest {limit}; --limit shows more"] if len(found) > limit else []
    return Reply(
        data={"memories": [to_json(record) for record in shown], "more": len(found) > limit},
        tables=[
            Table(headings=("id", "kind", "agent", "domain", "date", "memory"), rows=rows, flexible=[5], id_column=0)
        ]
        if rows
        else [],
        told=told or ([] if rows else ["no memories"]),
        json=json,
    )
