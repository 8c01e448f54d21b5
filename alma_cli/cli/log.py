"""`alma log`: what was done."""

from typing import Annotated

import typer

from alma_cli.cli.inputs import open_alma
from alma_cli.cli.options import Dir, Json, Verbose, Wait
from alma_cli.cli.output import Reply, Table
from alma_cli.core.codec import format_time


def log(
    id: Annotated[str | None, typer.Argument(metavar="ID", help="Only what was done to this memory.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", metavar="N", help="At most so many.")] = 50,
    wait: Wait = None,
    directory: Dir = None,
    verbose: Verbose = False,
    json: Json = False,
) -> Reply:
    """Show what was done, newest first: when, by whom, what, to which memory; and a memory's earlier versions.

    \b
    Examples:
      alma log
      alma log 3fa9c2d1
    """
    story = open_alma(directory, wait).log(id, limit=limit)
    done = [
        (format_time(row.at)[:19].replace("T", " "), row.by, row.action, row.id, row.agent, row.detail)
        for row in story.audit
    ]
    versions = [
        (format_time(version.replaced_at)[:19].replace("T", " "), version.replaced_by, version.content or "(forgotten)")
        for version in story.versions
    ]
    tables = []
    if done:
        headings = ("when (UTC)", "who", "what", "id", "agent", "detail")
        tables.append(Table(headings=headings, rows=done, flexible=[5], id_column=3, widest=19))
    if versions:
        tables.append(
            Table(headings=("replaced (UTC)", "by", "earlier version"), rows=versions, flexible=[2], widest=19)
        )
    return Reply(
        data={
            "audit": [
                {
                    "at": format_time(row.at),
                    "by": row.by,
                    "action": row.action,
                    "id": row.id,
                    "agent": row.agent,
                    "detail": row.detail,
                }
                for row in story.audit
            ],
            "versions": [
                {
                    "replaced_at": format_time(version.replaced_at),
                    "replaced_by": version.replaced_by,
                    "content": version.content,
                }
                for version in story.versions
            ],
        },
        tables=tables,
        told=[] if done else ["nothing was done yet"],
        json=json,
    )
