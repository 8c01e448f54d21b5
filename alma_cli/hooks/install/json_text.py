"""Editing JSON as text: what is there stays as it was written, to the last blank, and only the new stands out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from alma_cli.core.records import JsonValue

_DECODER = json.JSONDecoder()
_BLANK = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Part:
    """A member of an object or an item of a list: where it starts and ends, and where its value starts."""

    start: int
    value_start: int
    end: int
    value: JsonValue


@dataclass(frozen=True, slots=True)
class Container:
    """An object or a list in a text: its brackets' places and its parts, an object's by their keys."""

    start: int
    end: int
    parts: Mapping[str, Part] = field(default_factory=dict)


def container(text: str, start: int) -> Container:
    """The object or list that starts at this place of a valid JSON text; a list's parts have their numbers as keys."""
    is_object = text[start] == "{"
    parts: dict[str, Part] = {}
    place = _past_blanks(text, start + 1)
    while text[place] not in "}]":
        first = place
        key = str(len(parts))
        if is_object:
            key, place = _DECODER.raw_decode(text, place)
            place = _past_blanks(text, _past_blanks(text, place) + 1)
        value, end = _DECODER.raw_decode(text, place)
        parts[key] = Part(first, place, end, value)
        place = _past_blanks(text, end)
        if text[place] == ",":
            place = _past_blanks(text, place + 1)
    return Container(start, place + 1, parts)


def with_part(text: str, start: int, value: JsonValue, *, key: str | None = None, depth: int) -> str:
    """The text with a part added at the end of the container at `start`, which is nested `depth` deep."""
    found = container(text, start)
    newline = "\r\n" if "\r\n" in text else "\n"
    indent = _indent(text)
    named = f"{json.dumps(key, ensure_ascii=False)}: " if key is not None else ""
    parts = list(found.parts.values())
    if parts and "\n" not in text[found.start : parts[0].start]:  # all on one line
        return f"{text[: parts[-1].end]}, {named}{json.dumps(value, ensure_ascii=False)}{text[parts[-1].end :]}"
    shown = json.dumps(value, ensure_ascii=False, indent=indent).replace("\n", newline + indent * (depth + 1))
    line = f"{newline}{indent * (depth + 1)}{named}{shown}"
    if parts:
        return f"{text[: parts[-1].end]},{line}{text[parts[-1].end :]}"
    return f"{text[: found.start + 1]}{line}{newline}{indent * depth}{text[found.end - 1 :]}"


def without_part(text: str, start: int, key: str) -> str:
    """The text without a part of the container at `start`; an empty one has nothing between its brackets."""
    found = container(text, start)
    keys = list(found.parts)
    parts = list(found.parts.values())
    number = keys.index(key)
    if len(parts) == 1:
        return text[: found.start + 1] + text[found.end - 1 :]
    if number:
        return text[: parts[number - 1].end] + text[parts[number].end :]
    return text[: parts[0].start] + text[parts[1].start :]


def _past_blanks(text: str, place: int) -> int:
    while text[place] in _BLANK:
        place += 1
    return place


def _indent(text: str) -> str:
    """What the text's first indented line is indented by; two blanks if there is none."""
    for line in text.splitlines()[1:]:
        blank = line[: len(line) - len(line.lstrip(" \t"))]
        if blank and line.strip():
            return blank
    return "  "
