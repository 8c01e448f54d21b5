"""Memories as a table: one line each, in which the text has the room."""

from collections.abc import Sequence

from alma_cli.cli.output import Table
from alma_cli.core.codec import format_time
from alma_cli.core.records import Record, relevant_at


def memory_table(records: Sequence[Record], *, long: bool) -> Table:
    """The table of some memories; `long` has all columns."""
    rows = [
        (
            record.id,
            record.kind.replace("_", "-"),
            record.agent,
            record.domain,
            format_time(relevant_at(record))[:10],
            record.text,
        )
        for record in records
    ]
    return Table(headings=("id", "kind", "agent", "domain", "date", "memory"), rows=rows, flexible=[5], id_column=0)
