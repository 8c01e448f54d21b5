"""A text's wording, taken apart for comparison: what it is about, in which order, with which numbers and names.

Words count as concepts (`alma_cli.core.learning.concepts`), numbers with their units, identifiers as codes.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from alma_cli.core.learning.concepts import FUNCTION_WORDS, NEGATIONS, ORDER_WORDS, PHRASES, concept, root

MAX_LENGTH = 1500
"""Characters of a text that are taken apart; longer texts can be compared by their form only."""

_REMEMBERED = 8192
"""Texts whose form and wording are kept: a batch compares each of its texts with a dozen others, again and again."""

Number = tuple[str, str]
"""A number and its unit: ("30", "s"). Times are in seconds, sizes in bytes; what has no unit is kept as written."""


class Wording(NamedTuple):
    """What a text says, as `alma_cli.core.learning.keys` compares it.

    `sequence` has concepts and order words as they come, `words` the words as written and their roots, `compounds`
    what each root and the next are as one word, with both; `steps` has the concepts of each step of a list of short
    calls (none if it isn't one), `negations` how often something is negated; `contrast` means "this instead of that".
    """

    sequence: tuple[str, ...]
    concepts: frozenset[str]
    words: frozenset[str]
    numbers: tuple[Number, ...]
    codes: frozenset[str]
    names: frozenset[str]
    negations: int
    contrast: bool
    steps: tuple[frozenset[str], ...]
    compounds: Mapping[str, Sequence[str]]


def form(text: str) -> tuple[str, ...]:
    """What is left of a text without case and punctuation; of a short one also without articles, plural and tense."""
    if len(text) > MAX_LENGTH:
        return tuple(_FORM_TOKEN.findall(text.casefold())) or (text.strip(),)
    return _short_form(text)


@lru_cache(maxsize=_REMEMBERED)
def _short_form(text: str) -> tuple[str, ...]:
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    words = [word for word in _FORM_TOKEN.findall(folded) if word not in _ARTICLES]
    return tuple(root(_NUMBER_WORDS.get(word, word)) for word in words) or (folded.strip(),)


@lru_cache(maxsize=_REMEMBERED)
def wording(text: str) -> Wording:
    """The wording of a text, of at most its first `MAX_LENGTH` characters."""
    text = " ".join(unicodedata.normalize("NFKC", text[:MAX_LENGTH]).replace("\u2019", "'").split())
    has_signs = not (text.isascii() and text.replace(" ", "a").isalpha())  # what most of the patterns need
    if has_signs:
        if _NUMBERED_LIST.match(text):
            text = _LIST_NUMBER.sub(" then ", text)
        text = _ARROW.sub(" then ", text)
    text = _SEPARATED.sub(r"\1 \3 \2", text)
    words, numbers, codes, names = _read(text)
    stems = _joined([root(word) for word in words])
    sequence = [word for word in map(concept, stems) if word not in FUNCTION_WORDS]
    return Wording(
        sequence=tuple(word for word in sequence if word not in NEGATIONS),
        concepts=frozenset(word for word in sequence if word not in NEGATIONS and word not in ORDER_WORDS),
        words=frozenset(words) | frozenset(stems),
        numbers=(*numbers, *((operator, "operator") for operator in (_OPERATOR.findall(text) if has_signs else ()))),
        codes=frozenset(codes),
        names=frozenset(names),
        negations=sum(word in NEGATIONS for word in sequence) + len(_STOP_DOING.findall(text)),
        contrast="instead" in stems,
        steps=_steps(text) if has_signs or "then" in text else (),
        compounds=_compounds(stems),
    )


def _compounds(stems: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What each two roots that follow each other are as one word, and the halves of that."""
    found: dict[str, tuple[str, ...]] = {}
    for pair in pairwise(stems):
        joined = "".join(pair)
        found[joined] = (*found.get(joined, ()), *pair)
    return found


def _read(text: str) -> tuple[list[str], list[Number], list[str], list[str]]:
    """The text's words in lower case, its numbers, codes and names."""
    words: list[str] = []
    numbers: list[Number] = []
    codes: list[str] = []
    names: list[str] = []
    chunks = text.split()
    shouted = sum(chunk[0].isupper() for chunk in chunks) > 0.6 * len(chunks)  # a heading's capitals say nothing
    new_sentence, after_number = True, False
    for i, raw in enumerate(chunks):
        if not after_number and _is_plain(raw):
            words.append(raw)
            new_sentence = raw == "then"
            continue
        chunk = raw.strip(_EDGES).removesuffix("'s")
        following = chunks[i + 1].strip(_EDGES).casefold() if i + 1 < len(chunks) else ""
        number = _number(chunk.casefold(), following)
        if number is not None:
            numbers.append(number)
        elif not (after_number and chunk.casefold() in _UNITS):
            is_code = bool(_CODE.search(chunk)) and not _COMMON_CODE.fullmatch(chunk)
            if is_code:
                codes.append(chunk.casefold())
            elif not shouted and (_ACRONYM.match(chunk) or (chunk[:1].isupper() and not new_sentence)):
                names.append(chunk.casefold())
            is_letter = len(chunk) == 1 and chunk.isupper() and not new_sentence  # "from A to B"
            words += [f"#{chunk}"] if is_letter else _parts(chunk, is_code=is_code)
        if raw.endswith((",", ";")):
            words.append(",")
        new_sentence = raw.endswith((".", ":", "?", "!", ";")) or chunk == "then"
        after_number = number is not None
    return words, numbers, codes, names


def _is_plain(chunk: str) -> bool:
    """Whether a chunk is a word and nothing else, as most are, so that nothing else need be looked for."""
    return chunk.isascii() and chunk.isalpha() and chunk.islower() and chunk not in _NUMBERS_IN_WORDS


def _number(chunk: str, following: str) -> Number | None:
    """The number that a chunk is, with the unit attached to it or following it."""
    if chunk in _ONE and following in _UNITS:
        value, unit = "1", following
    elif chunk in _NUMBER_WORDS:
        value, unit = _NUMBER_WORDS[chunk], following
    else:
        match = _NUMBER.fullmatch(chunk)
        if match is None or (match["unit"] and match["unit"] not in _UNITS):
            return None
        value, unit = match["value"].replace(",", ""), match["unit"] or match["sign"] or following
        value = f"-{value}" if match["sign"] == "-" else value
    base, factor = _UNITS.get(unit, ("", None))
    return (f"{float(value) * factor:.12g}" if factor is not None and value.count(".") < 2 else value), base


def _parts(chunk: str, *, is_code: bool) -> list[str]:
    """The words in a chunk: those of an identifier, and those that hyphens join."""
    pieces = _PIECE.findall(chunk)
    if is_code:
        pieces = [part for piece in pieces for part in _CAMEL_BREAK.split(piece)]
    return [piece.casefold() for piece in pieces]


def _joined(stems: list[str]) -> list[str]:
    """The stems with each phrase of the table, such as "turn off", as one."""
    result: list[str] = []
    i = 0
    while i < len(stems):
        size = 0
        if stems[i] in _FIRST_OF_PHRASES:
            size = next((n for n in (4, 3, 2) if tuple(stems[i : i + n]) in PHRASES), 0)
        result.append(PHRASES[tuple(stems[i : i + size])] if size else stems[i])
        i += size or 1
    return result


def _steps(text: str) -> tuple[frozenset[str], ...]:
    """The concepts of each step if the text is a list of short calls, else nothing: two with a "then", or three."""
    parts = _STEP_END.split(text)
    enough = 2 if _THEN.search(text) else 3
    if len(parts) < enough:
        return ()
    steps = [_joined([root(word) for word in _read(step)[0]]) for step in parts]
    concepts = [frozenset(map(concept, step)) - FUNCTION_WORDS - ORDER_WORDS for step in steps]
    called = tuple(step for step in concepts if step)
    return called if len(called) >= enough and all(len(step) <= 4 for step in called) else ()


_FIRST_OF_PHRASES = frozenset(phrase[0] for phrase in PHRASES)
_ONE = frozenset(["one", "a", "an"])
_EDGES = ".,;:!?\"'`()[]{}<>*"
_ARTICLES = frozenset(["a", "an", "the"])
_FORM_TOKEN = re.compile(r"[^\W_]+(?:['.][^\W_]+)*(?:\+\+|#|%)?|[<>]=?|[!=]=|\$|(?<!\w)-(?=\d)")
_OPERATOR = re.compile(r"(?<!\S)[<>]=?(?=[\s\d])|[!=]=")
_NUMBERED_LIST = re.compile(r"\s*1[.)]\s")
_LIST_NUMBER = re.compile(r"(?<!\S)\d{1,2}[.)](?=\s)")
_ARROW = re.compile(r" ?(?:->|=>|→|&&) ?")
_SEPARATED = re.compile(
    r"(?i)\b((?:turn|switch|roll|set|back|look|clean|shut|hand)\w*) ((?:[\w-]+ ){0,3}?[\w-]+) "
    r"(on|off|up|back|out|over|down)\b"
)
_THEN = re.compile(r"\bthen\b|\(\d+ times\)|\bx\d+\b")
_STEP_END = re.compile(r"(?:[,;.]\s+(?:and\s+)?then\b|\bthen\b|[,;]\s)")
_STOP_DOING = re.compile(r"\b[Ss]top(?:ped|s)? \w+ing\b")
_NUMBER = re.compile(r"(?P<sign>[-$€£#])?x?(?P<value>\d+(?:[.,]\d+)*)(?P<unit>%|[a-z]{1,3})?")
_PIECE = re.compile(r"[^\W\d_]+'[^\W\d_]+|[^\W_]+(?:\+\+|#)?")
_CAMEL_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CODE = re.compile(
    r"\w_\w|\w[.:@#]\w|^/\w|\w/\w+[./]|^--\w|[^\W\d_]\d|\d[^\W\d_]"
    r"|[a-z][A-Z]\w*[a-z][A-Z]|[a-z]{3}[A-Z][a-z]{3}"
)
_COMMON_CODE = re.compile(
    r"(?i)e2e|2fa|i18n|l10n|a11y|k8s|oauth2|s3|utf-?8|\w\.\w\.?|github|gitlab|javascript|typescript|postgresql|graphql"
    r"|node\.js|x86|\d+(?:st|nd|rd|th)"
)
_ACRONYM = re.compile(r"[A-Z][A-Z0-9]+s?$|[a-z]*[a-z][A-Z]")

_NUMBER_WORDS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "eleven": "11", "twelve": "12", "fifteen": "15", "twenty": "20", "thirty": "30", "fifty": "50",
    "hundred": "100", "twice": "2", "thrice": "3",
}  # fmt: skip

_NUMBERS_IN_WORDS = _ONE.union(_NUMBER_WORDS)

_UNITS: dict[str, tuple[str, float | None]] = {
    unit: (base, factor)
    for names, base, factor in [
        ("ms millisecond milliseconds", "s", 0.001),
        ("s sec secs second seconds", "s", 1.0),
        ("m min mins minute minutes", "s", 60.0),
        ("h hr hrs hour hours", "s", 3600.0),
        ("d day days", "s", 86400.0),
        ("week weeks", "s", 604800.0),
        ("kb", "B", 1e3),
        ("mb", "B", 1e6),
        ("gb", "B", 1e9),
        ("tb", "B", 1e12),
        ("% percent", "%", 1.0),
        ("$ usd dollar dollars", "$", 1.0),
        ("€ eur euro euros", "€", 1.0),
        ("£ gbp pounds", "£", 1.0),
        ("px pixel pixels", "px", 1.0),
        ("k", "", 1000.0),
        ("x times", "", None),
    ]
    for unit in names.split()
}
