"""Uses Typer beyond its promises; tests/canaries/test_typer.py tells what a version broke."""

from pathlib import Path
from typing import Any

import typer
import typer.completion

# Typer brings its own copy of Click and exports only this of its errors; its bases are the general ones.
UsageError: type[Any] = typer.BadParameter.__mro__[1]
"""Arguments that a command doesn't take; `format_message()` says what is wrong with them."""

INTERRUPTED = 130
"""The value that an application that runs without `standalone_mode` returns for Ctrl-C."""

REWORDED = {"is not a valid int": "is not a whole number", "is not a valid float": "is not a number"}
"""Words of Typer's messages, and ours."""

_completion: Any = typer.completion
_COMPLETING = {"prog_name": "alma", "complete_var": "_ALMA_COMPLETE"}


def shell_here() -> str | None:
    """The name of the shell that started this process; None when it can't be told."""
    name: str | None = _completion._get_shell_name()  # noqa: SLF001
    return name


def completion_script(shell: str) -> str:
    """The script that makes this shell complete the words of `alma`."""
    return f"{_completion.get_completion_script(shell=shell, **_COMPLETING)}\n"


def install_completion(shell: str) -> Path:
    """Make new shells of this kind read that script; return the file that says so to them. Raises `OSError`."""
    path: Path = _completion.install(shell=shell, **_COMPLETING)[1]
    return path
