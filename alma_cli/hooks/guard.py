"""Runs every hook: it notes what happened, and gives an answer or nothing, in time, whatever happens inside.

Nothing heavy is loaded here. An event of a session is noted before anything else; the answer is worked out in a process
of its own, which can't outlast the deadline. Learning has more time, since nobody waits for it.
"""

from __future__ import annotations

import io
import json
import math
import os
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from alma_cli.hooks.events import AGENT_EVENTS, DEADLINE_S, GIT_EVENTS
from alma_cli.hooks.subtask import detached, within

if TYPE_CHECKING:
    from alma_cli.core.records import JsonValue
    from alma_cli.project import Project

_TO_NOTE_S = 0.5
"""The seconds for noting that a hook took too long (20 ms where the disk answers)."""
_TO_LEARN_S = 60.0
_MAX_STDIN_BYTES = 16 * 1024 * 1024


def guarded(arguments: list[str], directory: str | None, deadline: str | None, run: Callable[[], int]) -> str:
    """The output of `run`, within the deadline; nothing, and a line in the log, when it fails or is too slow."""
    note = noting(arguments, directory)
    until = monotonic() + _seconds(deadline)
    event = _event(arguments)
    content = b""

    def note_late() -> bytes:  # pragma: no cover (in a process of its own)
        note(f"not done within {_seconds(deadline):g} s, or died")
        return b""

    def work() -> bytes:  # pragma: no cover (in a process of its own)
        sys.stdin = io.TextIOWrapper(io.BytesIO(content), "utf-8", "replace")
        sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
        failed = run()
        if told := sys.stderr.getvalue().strip():
            note(told)
        return b"" if failed else sys.stdout.getvalue().encode("utf-8", "replace")

    if event in AGENT_EVENTS:
        content = _stdin(until)
        if not content and monotonic() >= until:
            within(_TO_NOTE_S, note_late)
            return ""
        if not _noted(event, content, directory, note) or event == "post-tool-use":
            return ""
    if event == "stop":
        detached(_TO_LEARN_S, work)
        return ""
    answer = within(until - monotonic(), work)
    if answer is None:
        within(_TO_NOTE_S, note_late)
    return (answer or b"").decode()


def noting(arguments: list[str], directory: str | None) -> Callable[[str], None]:
    """A function that notes a text in the log of hooks, without credentials, under the event in the arguments.

    Where a person typed the command, which no host does on a terminal, the terminal gets it instead.
    """
    event = _event(arguments)

    def note(text: str) -> None:
        from alma_cli.core.redaction import redact
        from alma_cli.core.text import one_line
        from alma_cli.hooks import hook_log

        if os.isatty(0):
            with suppress(OSError), open(os.ttyname(0), "w") as terminal:
                terminal.write(f"alma hook: {one_line(redact(text)[0])}\n")
            return
        hook_log.note(event, redact(text)[0], directory=directory)

    return note


def _event(arguments: list[str]) -> str:
    return next((event for event in (*AGENT_EVENTS, *GIT_EVENTS) if event in arguments), "unknown event")


def _seconds(deadline: str | None) -> float:
    try:
        given = float(deadline or DEADLINE_S)
    except ValueError:
        return DEADLINE_S
    return DEADLINE_S if math.isnan(given) else min(max(given, 0.1), 600.0)


def _stdin(until: float) -> bytes:
    """The content of stdin, as far as it comes in time."""
    if sys.stdin is None or sys.stdin.isatty():
        return b""
    try:
        descriptor = sys.stdin.fileno()
    except (OSError, ValueError):
        return sys.stdin.buffer.read(_MAX_STDIN_BYTES + 1)
    parts, size = [], 0
    while size <= _MAX_STDIN_BYTES:
        readable, _, _ = select.select([descriptor], [], [], max(0.0, until - monotonic()))
        if not readable or not (part := os.read(descriptor, 1 << 20)):
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _noted(event: str, content: bytes, directory: str | None, note: Callable[[str], None]) -> bool:
    """Note the event of a session, and return whether there is a project to answer for."""
    from alma_cli.errors import AlmaError, ProjectNotFound
    from alma_cli.hooks.notes import note_event, to_note

    try:
        payload = parsed(content)
        noted = to_note(payload)
        project = _project_of(payload, directory)
    except ProjectNotFound:
        return False
    except (AlmaError, OSError) as error:
        note(getattr(error, "message", str(error)))
        return False
    try:
        note_event(project, event, noted)
    except OSError as error:
        note(f"the event could not be noted: {error}")
    return True


def _project_of(payload: JsonValue, directory: str | None) -> Project:
    """The project of a session, which becomes the current folder: this process has no other work.

    It is that of the folder in which the session began, wherever its agent goes. Raises `ProjectNotFound`.
    """
    from alma_cli.errors import ProjectNotFound
    from alma_cli.project import find_project

    cwd = payload.get("cwd") if isinstance(payload, dict) else None
    folders = [os.environ.get("CLAUDE_PROJECT_DIR"), cwd]
    named = directory or os.environ.get("ALMA_DIR")
    for folder in folders if not named else ():
        if isinstance(folder, str) and os.path.isdir(folder):
            os.chdir(folder)
            with suppress(ProjectNotFound):
                return find_project()
    return find_project(directory=directory)


def parsed(content: bytes) -> JsonValue:
    """The JSON of an event. Raises `InvalidInput`."""
    from alma_cli.core.text import why_no_json
    from alma_cli.errors import InvalidInput

    if not content.strip():
        raise InvalidInput("nothing on stdin")
    if len(content) > _MAX_STDIN_BYTES:
        raise InvalidInput(f"stdin has more than {_MAX_STDIN_BYTES // 2**20} MiB")
    try:
        payload: JsonValue = json.loads(content.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"stdin is not JSON: {why_no_json(error)}") from error
    return payload
