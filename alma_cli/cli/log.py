"""`alma log`: what was done."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

from alma_cli.api.overview import Story
from alma_cli.cli.filters import Limit, Long
from alma_cli.cli.inputs import Memory
from alma_cli.cli.memory_table import line_of, word_of
from alma_cli.cli.options import argument
from alma_cli.cli.output import Reply, Table, on_terminal
from alma_cli.cli.undo import DONE
from alma_cli.core.codec import format_time
from alma_cli.core.text import age

_DID = {**DONE, "undo": "undid", "refuse": "refused"}


def log(
    alma: Memory,
    id: Annotated[str | None, argument("ID", "Only what was done to this memory.")] = None,
    long: Long = False,
    limit: Limit = 50,
) -> Reply:
    """Show what was done, newest first: when, by whom, what, to which memory; and a memory's earlier versions.

    The text beside an id is the memory's present one; of what was forgotten there is none.

    \b
    Examples:
      alma log
      alma log 3fa9c2d1
    """
    story = alma.log(id, limit=limit)
    tables = [_done(story, long=long)] if story.audit else []
    if story.versions:
        versions = [
            (_time(version.replaced_at), version.replaced_by, version.content or "(forgotten)")
            for version in story.versions
        ]
        tables.append(
            Table(headings=("replaced (UTC)", "by", "earlier version"), rows=versions, flexible=[2], widest=19)
        )
    return Reply(
        data={
            "audit": [
                {**asdict(row), "at": format_time(row.at), "text": record.text if record else None}
                for row in story.audit
                for record in [story.records.get(row.id)]
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
        told=[] if story.audit else ["nothing was done yet"],
    )


def _done(story: Story, *, long: bool) -> Table:
    """What was done, with the memory that it was done to in a line; piped, or if it is to be `long`, all of it."""
    if long or not on_terminal():
        rows = [
            (
                *(_time(row.at), row.by, row.action, row.id, row.agent, row.detail),
                story.records[row.id].text if row.id in story.records else "",
            )
            for row in story.audit
        ]
        headings = ("when (UTC)", "who", "what", "id", "agent", "detail", "memory")
        return Table(headings=headings, rows=rows, flexible=[5, 6], id_column=3, widest=19)
    now = datetime.now(UTC)
    short = []
    for row in story.audit:
        record = story.records.get(row.id)
        text = f"{word_of(record)}: {line_of(record)}" if record else row.detail
        short.append((age((now - row.at).total_seconds()), row.by, _DID.get(row.action, row.action), row.id, text))
    return Table(
        headings=("age", "who", "did", "id", "memory"),
        rows=short,
        flexible=[4],
        id_column=3,
        widest=12,
        whole=False,
        first_to_go=[1, 0, 2],
    )


def _time(time: datetime) -> str:
    return format_time(time)[:19].replace("T", " ")
