"""The command line: `main(argv) -> int`, the one place where errors become text and exit codes.

The overview is printed without loading anything; a command loads its own module and no other.
"""

import os
import sys
from collections.abc import Sequence
from time import perf_counter

from alma_cli.errors import AlmaError, InvalidInput


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; nothing that goes wrong leaves here as an exception."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    started = perf_counter()
    command = "alma"
    _make_printable()
    try:
        directory, arguments = _root_options(arguments)
        shown = _overview(arguments)
        if shown is not None:
            print(shown)
            return 0
        if "_ALMA_COMPLETE" in os.environ or arguments[0] in ("--install-completion", "--show-completion"):
            from alma_cli.cli.app import run_completion

            return run_completion(arguments)
        command = _checked_name(arguments[0])
        from alma_cli.cli.app import run_command
        from alma_cli.cli.output import show

        reply, command = run_command(command, arguments[1:], directory)
        status = 0 if reply is None else show(reply, command=command, duration_ms=(perf_counter() - started) * 1000)
        sys.stdout.flush()
    except AlmaError as error:
        from alma_cli.cli.output import show_error

        as_json = _wants_json(arguments)
        return show_error(error, command=command, as_json=as_json, duration_ms=(perf_counter() - started) * 1000)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough; what is left in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        from alma_cli.cli.crash import report_crash

        failure = report_crash(error, arguments)
        from alma_cli.cli.output import show_error

        as_json = _wants_json(arguments)
        return show_error(failure, command=command, as_json=as_json, duration_ms=(perf_counter() - started) * 1000)
    return status


def _root_options(arguments: list[str]) -> tuple[str | None, list[str]]:
    """Take `--dir PATH` from in front of the command."""
    if arguments and arguments[0] == "--dir":
        if len(arguments) < 2:
            raise InvalidInput("--dir needs a path", hint="alma --dir PATH COMMAND")
        return arguments[1], arguments[2:]
    if arguments and arguments[0].startswith("--dir="):
        return arguments[0].removeprefix("--dir="), arguments[1:]
    return None, arguments


def _overview(arguments: list[str]) -> str | None:
    """The answer to what needs no command."""
    from alma_cli import __version__

    if "_ALMA_COMPLETE" in os.environ:
        return None
    if arguments[:1] == ["--version"]:
        return f"alma {__version__}"
    if not arguments or arguments[0] in ("--help", "-h", "help"):
        from alma_cli.cli.commands import overview

        return overview(__version__)
    return None


def _checked_name(name: str) -> str:
    from alma_cli.cli.commands import COMMANDS

    if name in COMMANDS:
        return name
    import difflib

    from alma_cli.core.text import one_line

    kind = "option" if name.startswith("-") else "command"
    close = difflib.get_close_matches(name, COMMANDS, n=1)
    raise InvalidInput(
        f"there is no {kind} {one_line(name, 40)!r}",
        hint=f"did you mean `alma {close[0]}`?" if close else "`alma --help` lists the commands",
    )


def _wants_json(arguments: list[str]) -> bool:
    """Whether --json was asked for, when the command could not say so itself."""
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in own or "--format=json" in own or "--format json" in " ".join(own)


def _make_printable() -> None:
    """Whatever the locale, printing a character it doesn't have must not fail."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
