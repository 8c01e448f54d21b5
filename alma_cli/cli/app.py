"""Commands as Typer sees them: each is a function in the module of its name, annotated with its options."""

import inspect
import re
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import pairwise
from shlex import quote
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from alma_cli.cli.commands import COMMANDS, MEANT_BELOW, OWN_OUTPUT, Command
from alma_cli.cli.output import Reply
from alma_cli.cli.signatures import completed
from alma_cli.cli.typer_insides import INTERRUPTED, REWORDED, UsageError
from alma_cli.core.text import did_you_mean, one_line
from alma_cli.errors import InvalidUsage

_LONGEST_MESSAGE = 500
_NEGATIVE = re.compile(r"no such option: -\d")
_NO_OPTION = re.compile(r"(no such option: --(\S+)) \([^:]*: (.*)\)")
_EXTRA = re.compile(r"got unexpected extra arguments?(?:\(s\))? \((.*)\)")


class _HelpAsked(Exception):  # noqa: N818  # not an error
    """The help of a command, its only argument, is what was asked for."""


class _Helping:
    """A command whose help is ours; the context's `obj` says whether it is to be whole."""

    def get_help(self, context: Any) -> str:
        """Raise `_HelpAsked`."""
        from alma_cli.cli.help import help_text
        from alma_cli.cli.terminal import size

        columns, _ = size()
        raise _HelpAsked(help_text(self, context, columns, whole=bool(context.obj)))


class _Command(_Helping, TyperCommand):
    def parse_args(self, context: Any, args: list[str]) -> list[str]:
        """Parse the arguments; an option is no other one's value, as it would be behind an empty variable."""
        options = {name: parameter for parameter in self.params for name in parameter.opts if name.startswith("-")}
        own = args[: args.index("--")] if "--" in args else args
        for name, following in pairwise(own):
            if name in options and not getattr(options[name], "is_flag", False) and following in options:
                hint = f"give it one, or leave it out; {name}={following} is taken as it stands"
                raise InvalidUsage(f"{name}: expected a value, got the option {following}", hint=hint)
        parsed: list[str] = super().parse_args(context, args)
        return parsed


class _Group(_Helping, TyperGroup):
    pass


def run_command(name: str, arguments: list[str], directory: str | None, *, whole_help: bool = False) -> Reply:
    """Run the command of this whole name, with which the arguments start; or show its help.

    `directory` is a `--dir` from in front of the command. Raises `InvalidUsage` for arguments it doesn't take.
    """
    command = COMMANDS[arguments[0]]
    given = arguments[1:]
    if command.alone and name == command.name:
        command = command._replace(subcommands=())
    if command.subcommands and name == command.name and given[:1] not in (["--help"], ["-h"]):
        raise _no_subcommand(command, given)
    if directory is not None:
        placed = 1 if command.subcommands else 0
        given = [*given[:placed], "--dir", directory, *given[placed:]]
    try:
        reply = command_app(command)(given, prog_name=f"alma {command.name}", standalone_mode=False, obj=whole_help)
    except _HelpAsked as asked:
        return Reply(text=str(asked))
    except UsageError as error:
        raise _misused(name, _worded(error.format_message()), given) from None
    if reply == INTERRUPTED:
        raise KeyboardInterrupt
    answer: Reply = reply
    return answer


def function_of(command: Command, subcommand: str = "") -> Callable[..., Reply]:
    """The function behind a command, with all of its options."""
    module = import_module(f"alma_cli.cli.{command.module}")
    function = getattr(module, (subcommand or command.name).replace("-", "_").replace("import", "import_"))
    return completed(function, has_json=command.name not in OWN_OUTPUT)


def _no_subcommand(command: Command, arguments: list[str]) -> InvalidUsage:
    """The error when no subcommand is named."""
    choices = " or ".join(filter(None, (", ".join(command.subcommands[:-1]), command.subcommands[-1])))
    takes = f"`alma {command.name}` takes {choices}"
    if not arguments or arguments[0].startswith("-"):
        return InvalidUsage(f"what follows `alma {command.name}` is missing", hint=takes)
    if meant := MEANT_BELOW.get(f"{command.name} {arguments[0]}"):
        hint = f"it is `alma {meant}` here"
    else:
        hint = did_you_mean(arguments[0], command.subcommands, shown_as=f"`alma {command.name} {{}}`") or takes
    return InvalidUsage(f"there is no `alma {command.name} {one_line(arguments[0], 40)}`", hint=hint)


def _misused(name: str, message: str, given: Sequence[str]) -> InvalidUsage:
    """The error for arguments that a command doesn't take, with what was probably meant."""
    hint = f"`alma {name} --help` shows what it takes"
    if extra := _EXTRA.fullmatch(message):
        said = extra[1].strip()
        what = f"'{said}'" if said else "an empty text"
        message = f"`alma {name}` has no place for {what}"
        command = COMMANDS[name.split(maxsplit=1)[0]]
        meant = did_you_mean(extra[1], command.subcommands, shown_as=f"`alma {name} {{}}`")
        if name == "list":
            meant = f"`alma search {said or 'WORDS'}` looks for words"
        elif "TEXT" in command.usage or "TASK" in command.usage or name == "learn":
            meant = "put a text of several words in quotes"
        hint = f"{meant}{'' if meant.endswith('?') else ';'} {hint}" if meant else hint
    elif mistyped := _NO_OPTION.fullmatch(message):
        message = mistyped[1]
        meant = did_you_mean(mistyped[2], mistyped[3].replace("--", "").split(", "), shown_as="--{}")
        hint = f"{meant} {hint}" if meant else hint
    elif name == "config set" and message.startswith("missing argument") and any("=" in word for word in given):
        key, _, value = next(word for word in given if "=" in word).partition("=")
        hint = f"the value stands behind the key: alma config set {quote(key)} {quote(value)}"
    elif _NEGATIVE.match(message):
        hint = "put -- in front of a value that starts with a dash"
    return InvalidUsage(message, hint=hint)


def _worded(message: str) -> str:
    """Typer's message in the words of all others."""
    message = one_line(message, _LONGEST_MESSAGE).removesuffix(".")
    for theirs, ours in REWORDED.items():
        message = message.replace(theirs, ours)
    return message[:1].lower() + message[1:]


def command_app(command: Command) -> typer.Typer:
    """The application of one command, with its subcommands if it has some."""
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    if not command.subcommands:
        app.command(command.name, cls=_Command)(function_of(command))
        return app
    app.callback(cls=_Group, help=_group_help(command))(_nothing)
    for subcommand in command.subcommands:
        function = function_of(command, subcommand)
        app.command(subcommand, cls=_Command, short_help=_first_sentence(function))(function)
    return app


def _group_help(command: Command) -> str:
    """The text of `alma GROUP --help`: its purpose, and an example of each of its commands."""
    lines = [f"{command.summary[0].upper()}{command.summary[1:]}.", "", "\b", "Examples:"]
    for subcommand in command.subcommands:
        _, _, examples = inspect.getdoc(function_of(command, subcommand)).partition("Examples:\n")  # type: ignore[union-attr]
        example, *more = examples.splitlines()
        lines.append(example)
        while lines[-1].endswith("\\"):
            lines.append(more.pop(0))
    return "\n".join(lines)


def _first_sentence(function: Callable[..., Reply]) -> str:
    return (inspect.getdoc(function) or "").partition("\n\n")[0].partition(". ")[0].partition(": ")[0].rstrip(".") + "."


def _nothing() -> None:
    """A group's own part."""
