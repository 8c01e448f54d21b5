"""The terminal: how wide it is, whether it gets colour, and the pager that shows what is longer than it.

Colours are the sixteen that a terminal's own theme defines, so they can be read on light and dark.
"""

import os
import sys
from typing import TextIO

from alma_cli.core.text import did_you_mean, shown
from alma_cli.errors import InvalidUsage

COLOR_CHOICES = ("auto", "always", "never")

_STYLES = {
    **dict.fromkeys(("success", "ok", "heuristic", "rule", "shown"), "32"),
    **dict.fromkeys(("failure", "FAILED", "anti-pattern", "avoid", "error"), "31"),
    **dict.fromkeys(("partial", "warning"), "33"),
    **dict.fromkeys(("maybe", "hint", "age"), "2"),
    "heading": "1",
    "id": "36",
}
"""The colour of what a word means, by ANSI's number."""


class _Chosen:
    """The choices of a command line: `--color` and `--no-pager`."""

    color = "auto"
    pager = True


def choose(*, color: str, pager: bool) -> None:
    """Take the choices of one command line."""
    _Chosen.color, _Chosen.pager = color, pager


def check_color() -> None:
    """Raise `InvalidUsage` if the colour that was chosen is none of the three choices."""
    if _Chosen.color not in COLOR_CHOICES:
        given, _Chosen.color = _Chosen.color, "auto"
        raise InvalidUsage(
            f"--color: expected {', '.join(COLOR_CHOICES[:-1])} or {COLOR_CHOICES[-1]}, got {shown(given)}",
            hint=did_you_mean(given, COLOR_CHOICES),
        )


def is_colored(stream: TextIO | None) -> bool:
    """True when what goes to this stream is to have colours."""
    if _Chosen.color != "auto":
        return _Chosen.color == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream is not None and stream.isatty()


def styled(text: str, meaning: str, stream: TextIO | None) -> str:
    """The text in the colour of a meaning, if the stream gets colours and the meaning has one."""
    style = _STYLES.get(meaning)
    return f"\x1b[{style}m{text}\x1b[0m" if style and text and is_colored(stream) else text


def size() -> tuple[int, int]:
    """The columns and lines of the terminal, by COLUMNS and LINES if they are set."""
    import shutil

    columns, lines = shutil.get_terminal_size()
    return max(1, columns), max(1, lines)


def page(text: str) -> bool:
    """Show a text in the pager, and return whether that was done: it is for a terminal, and a text that is longer.

    The pager is ALMA_PAGER, else PAGER, else less, with less's options as git has them.
    """
    import shlex
    import signal
    import subprocess
    from contextlib import suppress

    from alma_cli.tracked import program_on_path

    given = os.environ.get("ALMA_PAGER", os.environ.get("PAGER", "less"))
    if not _Chosen.pager or not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return False
    if text.count("\n") < size()[1]:
        return False
    try:
        command = shlex.split(given)
    except ValueError:
        return False
    program = program_on_path(command[0]) if command else None
    if program is None or command[0] == "cat":
        return False
    try:
        pager = subprocess.Popen(
            [program, *command[1:]], stdin=subprocess.PIPE, env={"LESS": "FRX", "LV": "-c", **os.environ}
        )
    except OSError:
        return False
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the pager's
    try:
        with suppress(BrokenPipeError):  # whoever reads has seen enough
            pager.communicate(text.encode("utf-8", "backslashreplace"))
        pager.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    return True
