"""The command line: `main(argv) -> int`, the one place where errors become text and exit codes.

The overview is printed without loading anything; a command loads its own module and no other.
"""

import errno
import os
import sys
from collections.abc import Callable, Sequence
from time import perf_counter

from alma_cli import __version__
from alma_cli.cli.terminal import check_color, choose
from alma_cli.errors import AlmaError, Interrupted, InvalidUsage
from alma_cli.logs import info, level_asked, listening

_COMPLETION = {"--install-completion": ["--install"], "--show-completion": []}
"""Options by which other tools are known to install completion, and those of `alma completion`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; nothing that goes wrong leaves here as an exception."""
    given = list(sys.argv[1:] if argv is None else argv)
    directory, arguments = _root_options(_screen_options(given))
    _prepare_streams()
    is_hook = arguments[:1] == ["hook"] and not {"--help", "-h"}.intersection(arguments)
    answer = _run_hook if is_hook else _run_command
    level = level_asked(_own(given))
    if level is None:
        return answer(arguments, directory)
    with listening(level, _noting(arguments, directory) if is_hook else _tell):
        info("ALMA %s, Python %s, %s", __version__, sys.version.partition(" ")[0], sys.platform)
        return answer(arguments, directory)


def _tell(line: str) -> None:
    from alma_cli.cli.output import tell

    tell(line)


def _noting(arguments: list[str], directory: str | None) -> Callable[[str], None]:
    from alma_cli.hooks.guard import noting

    return noting(arguments, directory or _value_of("--dir", arguments))


def _run_command(arguments: list[str], directory: str | None) -> int:
    """Answer a command that isn't a hook's; return its exit code."""
    try:
        if not arguments:
            shown = _welcome(directory)
            arguments = ["status"]
        else:
            shown = _overview(arguments, directory)
        if shown is None:
            status = _run(arguments, directory, started=perf_counter())
        else:
            _show_overview(shown)
            status = 0
        sys.stdout.flush()
    except OSError as error:
        _drop_output()
        if error.errno == errno.EPIPE:  # whoever read our output has seen enough
            return 0
        _tell(f"error: cannot write to stdout: {error.strerror}")
        return 1
    return status


def _show_overview(text: str) -> None:
    """Write a text of 80 columns; where the terminal has fewer, or fewer lines, as it can be read there."""
    if sys.stdout.isatty():
        from alma_cli.cli.terminal import page, size

        columns, _ = size()
        if columns < max(map(len, text.splitlines()), default=0):
            from alma_cli.cli.help import narrowed

            text = narrowed(text, columns)
        if page(text + "\n"):
            return
    sys.stdout.write(text + "\n")


def _run_hook(arguments: list[str], directory: str | None) -> int:
    """Answer a hook's event; whatever happens the exit code is 0, and stdout has an answer or nothing."""
    try:
        from alma_cli.hooks.guard import guarded

        answer = guarded(
            arguments,
            directory or _value_of("--dir", arguments),
            _value_of("--deadline", arguments),
            lambda: _run(arguments, directory, started=perf_counter()),
        )
        sys.stdout.write(answer)
        sys.stdout.flush()
    except Exception:
        _drop_output()
    return 0


def _run(arguments: list[str], directory: str | None, *, started: float) -> int:
    """Answer on stdout and stderr, and return the exit code. Only writing to stdout may raise."""
    failure: AlmaError
    command = "alma"
    try:
        check_color()
        if arguments[0] in _COMPLETION:
            arguments = ["completion", *_COMPLETION[arguments[0]], *arguments[1:]]
        whole_help = arguments[0] == "help"
        if whole_help:
            arguments = [*arguments[1:], "--help"]
        command = _checked_name(arguments)
        if whole_help or {"--help", "-h"}.intersection(_own(arguments)):
            arguments = _only_help(command, arguments)
        arguments = _format_json_as_json(command, arguments)
        from alma_cli.cli.app import run_command
        from alma_cli.cli.output import show

        reply = run_command(command, arguments, directory, whole_help=whole_help)
        return show(reply, command=command, duration_ms=_since(started))
    except AlmaError as error:
        failure = error
    except KeyboardInterrupt:
        failure = Interrupted("interrupted")
    except Exception as error:
        from alma_cli.cli.output import OutputLost

        if isinstance(error, OutputLost):
            raise
        from alma_cli.cli.crash import report_crash

        failure = report_crash(error, arguments, directory or _value_of("--dir", arguments))
    from alma_cli.cli.output import show_error

    as_json = _wants_json(command, arguments)
    return show_error(failure, command=command, as_json=as_json, duration_ms=_since(started))


def _screen_options(arguments: list[str]) -> list[str]:
    """Take `--color WHEN` and `--no-pager` from the command line, wherever they stand before `--`.

    Of a command that runs others, or hooks, only what stands in front of it.
    """
    own = _own(arguments)
    command = _command_place(own)
    if own[command : command + 1] in (["run"], ["hook"]):
        own = own[:command]
    color, pager, kept, rest = "auto", True, [], iter(own)
    for argument in rest:
        if argument == "--no-pager":
            pager = False
        elif argument == "--color":
            color = next(rest, "")
        elif argument.startswith("--color="):
            color = argument.removeprefix("--color=")
        else:
            kept.append(argument)
    choose(color=color, pager=pager)
    return [*kept, *arguments[len(own) :]]


