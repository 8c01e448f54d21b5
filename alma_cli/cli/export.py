"""`alma export`: all memories as NDJSON."""

from typing import Annotated

from alma_cli.cli.inputs import Memory, writing
from alma_cli.cli.options import argument
from alma_cli.cli.output import Reply
from alma_cli.core.text import counted
from alma_cli.errors import StoreUnwritable


def export(
    alma: Memory,
    file: Annotated[str | None, argument("FILE", "Where to [stdout].")] = None,
) -> Reply:
    """Write every memory as one JSON object a line, losslessly; `alma import` reads it back.

    \b
    Examples:
      alma export memories.ndjson
      alma export | gzip > memories.ndjson.gz
    """
    lines = alma.export()
    if file is None or file == "-":
        return Reply(lines=lines)
    count = 0
    with writing(alma, file, StoreUnwritable, hint="is the path right, and has it space?") as target:
        for line in lines:
            target.write(line.encode() + b"\n")
            count += 1
    return Reply(told=[f"wrote {counted(count, 'memory', 'memories')} to {file}"])
