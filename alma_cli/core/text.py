"""Text from agents is data: stored as it came if possible, and made harmless when it is shown."""

import re
import reprlib
import unicodedata
from collections.abc import Iterable

from alma_cli.errors import InvalidInput

SHORT_ID = 8
"""Digits of an id that are shown."""

WORD_CHARACTERS = (
    r"\w\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    r"\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0711-\u07f3\u0816-\u082d\u0859-\u085b\u0898-\u0963\u0971-\u0df3"
    r"\u0e31-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ecd\u0f71-\u0fbc\u102b-\u103e\u1056-\u109d\u135d-\u135f\u1712-\u17d3"
    r"\u1885-\u193b\u1a17-\u1a1b\u1a55-\u1a7f\u1ab0-\u1b44\u1b80-\u1bf3\u1c24-\u1c37\u1cd4-\u1dff\u20d0-\u20f0"
    r"\u302a-\u302f\u3099\u309a\ua8e0-\ua8f1\ua947-\ua953\ua980-\ua9c0\ua9e5-\uaa4d\uabe3-\uabea\ufe20-\ufe2f"
)
r"""The characters of words, for a character class: `\w` and the marks it lacks (accents, the vowel signs of Hindi)."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_INVISIBLE = (  # within a word: joiners, soft hyphens, selectors of a variant
    "[\u00ad\u034f\u180b-\u180f\u200b-\u200d\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]"
)
_HIDDEN = re.compile(f"{_INVISIBLE}{{3,}}")
"""No emoji or word of any script needs as many, one after another; they hide text in one from who reads it."""

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, the escape that starts terminal sequences among them
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # marks that turn the direction of what follows
    "\u2028\u2029\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"  # invisible tags
)
_STRETCH = re.compile(r"\s+|\S{1,256}")
_TELLING = rf"[{WORD_CHARACTERS}]+(?:\+\+|#)?|[!<>=+%&|^$@]+|(?<!\w)-(?=\d)"
_LONG_WORD = 24
_SHOWN_LENGTH = 60
_LIKE, _LIKE_SHORT, _SHORT = 0.7, 0.6, 3
"""The likeness of names, by difflib, from which one may be meant, and that of words of at most so many letters.

At .6 `format` led to `forget`; in a short word two letters that changed places make no more than that.
"""
_COMPARED = 100
"""Characters of a word that names are compared with: comparing takes the square of the length."""

_AGES = (("y", 365 * 86_400), ("w", 7 * 86_400), ("d", 86_400), ("h", 3600), ("m", 60))


def clean(text: str) -> str:
    """The text with lone surrogates, which can't be encoded, replaced by U+FFFD, as a plain one."""
    return str.__str__(text) if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)


def composed(name: str) -> str:
    """The name in Unicode's NFC, in which names are compared: a Mac types and lists them in another form.

    It is a plain text: a member of an enumeration is one of another kind, which Python shows in other words.
    """
    return str.__str__(name) if name.isascii() else unicodedata.normalize("NFC", name)


def as_name(text: str) -> str:
    """What somebody gave for a name, as names are compared: without lone surrogates, in NFC."""
    return composed(clean(text))


def harmless(text: str) -> str:
    r"""The text with control and direction characters made visible (`\x1b`), and hidden text; breaks and tabs stay."""
    seen = text if text.isascii() else _HIDDEN.sub(_escaped, text)
    return _UNSAFE.sub(_escaped, seen)


def one_line(text: str, limit: int | None = None) -> str:
    """The harmless text on one line, with runs of white space folded, cut to `limit` characters with an ellipsis."""
    if limit is None:
        return harmless(" ".join(text.split()))
    # That many words are longer than the limit, so what follows them need not be read.
    line = harmless(" ".join(text.split(None, limit))[: limit + 2])  # enough to see what is hidden
    return line if len(line) <= limit else line[: max(0, limit - 1)].rstrip() + "\u2026"


