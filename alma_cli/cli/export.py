"""`alma export`: all memories as NDJSON."""

import os
from typing import Annotated

import typer

from alma_cli.cli.options import Dir, Wait, open_alma
from alma_cli.cli.output import Reply, write
from alma_cli.errors import StoreUnwritable


def export(
    file: Annotated[str | None, typer.Argument(metavar="FILE", help="Where to [stdout].")] = None,
    wait: Wait = None,
    directory: Dir = None,
) -> Reply:
    """Write every memory as one JSON object a line, losslessly; `alma import` reads it back.

    \b
    Examples:
      alma export memories.ndjson
      alma export | gzip > memories.ndjson.gz
    """
    lines = open_alma(directory, wait).export()
    if file is None or file == "-":
        for line in lines:
            write(line + "\n")
        return Reply()
    unfinished = f"{file}.{os.getpid()}.tmp"
    count = 0
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(descriptor, "w", encoding="utf-8") as target:
                for line in lines:
                    target.write(line + "\n")
                    count += 1
            os.replace(unfinished, file)
        except BaseException:
            os.unlink(unfinished)
            raise
    except OSError as error:
        raise StoreUnwritable(
            f"cannot write {file}: {error.strerror}", hint="is the path right, and has it space?"
        ) from error
    return Reply(told=[f"wrote {count:,} memories to {file}"])