def _command_place(arguments: list[str]) -> int:
    """The place of the command: the first argument that is neither an option nor the value of one."""
    place = 0
    while place < len(arguments) and arguments[place].startswith("-"):
        place += 2 if arguments[place] in ("--dir", "--color") else 1
    return place


def _root_options(arguments: list[str]) -> tuple[str | None, list[str]]:
    """Take `--dir PATH` and `--verbose` from in front of the command."""
    directory = None
    while arguments:
        if arguments[0] == "--verbose":
            arguments = arguments[1:]
        elif len(arguments) > 1 and arguments[0] == "--dir":
            directory, arguments = arguments[1], arguments[2:]
        elif arguments[0].startswith("--dir="):
            directory, arguments = arguments[0].removeprefix("--dir="), arguments[1:]
        else:
            break
    return directory, arguments


def _welcome(directory: str | None) -> str | None:
    """The answer of `alma` alone where no project is; None in a project, or where one was named."""
    from alma_cli.errors import ProjectNotFound
    from alma_cli.project import find_project

    if directory or os.environ.get("ALMA_DIR"):
        return None
    try:
        find_project()
    except ProjectNotFound as error:
        from alma_cli.cli.commands import welcome

        return welcome(__version__, error.message)
    except AlmaError:
        return None
    return None


def _overview(arguments: list[str], directory: str | None) -> str | None:
    """The answer to what needs no command."""
    if arguments[:2] == ["completion", "--values"]:
        from alma_cli.cli.completing import answer

        return answer(arguments[2:], directory)
    if arguments[:1] in (["--version"], ["-V"]):
        return f"alma {__version__}"
    is_of_help = arguments[0] == "help" and arguments[1:] in ([], ["help"], ["--help"], ["-h"])
    if is_of_help or arguments[0] in ("--help", "-h"):
        from alma_cli.cli.commands import overview

        return overview(__version__)
    return None


def _checked_name(arguments: list[str]) -> str:
    """The whole name of the command, such as `add knowledge`. Raises `InvalidUsage` if there is none of that name."""
    from alma_cli.cli.commands import COMMANDS, MEANT

    name = arguments[0]
    if name in COMMANDS:
        subcommands = COMMANDS[name].subcommands
        return f"{name} {arguments[1]}" if len(arguments) > 1 and arguments[1] in subcommands else name
    from alma_cli.core.text import did_you_mean, one_line

    if name == "--dir":
        raise InvalidUsage("--dir needs a path", hint="alma --dir PATH COMMAND")
    if name.startswith("-"):
        hint = "-V is the version; --verbose stands behind a command" if name == "-v" else ""
        raise InvalidUsage(
            f"there is no option '{one_line(name, 40)}' before the command",
            hint=hint or "write options after it, as in `alma retrieve TASK --json`",
        )
    meant = MEANT.get(name, "")
    hint = f"it is `alma {meant}` here" if meant else did_you_mean(name, COMMANDS, shown_as="`alma {}`")
    hint = hint or "`alma --help` lists the commands"
    raise InvalidUsage(f"there is no command '{one_line(name, 40)}'", hint=hint)


def _only_help(command: str, arguments: list[str]) -> list[str]:
    """The arguments that ask for a command's help and for nothing besides.

    Behind an option that takes a value `--help` would be that value, behind `--` a program's: the command would run.
    """
    from alma_cli.cli.commands import COMMANDS

    words = command.split()
    known = COMMANDS[words[0]]
    is_of_group = known.subcommands and len(words) == 1 and not known.alone
    return [*words, *(arguments[1:2] if is_of_group else ()), "--help"]


def _format_json_as_json(command: str, arguments: list[str]) -> list[str]:
    """The arguments with `--json` for `--format json`, where the command has no formats of its own."""
    from alma_cli.cli.commands import OWN_FORMATS, OWN_OUTPUT

    if command in OWN_FORMATS | OWN_OUTPUT or _value_of("--format", arguments) != "json":
        return arguments
    own = _own(arguments)
    place = next(place for place, argument in enumerate(own) if argument.partition("=")[0] == "--format")
    taken = 1 if "=" in own[place] else 2
    return [*own[:place], "--json", *own[place + taken :], *arguments[len(own) :]]


def _wants_json(command: str, arguments: list[str]) -> bool:
    """True when --json was asked for, when the command could not say so itself."""
    from alma_cli.cli.commands import OWN_OUTPUT

    asked = "--json" in _own(arguments) or _value_of("--format", arguments) == "json"
    return asked and command not in OWN_OUTPUT


def _value_of(option: str, arguments: list[str]) -> str | None:
    """The value that was given for an option, in either spelling."""
    value = None
    own = _own(arguments)
    for place, argument in enumerate(own):
        if argument.startswith(f"{option}="):
            value = argument.removeprefix(f"{option}=")
        elif argument == option:
            value = own[place + 1] if place + 1 < len(own) else None
    return value


def _own(arguments: list[str]) -> list[str]:
    """The arguments before `--`."""
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


def _since(started: float) -> float:
    return (perf_counter() - started) * 1000


def _prepare_streams() -> None:
    """Make sure that narrating can't fail, and that a closed stream's number is given to no file that we open."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # lasts as long as the process
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # whatever the locale, printing a character it doesn't have must not fail
            reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Send what is still in stdout's buffer nowhere, so that the end of the process doesn't fail on it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
