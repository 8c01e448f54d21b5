"""Lays out rows for a terminal of any width: each column has what it needs, the text gets the rest and goes last."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import TextIO

from alma_cli.cli.output import Table
from alma_cli.cli.terminal import styled
from alma_cli.core.text import SHORT_ID, one_line

_GAP = 2
_ENOUGH = 20
"""Columns that a text should have; where it has less, other columns go."""

_MAX_CELL = 300
"""Characters of a text that a table shows; piped, and in `alma show`, there is all of it."""


def width_of(text: str) -> int:
    """The columns that a text takes: two for a wide character, none for an accent."""
    return len(text) if text.isascii() else sum(map(_width, text))


def cut(text: str, width: int) -> str:
    """The text, or the start of it with an ellipsis, in so many columns."""
    if width_of(text) <= width:
        return text
    taken = _start(text, width - 1)
    return text[:taken].rstrip() + "\u2026" if width > 0 else ""


def folded(text: str, width: int) -> list[str]:
    """The text in lines of at most so many columns, between words where that can be; at least one line."""
    lines, line = [], ""
    for word in text.split():
        if line and width_of(line) + 1 + width_of(word) <= width:
            line = f"{line} {word}"
            continue
        if line:
            lines.append(line)
        while width_of(word) > width:
            taken = max(1, _start(word, width))
            lines.append(word[:taken])
            word = word[taken:]  # noqa: PLW2901  # what is left of it
        line = word
    return [*lines, line] if line or not lines else lines


def laid_out(table: Table, width: int, stream: TextIO | None, *, most: int | None = _MAX_CELL) -> list[str]:
    """The lines of a table in so many columns, with at most so many characters of a text."""
    rows = [[one_line(cell, most) for cell in row] for row in table.rows]
    if table.id_column is not None:
        for row in rows:
            row[table.id_column] = row[table.id_column][:SHORT_ID]
    columns = list(range(len(table.headings)))
    widths = _widths(table, rows, columns, width)
    for going in table.first_to_go:
        if _is_enough(table, rows, widths):
            break
        columns.remove(going)
        widths = _widths(table, rows, columns, width)
    if table.whole and not _is_enough(table, rows, widths):
        return _stacked(table, rows, width, stream)
    if min(widths.values()) < 1:
        columns = [*table.flexible][-1:]
        widths = dict.fromkeys(columns, width)
    lines = []
    if any(table.headings):
        heading = {column: [cut(table.headings[column], widths[column])] for column in columns}
        lines += [styled(line, "heading", stream) for line in _side_by_side(heading, widths)]
    for row in rows:
        cells = {column: _cell_lines(table, row[column], column, widths[column]) for column in columns}
        lines += _side_by_side(cells, widths, lambda text, column: _styled(table, text, column, stream))
    return lines


def _is_enough(table: Table, rows: Sequence[Sequence[str]], widths: Mapping[int, int]) -> bool:
    """True when every text has the room that it needs, or enough of it."""
    return all(widths[column] >= min(_ENOUGH, _natural(table, rows, column)) for column in table.flexible)


def _cell_lines(table: Table, text: str, column: int, width: int) -> list[str]:
    return folded(text, width) if table.whole and column in table.flexible else [cut(text, width)]


def _widths(table: Table, rows: Sequence[Sequence[str]], columns: Sequence[int], width: int) -> dict[int, int]:
    """The width of each column: what it needs, and of the flexible ones a share of what is left."""
    widths = {
        column: min(table.widest, _natural(table, rows, column)) for column in columns if column not in table.flexible
    }
    left = width - sum(widths.values()) - _GAP * (len(columns) - 1)
    flexible = sorted(
        (column for column in columns if column in table.flexible), key=lambda each: _natural(table, rows, each)
    )
    for number, column in enumerate(flexible):
        widths[column] = min(_natural(table, rows, column), left // (len(flexible) - number))
        left -= widths[column]
    return widths


def _natural(table: Table, rows: Sequence[Sequence[str]], column: int) -> int:
    return max([width_of(table.headings[column]), *(width_of(row[column]) for row in rows)])


def _side_by_side(
    cells: Mapping[int, list[str]],
    widths: Mapping[int, int],
    style: Callable[[str, int], str] = lambda text, _: text,
) -> list[str]:
    """The lines of one row, each of whose cells may have several."""
    lines = []
    for number in range(max(map(len, cells.values()))):
        line = ""
        gap = 0
        for column, texts in cells.items():
            text = texts[number] if number < len(texts) else ""
            line += " " * gap + style(text, column)
            gap = widths[column] - width_of(text) + _GAP
        lines.append(line.rstrip())
    return lines


def _stacked(table: Table, rows: Sequence[Sequence[str]], width: int, stream: TextIO | None) -> list[str]:
    """Each row as its short cells in one line (numbers after their headings), and its texts below.

    For where they don't fit side by side.
    """
    lines = []
    for row in rows:
        short = " ".join(
            f"{table.headings[column]} {cell}" if cell.replace(",", "").isdecimal() else cell
            for column, cell in enumerate(row)
            if cell and column not in table.flexible
        )
        lines += [styled(line, "heading", stream) for line in folded(short, width)] if short else []
        for column in table.flexible:
            if row[column]:
                heading = table.headings[column]
                text = f"{heading}: {row[column]}" if len(table.flexible) > 1 and heading else row[column]
                lines += [f"  {line}" for line in folded(text, max(1, width - 2))]
    return lines


def _styled(table: Table, text: str, column: int, stream: TextIO | None) -> str:
    if column in table.flexible:
        return text
    if column == 0 and not any(table.headings):
        return styled(text, "heading", stream)
    return styled(text, "id" if column == table.id_column else text.strip(), stream)


def _start(text: str, width: int) -> int:
    """How many characters fit into so many columns."""
    taken = 0
    for number, character in enumerate(text):
        taken += _width(character)
        if taken > width:
            return number
    return len(text)


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
