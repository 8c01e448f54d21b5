"""Runs every hook: it gives an answer or nothing, in time, whatever happens inside. Nothing heavy is loaded here."""

import math
import sys
from collections.abc import Callable
from io import StringIO

from alma_cli.hooks.events import AGENT_EVENTS, DEADLINE_S, GIT_EVENTS
from alma_cli.hooks.subtask import within

_TO_NOTE_S = 0.5
"""The seconds for noting that a hook took too long (20 ms where the disk answers)."""


def guarded(arguments: list[str], directory: str | None, deadline: str | None, run: Callable[[], int]) -> str:
    """The output of `run`, within the deadline; nothing, and a line in the log, when it fails or is too slow."""
    note = noting(arguments, directory)

    def work() -> bytes:  # pragma: no cover (in a process of its own)
        sys.stdout, sys.stderr = StringIO(), StringIO()
        failed = run()
        if told := sys.stderr.getvalue().strip():
            note(told)
        return b"" if failed else sys.stdout.getvalue().encode("utf-8", "replace")

    def note_late() -> bytes:  # pragma: no cover (in a process of its own)
        note(f"not done within {seconds:g} s, or died")
        return b""

    try:
        given = float(deadline or DEADLINE_S)
        seconds = DEADLINE_S if math.isnan(given) else min(max(given, 0.1), 600.0)
    except ValueError:
        seconds = DEADLINE_S
    answer = within(seconds, work)
    if answer is None:
        within(_TO_NOTE_S, note_late)
    return (answer or b"").decode()


def noting(arguments: list[str], directory: str | None) -> Callable[[str], None]:
    """A function that notes a text in the log of hooks, without credentials, under the event in the arguments."""
    event = next((event for event in (*AGENT_EVENTS, *GIT_EVENTS) if event in arguments), "unknown event")

    def note(text: str) -> None:
        from alma_cli.core.redaction import redact
        from alma_cli.hooks import hook_log

        hook_log.note(event, redact(text)[0], directory=directory)

    return note
