"""Commands as Typer sees them: each is a function in the module of its name, annotated with its options."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer

from alma_cli.cli.commands import COMMANDS, Command
from alma_cli.cli.output import Reply
from alma_cli.core.text import one_line
from alma_cli.errors import InvalidUsage

if TYPE_CHECKING:
    from collections.abc import Callable

# Typer brings its own copy of Click and exports only this of its errors; its bases are the general ones.
_UsageError: type[Any] = typer.BadParameter.__mro__[1]


def run_command(name: str, arguments: list[str], directory: str | None) -> tuple[Reply | None, str]:
    """Run a command; what it answers (None when it only showed its help), and its whole name.

    Raises `InvalidUsage` for arguments it doesn't take.
    """
    command = COMMANDS[name]
    if command.subcommands and arguments and arguments[0] in command.subcommands:
        name = f"{name} {arguments[0]}"
    if directory is not None:
        os.environ["ALMA_DIR"] = os.path.abspath(directory)
    try:
        reply = _app((command,))(arguments, prog_name=f"alma {command.name}", standalone_mode=False)
    except _UsageError as error:
        raise InvalidUsage(one_line(error.format_message()), hint=f"`alma {name} --help` shows what it takes") from None
    except typer.Abort:
        raise KeyboardInterrupt from None
    return (reply if isinstance(reply, Reply) else None), name


def run_completion(arguments: list[str]) -> int:
    """Answer the shell's questions, or install what asks them."""
    try:
        full_app()(arguments, prog_name="alma", standalone_mode=False)
    except _UsageError as error:
        raise InvalidUsage(one_line(error.format_message())) from None
    except typer.Exit as done:
        return done.exit_code
    return 0


def full_app() -> typer.Typer:
    """Every command in one application: for completion and the documentation."""
    return _app(tuple(COMMANDS.values()), single=False)


def function_of(command: Command, subcommand: str = "") -> Callable[..., Reply]:
    """The function behind a command."""
    module = import_module(f"alma_cli.cli.{command.module}")
    function: Callable[..., Reply] = getattr(
        module, (subcommand or command.name).replace("-", "_").replace("import", "import_")
    )
    return function


def _app(commands: tuple[Command, ...], *, single: bool = True) -> typer.Typer:
    settings: dict[str, Any] = {
        "rich_markup_mode": None,
        "pretty_exceptions_enable": False,
        "context_settings": {"help_option_names": ["--help", "-h"], "max_content_width": 100},
    }
    app = typer.Typer(add_completion=not single, **settings)
    for command in commands:
        if not command.subcommands:
            app.command(command.name, no_args_is_help=False)(function_of(command))
            continue
        group = app if single else typer.Typer(help=command.summary, add_completion=False, **settings)
        if single:
            app.callback(help=command.summary)(_nothing)
        for subcommand in command.subcommands:
            group.command(subcommand)(function_of(command, subcommand))
        if not single:
            app.add_typer(group, name=command.name)
    return app


def _nothing() -> None:
    """A group's own part."""
