"""Reads the options that several commands have: the project, the agent, a text from stdin."""

import os
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from select import select
from typing import Annotated, BinaryIO

from alma_cli.api import ALMA
from alma_cli.cli.options import Dir, Wait, Yes
from alma_cli.cli.output import tell
from alma_cli.cli.signatures import MadeBy
from alma_cli.core.text import one_line
from alma_cli.errors import AlmaError, InvalidInput
from alma_cli.files import writing_whole
from alma_cli.project import is_own

_QUIET_S = 2.0
_MAX_STDIN_BYTES = 16 * 1024 * 1024


def open_alma(directory: Dir = None, wait: Wait = None) -> ALMA:
    """The project's memory. Raises `ProjectNotFound` or `InvalidConfig`."""
    return ALMA.find(directory=directory, wait_s=wait)


@contextmanager
def writing(alma: ALMA, path: str, refusal: type[AlmaError], *, hint: str, own: str = "") -> Iterator[BinaryIO]:
    """A file that somebody named, to be written whole or not at all; a device or a pipe stays what it is.

    Raises `InvalidInput` for one in the project's `.alma/` (but for `own`), and the refusal where it can't be written.
    """
    if is_own(alma.project, path) and os.path.realpath(path) != os.path.realpath(own or alma.project.root):
        raise InvalidInput(
            f"{one_line(path, 200)} is in {alma.project.home}, where everything is ALMA's own",
            hint="name a file outside of it",
        )
    try:
        if "\0" in path:
            raise ValueError("embedded null byte")  # in other words by each version of Python, and of its functions
        is_file = os.path.isfile(path) or not os.path.exists(path)
        with writing_whole(os.path.realpath(path)) if is_file else open(path, "ab") as file:
            yield file
    except (OSError, ValueError) as error:
        raise refusal(f"cannot write {one_line(path, 200)}: {_reason(error)}", hint=hint) from error


def _reason(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)


def _open_to_change(directory: Dir = None, wait: Wait = None, yes: Yes = False) -> ALMA:
    return open_alma(directory, wait)


Memory = Annotated[ALMA, MadeBy(open_alma)]
"""The memory that a command is about."""

MemoryToChange = Annotated[ALMA, MadeBy(_open_to_change)]
"""The same for a command that changes something without a question: it takes --yes like all that do."""


def text_or_stdin(name: str, given: str | None) -> str:
    """The text given, or what stdin has when it is `-` or missing. Raises `InvalidInput`."""
    if given is not None and given != "-":
        return given
    if sys.stdin is None or (given is None and sys.stdin.isatty()):
        raise InvalidInput(f"{name} is missing", hint=f"give {name}, or pipe it in")
    tell_while_waiting(name)
    return _text(name, sys.stdin.buffer, "stdin").strip()


def piped(name: str) -> str:
    """What is piped in, empty on a terminal."""
    return "" if sys.stdin is None or sys.stdin.isatty() else text_or_stdin(name, None)


def tell_while_waiting(name: str) -> None:
    """Tell on stderr what is read from stdin, if nothing comes for a while: who left it open may not know of it."""
    with suppress(OSError, ValueError, AttributeError):  # stdin may be closed, or no file
        if not select([sys.stdin.fileno()], [], [], _QUIET_S)[0]:
            tell(f"waiting for {name} on stdin, which is open: give it, or end it (Ctrl-D, or </dev/null)")


def file_or_stdin(name: str, path: str) -> str:
    """The text of a file, or of stdin for `-`. Raises `InvalidInput`."""
    if path == "-":
        return text_or_stdin(name, None)
    with opened(path) as file:
        return _text(name, file, one_line(path, 200))


def opened(path: str) -> BinaryIO:
    """The file, open to read. Raises `InvalidInput` when it can't be."""
    with told_of(path):
        return open(path, "rb")


@contextmanager
def told_of(path: str) -> Iterator[None]:
    """Errors of the system while a file, or stdin, is opened or read become `InvalidInput`."""
    try:
        yield
    except (OSError, ValueError) as error:
        hint = "name a file in it" if isinstance(error, IsADirectoryError) else "is the path right?"
        raise InvalidInput(f"cannot read {one_line(path, 200)}: {_reason(error)}", hint=hint) from error


def _text(name: str, file: BinaryIO, where: str) -> str:
    with told_of(where):
        content = file.read(_MAX_STDIN_BYTES + 1)
    if len(content) > _MAX_STDIN_BYTES:
        raise InvalidInput(f"{name}: {where} has more than {_MAX_STDIN_BYTES // 2**20} MiB", hint="send less")
    is_utf16 = content.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    if b"\0" in content and not is_utf16:
        raise InvalidInput(f"{name}: {where} is no text in UTF-8", hint="is it compressed, or a program's own file?")
    return content.decode("utf-16" if is_utf16 else "utf-8", "replace").removeprefix("\ufeff")
