"""Commands whose options are read in a process beside this one, while this one imports what answering needs.

Typer and a command of fourteen options take a quarter of a cold `alma retrieve`, numpy, DuckDB and the store nearly all
the rest; neither needs the other, but two threads can't import at once. What was read comes back as JSON. When it does
not (the arguments are wrong, say), they are read again in this process, which then says what there is to say.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

from alma_cli.subtask import begun

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alma_cli.cli.commands import Command
    from alma_cli.cli.output import Reply

_PATIENCE_S = 60.0
"""More than reading options ever takes, on the busiest machine."""


def answered(command: Command, given: Mapping[str, Any]) -> Reply:
    """The command's reply to these options."""
    reply: Reply = _module_of(command).answer(**given)
    return reply


def read_beside(command: Command, arguments: list[str], directory: str | None) -> dict[str, Any] | None:
    """The options that the arguments mean; None when that can't be told so."""

    def read() -> bytes:  # pragma: no cover (in a process of its own)
        from alma_cli.cli.app import called

        given = called(command.name, arguments, directory)
        return json.dumps(given).encode() if isinstance(given, dict) else b"null"

    try:
        with begun(read) as result:
            _module_of(command).prepare(arguments)
            found = result(_PATIENCE_S)
    except OSError:  # no process can be made
        return None
    options: dict[str, Any] | None = json.loads(found or b"null")
    return options


def _module_of(command: Command) -> Any:
    return import_module(f"alma_cli.cli.{command.answers}")
