"""Memories as a table: one line each, in which the text has the room."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from alma_cli.cli.output import Table, on_terminal
from alma_cli.core.codec import format_time
from alma_cli.core.records import PROJECT_AGENT, AntiPattern, Kind, Outcome, Record, relevant_at
from alma_cli.core.text import age, counted

_WORDS: dict[Kind, str] = {
    "heuristic": "rule",
    "anti_pattern": "avoid",
    "preference": "prefer",
    "knowledge": "fact",
    "credit": "credit",
}


_RESULTS: dict[str, tuple[str, str]] = {
    "success": ("success", "successes"),
    "failure": ("failure", "failures"),
    "partial": ("partial", "partial"),
}


def memory_table(records: Sequence[Record], *, long: bool = False) -> Table:
    """The table of some memories; piped, or if it is to be `long`, with all columns and whole texts."""
    if long or not on_terminal():
        return _long(records)
    now = datetime.now(UTC)
    headings: tuple[str, ...] = ("id", "age", "what", "agent", "memory")
    first_to_go = [3, 1, 2]
    rows: list[tuple[str, ...]] = [
        (record.id, age((now - relevant_at(record)).total_seconds()), word_of(record), _whose(record), line_of(record))
        for record in records
    ]
    if len({record.agent for record in records}) == 1:  # a column that says the same in every line says nothing
        headings, first_to_go = ("id", "age", "what", "memory"), [1, 2]
        rows = [(*row[:3], row[4]) for row in rows]
    return Table(
        headings=headings,
        rows=rows,
        flexible=[len(headings) - 1],
        id_column=0,
        widest=10,
        whole=False,
        first_to_go=first_to_go,
    )


def _whose(record: Record) -> str:
    return "project" if record.agent == PROJECT_AGENT else record.agent


def word_of(record: Record) -> str:
    """What a memory is, in a word: how an outcome ended, else its kind."""
    return record.outcome if isinstance(record, Outcome) else _WORDS[record.kind]


def line_of(record: Record) -> str:
    """The text of a memory beside that word."""
    if isinstance(record, Outcome):
        return record.text.replace(f" [{record.outcome}]", "", 1)
    return record.text.removeprefix("Avoid: ") if isinstance(record, AntiPattern) else record.text


def results_told(results: Mapping[str, int]) -> str:
    """How outcomes ended, in words: `3 successes, 1 failure, 2 partial`."""
    told = (counted(results[name], *words) for name, words in _RESULTS.items() if results.get(name))
    return ", ".join(told)


def _long(records: Sequence[Record]) -> Table:
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
