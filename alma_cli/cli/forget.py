"""`alma forget`: remove memories for good."""

from collections.abc import Sequence
from typing import Annotated

from alma_cli.api import ALMA
from alma_cli.cli.inputs import Memory
from alma_cli.cli.memory_table import line_of, word_of
from alma_cli.cli.options import Yes, argument, option
from alma_cli.cli.output import Reply, confirmed
from alma_cli.cli.rule_changes import told_of
from alma_cli.cli.terminal import size
from alma_cli.core.records import Record
from alma_cli.core.text import SHORT_ID, counted, one_line
from alma_cli.errors import InvalidUsage

_SHOWN = 20


def forget(
    alma: Memory,
    ids: Annotated[list[str] | None, argument("ID...", "Ids of memories, or the start of each.")] = None,
    stale: Annotated[
        bool, option("--stale", "Instead, hide what is old and never helped; it stays as evidence.")
    ] = False,
    now: Annotated[
        bool, option("--now", "Erase the text at once, so that nothing undoes it; without IDs what was forgotten.")
    ] = False,
    dry_run: Annotated[bool, option("--dry-run", "Only say what would be forgotten.")] = False,
    yes: Yes = False,
) -> Reply:
    """Remove memories for good, with their text in history; what is left says only that they were there.

    Of a derived memory, the outcomes that it grew out of are forgotten. If one of the ids isn't found, none is removed.
    For an hour, or until `alma sync`, `alma undo` brings them back; use --now for what must not stay on this disk.

    \b
    Examples:
      alma forget 3fa9c2d1
      alma list --containing "wrong project" | cut -f1 | xargs alma forget --yes
      alma forget 3fa9c2d1 --now
      alma forget --stale --dry-run
    """
    if (bool(ids) or now) == stale:
        raise InvalidUsage("give either IDs or --stale", hint="`alma list` shows the ids")
    if stale:
        return _stale(alma, dry_run=dry_run)
    records = alma.to_forget(ids or [])
    going = [record.id for record in records]
    count = counted(len(going), "memory", "memories")
    for_good = " for good" if now else ""
    if dry_run or (going and not confirmed(f"forget {count}{for_good}?", yes=yes, about=_lines(records))):
        told = [f"would forget {count}:", *_lines(records)] if dry_run else ["nothing was forgotten"]
        return Reply(data={"forgotten": [], "would_forget": list(going), "queued": False}, told=told)
    forgotten = alma.forget(going, at_once=now)
    did = f"forgot {_shortened(going)}" if going else "erased the text of what was forgotten"
    back = f"`alma undo` brings {'it' if len(going) == 1 else 'them'} back for an hour"
    return Reply(
        data={"forgotten": list(going), "queued": forgotten.queued},
        told=[did if now else f"{did}; {back}", *told_of(forgotten.derived)],
        warnings=forgotten.warnings,
    )


def _stale(alma: ALMA, *, dry_run: bool) -> Reply:
    archived = alma.archive_stale(dry_run=dry_run)
    count = counted(len(archived.ids), "memory", "memories")
    return Reply(
        data={
            "archived": [] if dry_run else list(archived.ids),
            **({"would_archive": list(archived.ids)} if dry_run else {}),
            "queued": archived.queued,
        },
        told=[f"{'would archive' if dry_run else 'archived'} {count}"],
        warnings=archived.warnings,
    )


def _lines(records: Sequence[Record]) -> list[str]:
    """The memories that are to go, a line each."""
    columns, _ = size()
    width = max(1, columns - len(f"  {'':{SHORT_ID}}  "))
    lines = [
        f"  {record.id[:SHORT_ID]}  {one_line(f'{word_of(record)}: {line_of(record)}', width)}"
        for record in records[:_SHOWN]
    ]
    return lines + ([f"  and {len(records) - _SHOWN:,} more"] if len(records) > _SHOWN else [])


def _shortened(ids: list[str]) -> str:
    shown = ", ".join(id[:SHORT_ID] for id in ids[:_SHOWN])
    return shown + (f" and {len(ids) - _SHOWN:,} more" if len(ids) > _SHOWN else "")
