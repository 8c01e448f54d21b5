"""Uses Typer beyond its promises; tests/canaries/test_typer.py tells what a version broke."""

from typing import Any

import typer

# Typer brings its own copy of Click and exports only this of its errors; its bases are the general ones.
UsageError: type[Any] = typer.BadParameter.__mro__[1]
"""Arguments that a command doesn't take; `format_message()` says what is wrong with them."""

INTERRUPTED = 130
"""The value that an application that runs without `standalone_mode` returns for Ctrl-C."""

REWORDED = {"is not a valid int": "is not a whole number", "is not a valid float": "is not a number"}
"""Words of Typer's messages, and ours."""
