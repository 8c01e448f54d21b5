"""The facts that a Markdown page states: each bullet and each short paragraph is one, under its heading.

Code, tables, quotes of HTML, front matter, ALMA's own block, and lines of links or badges alone are no facts.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_BULLET = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?(.*)")
_HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*")
_FENCE = re.compile(r"\s*(```|~~~)")
_LINKS = re.compile(r"!?\[!?(?:\[[^\]]*\]\([^)]*\)|[^\]]*)\](?:\([^)]*\)|\[[^\]]*\])|<?https?://\S+")
_COMMENT = re.compile(r"<!--.*?-->")
_NO_TEXT = re.compile(r"\s*(?:\||<|={3,}\s*$|-{3,}\s*$|\*{3,}\s*$|_{3,}\s*$|\[[^\]]+\]:\s)")
_OWN_BLOCK = re.compile(r"<!-- >>> (?P<name>.*alma.*|.*lessons.*) >>> -->")
_LEAST_WORDS = 3
_MOST_CHARACTERS = 500


class Fact(NamedTuple):
    """A fact, the line that it begins on, and the heading it stands under (empty before the first)."""

    line: int
    heading: str
    text: str


def facts_in(page: str) -> list[Fact]:
    """The facts of a page, in its order, each once."""
    found: dict[str, Fact] = {}
    for line, heading, text in _blocks(page):
        fact = " ".join(text.split())
        is_told = len(re.findall(r"\w+", _LINKS.sub("", fact))) >= _LEAST_WORDS
        if is_told and len(fact) <= _MOST_CHARACTERS and not fact.endswith(":"):
            found.setdefault(fact, Fact(line, heading, fact))
    return list(found.values())


def _blocks(page: str) -> Iterator[Fact]:
    """The bullets and paragraphs of a page, as they stand."""
    heading, begun, parts = "", 0, list[str]()
    skipped_until: re.Pattern[str] | None = None
    for number, raw in enumerate(page.splitlines(), start=1):
        if skipped_until is not None:
            skipped_until = None if skipped_until.match(raw) else skipped_until
            continue
        skipped_until = _skipped(raw, number)
        line = _COMMENT.sub("", raw)
        bullet, title = _BULLET.fullmatch(line), _HEADING.fullmatch(line)
        is_code = line.startswith(("    ", "\t")) and not parts
        is_end = (
            not re.search(r"\w", _LINKS.sub("", line))
            or skipped_until is not None
            or _NO_TEXT.match(line) is not None
            or is_code
        )
        if parts and (bullet or title or is_end):
            yield Fact(begun, heading, " ".join(parts))
            parts = []
        if title:
            heading = title[1]
        elif bullet and skipped_until is None:
            begun, parts = number, [bullet[1]]
        elif not is_end:
            begun, parts = begun if parts else number, [*parts, line.lstrip("> ")]
    if parts:
        yield Fact(begun, heading, " ".join(parts))


def _skipped(line: str, number: int) -> re.Pattern[str] | None:
    """The pattern of the line up to which all is left out, if that begins here."""
    if fence := _FENCE.match(line):
        return re.compile(rf"\s*{fence[1]}")
    if number == 1 and line.strip() == "---":
        return re.compile(r"---\s*$")
    if own := _OWN_BLOCK.match(line):
        return re.compile(rf"<!-- <<< {re.escape(own['name'])} <<< -->")
    if line.strip().startswith("<!--") and "-->" not in line:
        return re.compile(r".*-->")
    return None
