"""Says a command's answer: data to stdout, narration to stderr, and with --json one object whatever happens.

Text from memories is printed harmless. On a terminal rows are a table; piped, each is one line of tab-separated fields.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from alma_cli.cli.terminal import page, size, styled
from alma_cli.core.records import JsonValue
from alma_cli.core.text import SHORT_ID, harmless, one_line
from alma_cli.errors import AlmaError

SCHEMA = "alma/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under headings; on a terminal the columns `flexible` share the width that the others leave.

    The others are cut at `widest` characters there, and `id_column` has whole ids, which are shown short. Texts are
    shown `whole`, over several lines, or cut to one. Where they have too little room, columns go: `first_to_go`.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    flexible: Sequence[int]
    id_column: int | None = None
    widest: int = 16
    whole: bool = True
    first_to_go: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer of a command: `data` for --json, else `text`, `lines` or `tables` on stdout and `told` on stderr.

    `lines` may be made while they are printed. A failure that still has data (part of a batch) is an `error` here; its
    exit code is the reply's. Else `exit_code` is, which differs from 0 only for what ran somebody else's command.
    """

    data: dict[str, JsonValue] = field(default_factory=dict)
    text: str = ""
    lines: Iterable[str] = ()
    tables: Sequence[Table] = ()
    told: Sequence[str] = ()
    warnings: Sequence[str] = ()
    error: AlmaError | None = None
    json: bool = False
    exit_code: int = 0


def show(reply: Reply, *, command: str, duration_ms: float) -> int:
    """Print a reply and return its exit code."""
    if reply.json:
        _print_envelope(command, reply.data, reply.warnings, reply.error, duration_ms)
    else:
        text = reply.text if reply.text.endswith("\n") or not reply.text else reply.text + "\n"
        if not page(text + _tabled(reply.tables)):
            write(text)
            for line in reply.lines:
                write(line + "\n")
            write(_tabled(reply.tables))
        for line in reply.told:
            tell(line)
        for warning in reply.warnings:
            tell(warning, "warning")
        if reply.error:
            _tell_error(reply.error)
    return reply.error.exit_code if reply.error else reply.exit_code


def show_error(error: AlmaError, *, command: str, as_json: bool, duration_ms: float) -> int:
    """Print why a command failed and return its exit code."""
    if as_json:
        _print_envelope(command, None, (), error, duration_ms)
    else:
        _tell_error(error)
    return error.exit_code


class OutputLost(OSError):  # noqa: N818  # errors say what happened
    """Stdout can't be written; `errno` and `strerror` say why."""


def write(text: str) -> None:
    """Put text on stdout. Raises `OutputLost`."""
    try:
        sys.stdout.write(text)
    except OSError as error:
        raise OutputLost(error.errno, error.strerror) from error


def tell(text: str, kind: str = "") -> None:
    """Narrate on stderr, as an error, hint or warning if it is one.

    Where nobody can read it, do nothing: what was done is done.
    """
    try:
        told = f"{kind}: {harmless(text)}" if kind else harmless(text)
        if sys.stderr.isatty():
            told = "\n".join(map(_within_the_screen, told.splitlines()))
        start = styled(f"{kind}:", kind, sys.stderr) if kind else ""
        sys.stderr.write(start + told.removeprefix(f"{kind}:" if kind else "") + "\n")
        sys.stderr.flush()
    except OSError:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # lasts as long as the process


def _within_the_screen(line: str) -> str:
    """The line, broken between words where it is longer than the terminal.

    What is indented is for copying, and stays whole; so does a line with a path that no screen's line has room for.
    """
    from alma_cli.cli.layout import folded, width_of

    columns, _ = size()
    is_whole = line.startswith(" ") or any(width_of(word) > columns for word in line.split())
    return line if is_whole or width_of(line) <= columns else "\n".join(folded(line, columns))


def labelled(pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Lines of texts behind their labels; on a terminal a long one goes on below, under its own start."""
    if not on_terminal():
        indent = max(len(label) for label, _ in pairs) + 2
        yield from (f"{label:<{indent}}{one_line(text)}" for label, text in pairs)
        return
    from alma_cli.cli.layout import laid_out

    columns, _ = size()
    yield from laid_out(Table(headings=("", ""), rows=pairs, flexible=[1], widest=20), columns, sys.stdout, most=None)


def id_for_stdout(id: str) -> str:
    """A new memory's id: whole for a script, on a terminal as short as everywhere there."""
    return id[:SHORT_ID] if on_terminal() else id


def on_terminal() -> bool:
    """True when somebody reads stdout."""
    return sys.stdout.isatty()


def error_json(error: AlmaError) -> dict[str, JsonValue]:
    """An error as --json shows it."""
    return {"code": error.code, "message": error.message, "hint": error.hint}


@contextmanager
def progress(label: str, *, total: int | None, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar on stderr, where that is a terminal; what is given back is told how many more are done."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.advance(task, done)


def confirmed(question: str, *, yes: bool, about: Sequence[str] = ()) -> bool:
    """True to go on; the question is asked only where somebody can answer, under the lines that it is about."""
    if yes or not _is_somebody_there():
        return True
    for line in about:
        tell(line)
    return agreed(question)


def agreed(question: str) -> bool:
    """True when somebody says yes; it isn't asked where nobody can answer."""
    if not _is_somebody_there():
        return False
    sys.stderr.write(_within_the_screen(f"{harmless(question)} [y/N]") + " ")
    sys.stderr.flush()
    return sys.stdin.buffer.readline().strip().lower() in (b"y", b"yes")


def _is_somebody_there() -> bool:
    return bool(sys.stdin and sys.stdin.isatty())


def _print_envelope(
    command: str,
    data: dict[str, JsonValue] | None,
    warnings: Sequence[str],
    error: AlmaError | None,
    duration_ms: float,
) -> None:
    envelope = {
        "schema": SCHEMA,
        "command": command,
        "ok": error is None,
        "data": data,
        "warnings": list(warnings),
        "error": error_json(error) if error else None,
        "duration_ms": round(duration_ms),
    }
    write(json.dumps(envelope) + "\n")


def _tell_error(error: AlmaError) -> None:
    tell(error.message, "error")
    if error.hint:
        tell(error.hint, "hint")


def _tabled(tables: Sequence[Table]) -> str:
    """Tables as they are laid out on a terminal, with a line between them; piped, their rows."""
    if not on_terminal():
        return "".join("\t".join(map(one_line, row)) + "\n" for table in tables for row in table.rows)
    if not tables:
        return ""
    from alma_cli.cli.layout import laid_out

    columns, _ = size()
    return "\n".join("".join(f"{line}\n" for line in laid_out(table, columns, sys.stdout)) for table in tables)
