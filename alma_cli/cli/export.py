"""`alma export`: all memories as NDJSON."""

import os
from collections.abc import Iterable
from typing import Annotated, BinaryIO

from alma_cli.cli.inputs import Memory, refuse_own
from alma_cli.cli.options import argument
from alma_cli.cli.output import Reply
from alma_cli.core.text import counted, one_line
from alma_cli.errors import StoreUnwritable
from alma_cli.files import writing_whole


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
    refuse_own(alma, file)
    try:
        count = _replace(os.path.realpath(file), lines) if _replaceable(file) else _append(file, lines)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StoreUnwritable(
            f"cannot write {one_line(file, 200)}: {reason}", hint="is the path right, and has it space?"
        ) from error
    return Reply(told=[f"wrote {counted(count, 'memory', 'memories')} to {file}"])


def _replaceable(path: str) -> bool:
    """True when the path is, or will be, a file; a device or a pipe has to stay what it is."""
    if "\0" in path:
        raise ValueError("embedded null byte")  # in other words by each version of Python, and of its functions
    return os.path.isfile(path) or not os.path.exists(path)


def _replace(path: str, lines: Iterable[str]) -> int:
    """Write the lines into a file that is there whole or not at all, and return how many there were."""
    with writing_whole(path) as target:
        return _written(target, lines)


def _append(path: str, lines: Iterable[str]) -> int:
    with open(path, "ab") as target:
        return _written(target, lines)


def _written(target: BinaryIO, lines: Iterable[str]) -> int:
    count = 0
    for line in lines:
        target.write(line.encode() + b"\n")
        count += 1
    return count
