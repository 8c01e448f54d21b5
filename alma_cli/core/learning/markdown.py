"""The facts that a Markdown page states: each bullet and each short paragraph is one, under its heading.

Code, tables, quotes of HTML, front matter, ALMA's own block, and lines of links or badges alone are no facts.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_BULLET = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?(.*)")
_HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*")
_UNDERLINE = re.compile(r" {0,3}(?:={2,}|-{2,})\s*")
_FENCE = re.compile(r"\s*(?:(?P<ticks>`{3,})[^`]*|(?P<tildes>~{3,}).*)")
_QUOTE = re.compile(r"^ {0,3}(?:> ?)+(?:\[!\w+\][+-]?)?")
_FRONT_MATTER = {"---": ("---", "..."), "+++": ("+++",)}
"""The lines between which front matter stands, in YAML and in TOML."""

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
    heading, begun, parts, is_bullet = "", 0, list[str](), False
    skipped_until: re.Pattern[str] | None = None
    lines = page.splitlines()
    before = _front_matter(lines)
    for number, raw in enumerate(lines[before:], start=before + 1):
        line = _QUOTE.sub("", raw)
        if skipped_until is not None:
            skipped_until = None if skipped_until.match(line) else skipped_until
            continue
        skipped_until = _skipped(line)
        line = _COMMENT.sub("", line)
        if parts and not is_bullet and _UNDERLINE.fullmatch(line):
            heading, parts = " ".join(parts), []
            continue
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
            begun, parts, is_bullet = number, [bullet[1]], True
        elif parts and not is_end:
            parts.append(line)
        elif not is_end:
            begun, parts, is_bullet = number, [line], False
    if parts:
        yield Fact(begun, heading, " ".join(parts))


def _front_matter(lines: Sequence[str]) -> int:
    """The number of lines that front matter takes; 0 without any, and where it has no end: that is a mere line."""
    ends = _FRONT_MATTER.get(lines[0].rstrip(), ()) if lines else ()
    return next((number for number, line in enumerate(lines[1:], start=2) if line.rstrip() in ends), 0)


def _skipped(line: str) -> re.Pattern[str] | None:
    """The pattern of the line up to which all is left out, if that begins here."""
    if fence := _FENCE.fullmatch(line):
        marks = fence["ticks"] or fence["tildes"]
        return re.compile(rf"\s*{marks[0]}{{{len(marks)},}}\s*$")  # a longer fence has shorter ones in it
    if own := _OWN_BLOCK.match(line):
        return re.compile(rf"<!-- <<< {re.escape(own['name'])} <<< -->")
    if line.strip().startswith("<!--") and "-->" not in line:
        return re.compile(r".*-->")
    return None
