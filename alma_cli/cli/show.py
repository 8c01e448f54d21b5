"""`alma show`: one memory, whole."""

import sys
from json import dumps

from alma_cli.cli.inputs import Memory
from alma_cli.cli.layout import cut
from alma_cli.cli.options import Id
from alma_cli.cli.output import Reply, labelled, on_terminal
from alma_cli.cli.terminal import size, styled
from alma_cli.core.codec import format_time, to_json
from alma_cli.core.records import JsonValue, Outcome
from alma_cli.core.text import SHORT_ID, harmless, one_line

_TASK = 70
_WIDE, _NARROW = 60, 40


def show(
    alma: Memory,
    id: Id,
) -> Reply:
    """Show everything that is stored of a memory; of a rule also the outcomes that it grew from.

    \b
    Examples:
      alma show 3fa9c2d1
      alma show 3fa9c2d1 --json
    """
    record = alma.memory(id)
    data = to_json(record)
    fields = [(f"{one_line(key)}:", _shown(value)) for key, value in data.items() if not _empty(value)]
    lines = [*labelled(fields)] if on_terminal() else [f"{key:<20} {_below(value)}" for key, value in fields]
    if record.origin == "derived":
        evidence = alma.evidence(record.id)
        data["evidence"] = [
            {"id": one.id, "outcome": one.outcome, "at": format_time(one.at), "task": one.task} for one in evidence
        ]
        lines += ["", "evidence, newest first:" if not on_terminal() or size()[0] >= _NARROW else "evidence:"]
        lines += [*map(_evidence, evidence)]
    return Reply(data=data, text="\n".join(lines))


def _empty(value: JsonValue) -> bool:
    """True when there is nothing to show; a number is always something."""
    return value is None or value is False or value in ("", {})


def _shown(value: JsonValue) -> str:
    if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
        return ", ".join(f"{one_line(key)}={one_line(str(item))}" for key, item in value.items())
    if isinstance(value, float):
        return str(round(value, 2)).removesuffix(".0")
    text = value if isinstance(value, str) else dumps(value, ensure_ascii=False)
    return harmless(text)


def _below(text: str) -> str:
    """The text with what comes after its first line under it."""
    return text.replace("\n", "\n" + " " * 21)


def _evidence(one: Outcome) -> str:
    """An outcome in a line: on a terminal in its width, and in colour."""
    ended, task = f"{one.outcome:<8}", one_line(one.task, _TASK)
    if not on_terminal():
        return f"  {one.id[:SHORT_ID]}  {one.at:%Y-%m-%d}  {ended}{task}"
    columns, _ = size()
    id = styled(one.id[:SHORT_ID], "id", sys.stdout)
    ended = ended.replace(one.outcome, styled(one.outcome, one.outcome, sys.stdout))
    day = f"{one.at:%Y-%m-%d}  " if columns >= _WIDE else ""
    ended, taken = ("", 12) if columns < _NARROW else (ended, 20)
    return f"  {id}  {day}{ended}{cut(task, max(1, columns - taken - len(day)))}"
