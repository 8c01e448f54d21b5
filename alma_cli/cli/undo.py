"""`alma undo`: take back the last write."""

from typing import Annotated

from alma_cli.api.undo import Undoable
from alma_cli.cli.inputs import Memory
from alma_cli.cli.options import Yes, argument, option
from alma_cli.cli.output import Reply, Table, confirmed
from alma_cli.cli.rule_changes import told_of
from alma_cli.core.codec import format_time
from alma_cli.core.records import JsonValue
from alma_cli.core.text import SHORT_ID, counted, one_line
from alma_cli.errors import InvalidUsage

DONE = {"insert": "added", "revise": "corrected", "reword": "reworded", "archive": "archived", "forget": "forgot"}
"""What somebody did, in a past tense, by the action that the log has."""
_MAX_TEXT = 60
_LISTED = 10


def undo(
    alma: Memory,
    id: Annotated[str | None, argument("ID", "Instead, the last write to this memory, or the start of its id.")] = None,
    list: Annotated[bool, option("--list", "Only show what can be undone, newest first.")] = False,
    limit: Annotated[int | None, option("--limit -n N", "With --list, show at most so many [10].")] = None,
    yes: Yes = False,
) -> Reply:
    """Take back your last write: what it added goes, what it changed or forgot is again as it was.

    A forget can be undone for an hour, until `alma sync` shares it, and not with `forget --now`. A long batch or import
    is several writes.

    \b
    Examples:
      alma undo
      alma undo --list
      alma undo 3fa9c2d1
    """
    if limit is not None and not list:
        raise InvalidUsage("--limit goes with --list", hint="`alma undo` takes one write back, the last")
    writes = alma.undoable(id or "", limit=1 if not list else _LISTED if limit is None else limit)
    if list:
        rows = [(format_time(one.at)[:19].replace("T", " "), *_shown(one)) for one in writes]
        return Reply(
            data={"writes": [_as_json(one) for one in writes]},
            tables=[Table(headings=("when (UTC)", "what", "id", "memory"), rows=rows, flexible=[3], widest=19)]
            if rows
            else [],
            told=[] if rows else ["nothing can be undone"],
        )
    if writes and not confirmed(f"undo that you {_told(writes[0])}?", yes=yes):
        return Reply(data={"undone": None}, told=["nothing was undone"])
    undone = alma.undo(id or "")
    return Reply(
        data={"undone": _as_json(undone.write), "queued": undone.queued},
        told=[f"undone: you {_told(undone.write)}", *told_of(undone.derived)],
        warnings=undone.warnings,
    )


def _told(write: Undoable) -> str:
    what, id, text = _shown(write)
    return f"{what} {id}: {one_line(text, _MAX_TEXT)}"


def _shown(write: Undoable) -> tuple[str, str, str]:
    count = f" {counted(len(write.ids), 'memory', 'memories')}," if len(write.ids) > 1 else ""
    return f"{DONE[write.action]}{count}", write.ids[0][:SHORT_ID], write.text


def _as_json(write: Undoable) -> dict[str, JsonValue]:
    return {"at": format_time(write.at), "action": write.action, "ids": [*write.ids], "text": write.text}