def whole_words(text: str, limit: int) -> str:
    """The text on one line, cut to `limit` characters with an ellipsis, between words unless one is very long."""
    line = one_line(text, limit)
    if line == one_line(text, limit + 1):
        return line
    head, _, tail = line[:-1].rpartition(" ")
    return f"{head.rstrip(' ,;:')}\u2026" if head and len(tail) <= min(_LONG_WORD, limit // 2) else line


def shown(value: object) -> str:
    """Any value as a message shows it: short, harmless, on one line; only the start of a deep or huge value."""
    if isinstance(value, str):
        return repr(one_line(value, _SHOWN_LENGTH))
    try:
        return one_line(reprlib.repr(value), _SHOWN_LENGTH)
    except ValueError:  # Python writes no whole number of more than 4300 digits
        return "a huge number"


def listed(key: str, values: Iterable[str]) -> Iterable[str]:
    """The values, unless they are one text, which Python takes for a list of its letters. Raises `InvalidInput`."""
    if isinstance(values, str):
        raise InvalidInput(f"{key}: expected a list, got {shown(values)}", hint=f'write ["{one_line(values, 40)}"]')
    return values


def age(seconds: float) -> str:
    """A length of time in its largest unit: `now`, `5m`, `3h`, `2d`, `6w`, `1y`. What is to come is now."""
    for unit, length in _AGES:
        if seconds >= length:
            return f"{seconds // length:.0f}{unit}"
    return "now"


def counted(count: int, one: str, many: str) -> str:
    """The number with its noun: `1 memory`, `1,200 memories`."""
    return f"{count:,} {one if count == 1 else many}"


def most_like(word: str, names: Iterable[str], *, limit: int = 1) -> list[str]:
    """The names most like a word, in any case, best first; none when none is like it."""
    import difflib

    folded = {name.casefold(): name for name in sorted(names)}
    least = _LIKE if len(word) > _SHORT else _LIKE_SHORT
    return [
        folded[close] for close in difflib.get_close_matches(word[:_COMPARED].casefold(), folded, n=limit, cutoff=least)
    ]


def did_you_mean(word: str, names: Iterable[str], *, shown_as: str = "{}") -> str:
    """A hint that names the one most like a word; empty when none is."""
    close = most_like(word, names)
    return f"did you mean {shown_as.format(one_line(close[0], 40))}?" if close else ""


def normal_form(text: str) -> str:
    """The text in Unicode's NFKC, without invisible characters.

    NFKC takes quadratic time for a run of accents (256 KiB of them: a minute), so long words are taken in stretches.
    """
    if text.isascii():
        return text
    return "".join(unicodedata.normalize("NFKC", part) for part in _STRETCH.findall(re.sub(_INVISIBLE, "", text)))


def alike_form(text: str) -> str:
    """The form that is equal for texts that differ only in case, punctuation, spacing or Unicode form.

    Signs that mean something stay: C++ is not C#, and `<` is not `>`.
    """
    folded = normal_form(normal_form(text).casefold())
    return " ".join(re.findall(_TELLING, folded)) or one_line(folded)


def _escaped(match: re.Match[str]) -> str:
    return "".join(map(_escape, match.group()))


def _escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


_ENUMERATED = 20


def enumerated(names: Iterable[str], *, between: str = ", ") -> str:
    """These names or phrases on a line, each once; of very many the first, and how many more there are."""
    found = list(dict.fromkeys(names))
    more = [f"{len(found) - _ENUMERATED:,} more"] if len(found) > _ENUMERATED else []
    return between.join([*(one_line(name, 60) for name in found[:_ENUMERATED]), *more])


def why_no_json(error: Exception) -> str:
    """The reason why a text is no JSON that can be read, by the parser's error, whose words may be for programmers."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "it isn't text"
    return "a number has too many digits" if "int_max_str_digits" in str(error) else str(error)
