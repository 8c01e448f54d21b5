"""The help of a command: by `--help` on one screen of 80 columns and 24 lines, by `alma help COMMAND` whole."""

from collections.abc import Iterable, Sequence
from typing import Any

from alma_cli.cli.layout import folded
from alma_cli.cli.signatures import COMMON

MOST_LINES = 23
"""The lines of a screen above its prompt."""

MOST_COLUMNS = 80
_NARROW = 60
_MOST_EXAMPLES = 3
"""The most lines of examples that a screen has beside options, if its first example has no more."""

_WIDEST_NAME = 22


def help_text(command: Any, context: Any, columns: int, *, whole: bool) -> str:
    """The help of one of Typer's commands, in so many columns.

    What isn't `whole` has at most `MOST_LINES` lines at `MOST_COLUMNS`: of options that don't fit only the names.
    """
    columns = min(columns, MOST_COLUMNS)
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.get_params(context) if one.param_type_name == "option"]
    own, common = ([one for one in options if (one.name in (*COMMON, "help")) is wanted] for wanted in (False, True))
    subcommands = getattr(command, "commands", {})
    usage = [
        "Usage:",
        context.command_path,
        *(["COMMAND"] if subcommands else []),
        "[OPTIONS]",
        *map(_place, arguments),
    ]
    told, examples = _said(command.help or "")
    head = [_folded(" ".join(usage), columns, "", "    "), _folded(told[0], columns)]
    asked = _rows("Arguments", [(one.metavar, one.help) for one in arguments], columns)
    listed = _rows("Commands", [(name, one.short_help) for name, one in subcommands.items()], columns)
    all_of_it = _joined(
        *head,
        *(_folded(paragraph, columns) for paragraph in told[1:]),
        _shown_examples(examples, columns),
        listed,
        asked,
        _rows("Options", map(_row, own), columns),
        _rows("Common options", map(_row, common), columns),
    )
    if whole or len(all_of_it) <= MOST_LINES:
        return "\n".join(all_of_it)
    fewer = [each for place, each in enumerate(examples) if sum(map(len, examples[: place + 1])) <= _MOST_EXAMPLES]
    head += [_shown_examples(fewer or examples[:1], columns), listed, asked]
    for count in range(len(own), -1, -1):
        rows = [_row(one) for one in own[:count]]
        tail = [*_named("More", own[count:], columns), *_named("Common", common, columns)]
        tail += folded(f"`{context.command_path.replace('alma', 'alma help', 1)}` explains each.", columns)
        some_of_it = _joined(*head, _rows("Options", rows, columns), tail)
        if len(some_of_it) <= MOST_LINES:
            break
    return "\n".join(some_of_it)


def _place(argument: Any) -> str:
    name: str = argument.metavar
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _said(text: str) -> tuple[list[str], list[list[str]]]:
    """The paragraphs of a docstring, and its examples, each of one line or more."""
    told, _, lines = text.partition("\b\n")
    examples: list[list[str]] = []
    for line in lines.splitlines()[1:]:
        if examples and examples[-1][-1].endswith("\\"):
            examples[-1].append(line)
        else:
            examples.append([line])
    return [" ".join(paragraph.split()) for paragraph in told.strip().split("\n\n")], examples


def _shown_examples(examples: Iterable[Sequence[str]], columns: int) -> list[str]:
    """The examples as they are, or where that is too narrow for one, broken as a shell may have it."""
    lines = ["  Examples:"]
    for example in examples:
        for line in example:
            parts = _folded(line.strip().removesuffix(" \\"), columns - 2, "    ", "        ")
            if len(line) + 2 <= columns:
                lines.append(f"  {line}")
            else:
                lines += [*(f"{part} \\" for part in parts[:-1]), parts[-1] + (" \\" if line.endswith("\\") else "")]
    return lines if lines[1:] else []


def _row(option: Any) -> tuple[str, str]:
    """The names of an option with what it takes, and its help with the default."""
    names = ", ".join(sorted(option.opts, key=len))
    told = option.help or ""
    if option.is_flag:
        return names, told
    default = option.default
    return f"{names} {option.metavar}", told if default in (None, "") else f"{told.rstrip('.')} [{default}]."


def _rows(title: str, rows: Iterable[tuple[str, str]], columns: int) -> list[str]:
    """A part of names with what they mean, beside them or, where that is too narrow, below."""
    found = list(rows)
    if not found:
        return []
    lines = [f"{title}:"]
    indent = min(_WIDEST_NAME, max(len(name) for name, _ in found)) + 4
    for name, told in found:
        first = f"  {name}".ljust(indent)
        if columns < _NARROW or len(first) > indent:
            lines += [*_folded(name, columns), *_folded(told, columns, *(" " * min(indent, 6),) * 2)]
        else:
            lines += _folded(told, columns, first, " " * indent)
    return lines


def _named(title: str, options: Sequence[Any], columns: int) -> list[str]:
    """A part with nothing but the names of options."""
    names = ", ".join(max(one.opts, key=len) for one in options)
    return _folded(f"{title}: {names}", columns, "", "    ") if names else []


def _folded(text: str, columns: int, first: str = "  ", others: str = "  ") -> list[str]:
    """The text in lines of so many columns, of which the first starts so, and the others so."""
    lines = folded(text, max(1, columns - max(len(first), len(others))))
    return [(first if place == 0 else others) + line for place, line in enumerate(lines)]


def narrowed(text: str, columns: int) -> str:
    """A text of lines whose columns stand two spaces apart, where there are fewer columns than it has."""
    lines: list[str] = []
    for line in text.splitlines():
        if len(line) <= columns:
            lines.append(line)
            continue
        indent = " " * (len(line) - len(line.lstrip()))
        name, _, told = line.strip().partition("  ")
        lines += _folded(name, columns, indent, indent)
        lines += _folded(told.strip(), columns, *(indent + "    ",) * 2) if told else []
    return "\n".join(lines)


def _joined(*parts: Sequence[str]) -> list[str]:
    """The lines of all parts that have some, with an empty line between them."""
    lines: list[str] = []
    for part in parts:
        lines += [*([""] if lines and part else []), *part]
    return lines
