"""Lines of JSON from a file or stdin, each with its number, and an error in the place of each that can't be read."""

from __future__ import annotations

import json
import os
import re
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from typing import BinaryIO, NoReturn, TypeAlias

from alma_cli.cli.inputs import opened, tell_while_waiting, told_of
from alma_cli.core.records import JsonValue
from alma_cli.core.text import one_line
from alma_cli.errors import InvalidInput

NumberedValue: TypeAlias = "tuple[int, JsonValue | InvalidInput]"
"""A line's number and the value in it, or why there is none."""

_MAX_LINE_BYTES = 4 * 1024 * 1024
_MAX_SKIPPED_BYTES = 64 * 2**20  # of a line that is too long: a device such as /dev/zero has no end
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_BLANK = b" \t\r\n\xef\xbb\xbf\x1a"  # with a byte order mark, and the end of a file as DOS has it


def numbered_values(path: str) -> Iterator[NumberedValue]:
    """The values of a file's lines (`-` is stdin); empty lines are passed over.

    The file is opened at once: raises `InvalidInput` when it can't be, and when the lines are read, for a file that is
    one JSON value over all of them.
    """
    if path == "-":
        if sys.stdin is None or sys.stdin.isatty():
            raise InvalidInput("nothing is piped in", hint="pipe NDJSON in, or name a file")
        tell_while_waiting("lines")
        return _values(sys.stdin.buffer, "stdin")
    return _closing(opened(path), path)


def _closing(file: BinaryIO, path: str) -> Iterator[NumberedValue]:
    with file:
        yield from _values(file, one_line(path, 200))


def count_lines(path: str) -> int | None:
    """How many lines a file has; None for stdin, for what can be read only once (a pipe) and what can't be opened."""
    if not os.path.isfile(path):
        return None
    try:
        with open(path, "rb") as file:
            lines, last = 0, b"\n"
            for last in iter(lambda: file.read(1 << 20), b""):
                lines += last.count(b"\n")
            return lines + (not last.endswith(b"\n"))
    except (OSError, ValueError):
        return None


def _values(file: BinaryIO, name: str) -> Iterator[NumberedValue]:
    number, is_first = 0, True
    while line := _line(file, name, _MAX_LINE_BYTES + 1):
        number += 1
        begins = is_first and bool(line.strip(_BLANK))
        if begins:
            is_first = False
            _refuse_one_value(line, name)
        if len(line) > _MAX_LINE_BYTES:
            skipped = len(line)
            while line and not line.endswith(b"\n"):
                if skipped > _MAX_SKIPPED_BYTES:
                    raise InvalidInput(
                        f"{name}: line {number} has no end within {_MAX_SKIPPED_BYTES // 2**20} MiB",
                        hint="expected one JSON object a line",
                    )
                line = _line(file, name, _MAX_LINE_BYTES)
                skipped += len(line)
            yield number, InvalidInput(f"the line has more than {_MAX_LINE_BYTES // 2**20} MiB")
        elif line.strip(_BLANK):
            value = _value(line)
            if begins:
                _refuse_lists_within(value, name)
            yield number, value


_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\x28\xb5\x2f\xfd")
"""How what gzip, bzip2 and zstd make begins; a first line of it may have no zero byte."""


def _line(file: BinaryIO, name: str, most: int) -> bytes:
    with told_of(name):
        return file.readline(most)


def _refuse_one_value(line: bytes, name: str) -> None:
    """Raise `InvalidInput` if the first line shows a JSON value over several lines, an array, or what is no UTF-8."""
    if line.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise InvalidInput(f"{name} is UTF-16; expected UTF-8", hint="iconv -f UTF-16 -t UTF-8 makes it so")
    if line.startswith(_COMPRESSED) or (b"\0" in line and len(line) <= _MAX_LINE_BYTES):
        raise InvalidInput(
            f"{name} is no text in UTF-8: is it compressed, or a database?",
            hint="`gunzip -c FILE | alma COMMAND -` reads what is compressed; `alma export` writes a store as lines",
        )
    start = line.strip(_BLANK)
    if start.startswith(b"["):
        raise InvalidInput(
            f"{name} is a JSON array; expected one JSON object a line", hint="jq -c '.[]' makes lines of an array"
        )
    if start == b"{" or (start.startswith(b"{") and start.endswith((b"{", b"["))):
        path = "'.[][]'" if start.endswith(b"[") else "."
        raise InvalidInput(
            f"{name} has JSON objects over several lines; expected one object a line",
            hint=f"jq -c {path} makes a line of each",
        )


def _refuse_lists_within(value: JsonValue | InvalidInput, name: str) -> None:
    """Raise `InvalidInput` for an object that only holds lists of others, as `alma list --json` and exports have it."""
    if not isinstance(value, dict) or "kind" in value or "task" in value:
        return
    data = value.get("data")
    within = {".data": data} if isinstance(data, dict) else {"": value}
    paths = [
        f"{path}.{key}[]"
        for path, holder in within.items()
        for key, items in holder.items()
        if _NAME.fullmatch(key) and isinstance(items, list) and items and isinstance(first := items[0], dict)
        if "kind" in first or "task" in first
    ]
    if paths:
        raise InvalidInput(
            f"{name} is one JSON object that holds others; expected one object a line",
            hint=f"jq -c '{', '.join(paths)}' makes a line of each",
        )


def _value(line: bytes) -> JsonValue | InvalidInput:
    try:
        value: JsonValue = json.loads(
            line.rstrip(b"\r\n").decode("utf-8-sig"),
            parse_constant=_refuse_constant,
            parse_int=_whole_number,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError as error:
        return InvalidInput(f"not UTF-8 at byte {error.start + 1}", hint="save the file as UTF-8")
    except json.JSONDecodeError as error:
        what = error.msg.removesuffix(" at")
        hint = "jq -c . makes a line of each object" if what == "Extra data" else "each line is one JSON object"
        return InvalidInput(f"not JSON: {what} at column {error.colno}", hint=hint)
    except RecursionError:
        return InvalidInput("not JSON that can be read: it is nested too deeply")
    except ValueError as error:
        return InvalidInput(f"not JSON that can be read: {one_line(str(error), 80)}")
    return value


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    """The object of these pairs; which of two values of one key was meant, nobody can tell."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {one_line(twice, 40)} is there twice")
    return found


def _whole_number(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:
        raise ValueError("a number has too many digits") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
