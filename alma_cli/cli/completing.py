"""Answers a shell that completes a word with what only the project knows: ids with their texts, agents, domains.

A key is answered from a file beside the store, with nothing heavy imported. Where the store has changed since that file
was written, the answer is as old as the file, and a process that nobody waits for writes it anew: the next key has it.
Only the first key in a project waits.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress

from alma_cli import __version__
from alma_cli.core.text import SHORT_ID
from alma_cli.project import Project, find_project

REFRESH = "--refresh"
MOST = 100
"""The most values of one answer."""


def answer(arguments: Sequence[str], directory: str | None) -> str:
    """A line for each value of a kind that starts so: the value and, after a tab, its text; nothing if that fails."""
    with suppress(Exception):
        project = find_project(directory=directory)
        if arguments[:1] == [REFRESH]:
            _written(project, directory)
            return ""
        what, start = (*arguments, "")[:2]
        return "\n".join(_matching(_known(project, directory), what, start))
    return ""


def _matching(lines: Iterator[str], what: str, start: str) -> Iterator[str]:
    """The values of this kind in their order, ids as short as they may be."""
    left = MOST
    for line in lines:
        kind, value, text = line.rstrip("\n").split("\t")
        if kind == what and value.startswith(start):
            shown = value[:SHORT_ID] if what == "ids" and len(start) <= SHORT_ID else value
            yield f"{shown}\t{text}" if text else shown
            left -= 1
            if not left:
                return


def _known(project: Project, directory: str | None) -> Iterator[str]:
    """What is in the file, which is made when there is none and renewed when it is old."""
    try:
        with open(project.completion_path, encoding="utf-8") as file:
            written = next(file, "").rstrip("\n")
            lines = file.readlines()
    except OSError:
        return iter(_written(project, directory))
    if written != _stamp(project):
        _renew(directory)
    return iter(lines)


def _written(project: Project, directory: str | None) -> list[str]:
    """Write the file; what is in it, but for its first line. A folder that nobody may write in has none."""
    from alma_cli.api import ALMA
    from alma_cli.files import write_whole

    stamp = _stamp(project)
    lines = ["\t".join(known) + "\n" for known in ALMA.find(directory=directory).completions()]
    with suppress(OSError):
        write_whole(project.completion_path, "".join([f"{stamp}\n", *lines]).encode("utf-8", "replace"))
    return lines


def _stamp(project: Project) -> str:
    """What is different when the store or the configuration has changed."""
    found = [__version__]
    for path in (f"{project.home}/memory.duckdb", f"{project.home}/memory.duckdb.wal", os.fspath(project.config_path)):
        with suppress(FileNotFoundError):
            stat = os.stat(path)
            found.append(f"{stat.st_mtime_ns}-{stat.st_size}")
    return " ".join(found)


def _renew(directory: str | None) -> None:
    """Have a process of its own write the file anew."""
    where = [] if directory is None else ["--dir", directory]
    program = [sys.executable, "-P", "-m", "alma_cli", *where, "completion", "--values", REFRESH]
    nowhere = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in (0, 1, 2)]
    os.posix_spawn(sys.executable, program, os.environ, file_actions=nowhere, setsid=True)
