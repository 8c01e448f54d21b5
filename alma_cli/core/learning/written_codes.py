"""Reads the codes of a sheet as programs write them: in marks, in ranges, with their words beside them."""

import re
from typing import NamedTuple

from alma_cli.core.keys import key_of
from alma_cli.core.learning.reports import as_situation
from alma_cli.core.learning.sheets import SHEET, Codes
from alma_cli.core.records import JsonValue

_REFERENCE = re.compile(r"[\w.-]+")
"""A code or an id, in a text with several of them."""

_TO = r"[ \t]*(?:[-~\u2010-\u2015\u2026]|\.{2,3}|to\b|through\b)[ \t]*"
_RANGE = re.compile(rf"\bo(\d{{1,6}}){_TO}o(\d{{1,6}})\b", re.IGNORECASE)

_WORDS_BESIDE = re.compile(r"\A\W*([\w.-]+)(?::\s|\s+\().*", re.DOTALL)
"""A code with its words behind it."""

_MARKS = " ().,:;!?-*#[]{}<>\"'`\u2018\u2019\u201c\u201d"
_AROUND = r"[\s().,:;!?*#\[\]{}<>\"'`\u2018\u2019\u201c\u201d]*"  # a hyphen begins an option, as -O2

_LABEL = r"(?:(?:known|new|use|do) )?(?:situation|approach|option|code|do)"
_LABELLED = re.compile(rf"\A{_AROUND}{_LABEL}\s+(?=\W?(?:s\d|[a-z]\b))", re.IGNORECASE)
_BEHIND = re.compile(r"(.*\S)\s*[(\[]\s*(s\d+|[a-z]{1,2})\s*[)\]]", re.IGNORECASE)
_SITUATION = re.compile(r"s(?:\d+|x)", re.IGNORECASE)
_PLACE = re.compile(rf"{_AROUND}(?:{_LABEL}\s+)?(s\d+)(?:[.:/]?([a-z]{{1,2}}))?{_AROUND}", re.IGNORECASE)


def _codes_alone(one: str) -> re.Pattern[str]:
    """Codes and nothing else, as on a sheet or in what is asked at its top, however they are marked."""
    label = rf"(?:(?:{_LABEL}|(?:the )?(?:same )?as|see|like)\s+)?"
    between = r"(?:\s*[/,;+&|]\s*|\s+(?:and|or)\s+|\s+(?=[os] ?\d))"
    return re.compile(rf"{_AROUND}{label}{one}(?:{between}{one})*{_AROUND}", re.IGNORECASE)


_NUMBERED = r"[os](?:[ -]?\d+|x)(?:[.:/ ]?[a-z]{1,2})?"
_ALONE = {"when": _codes_alone(_NUMBERED), "do": _codes_alone(rf"(?:{_NUMBERED}|[a-z])")}


def is_code(key: str, words: str) -> bool:
    """True where the words for `when` or `do` are codes and nothing else: they would be a rule of strangers."""
    return bool(_ALONE[key].fullmatch(words))


def bare(words: str) -> str:
    """The words without marks around them, in small letters."""
    return words.strip(_MARKS).casefold()


def is_letter(text: str) -> bool:
    """True of what stands for an approach: one letter, or two small ones."""
    return text.isascii() and text.isalpha() and (len(text) == 1 or (len(text) == 2 and text.islower()))


def listed(references: JsonValue, codes: Codes | None = None) -> list[JsonValue]:
    """The references in a text ("o1 o2") or in a list of texts; with `codes` those of a range ("o1-o5") one by one."""
    found: list[JsonValue] = []
    for one in references if isinstance(references, list) else [references] if isinstance(references, str) else []:
        if not isinstance(one, str):
            found.append(one)
            continue
        text = one if one is references else _WORDS_BESIDE.sub(r"\1", one)
        if codes is not None:
            text = _ranges_spread(text, codes)
        found += [part for part in (part.strip(".-_") for part in _REFERENCE.findall(text)) if part not in ("", "and")]
    return found


def is_range(text: str) -> bool:
    """True of a range that was left as it stands, since not all of its codes stood on the last sheet."""
    return bool(_RANGE.fullmatch(text))


def _ranges_spread(text: str, codes: Codes) -> str:
    """The text with the codes of each range, if all of them stood on the last sheet.

    What stood on none may be an outcome of another kind that waits too.
    """

    def spread(found: re.Match[str]) -> str:
        first, last = int(found[1]), int(found[2])
        names = [f"o{number}" for number in range(first, last + 1)] if last - first < SHEET else []
        return " ".join(names) if names and set(names) <= set(codes.sheet) else f"o{first}-o{last}"

    return _RANGE.sub(spread, text)


def place_of(code: str) -> tuple[str, str] | None:
    """A situation's code and, behind a dot, an approach's letter; None for what is none."""
    place = _PLACE.fullmatch(_WORDS_BESIDE.sub(r"\1", code))
    return (place[1].upper(), (place[2] or "").lower()) if place else None


def without_situation(do: str, situation: str) -> str:
    """An approach as it is said, without the code of its situation before it."""
    return re.sub(rf"^{situation}(?:\s*[.:/]\s*|\s*(?=[a-z]{{1,2}}\W*$))", "", do, flags=re.IGNORECASE)


class CodeAndWords(NamedTuple):
    """What may be a code, with the words that stand beside it."""

    code: str
    words: str
    is_surely_one: bool

    @classmethod
    def of(cls, said: str) -> "CodeAndWords":
        """The first word of what is said, which is surely a code where a colon or nothing comes after it."""
        if behind := _BEHIND.fullmatch(said):
            return cls(behind[2], behind[1], is_surely_one=False)
        first, _, words = _LABELLED.sub("", said).replace(":", ": ", 1).strip().partition(" ")
        return cls(first.strip(_MARKS), words.strip(" ()-\u2013\u2014"), not words or first.endswith(":"))

    def is_of(self, words: str) -> bool:
        """True where the words are these, or none are there."""
        return not self.words or key_of(as_situation(self.words)) == key_of(words)

    def is_situation(self) -> bool:
        """True where it is surely meant as the code of a situation, whether there is one or not."""
        return self.is_surely_one and bool(_SITUATION.fullmatch(self.code))
