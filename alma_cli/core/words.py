"""The words of a text, as keyword search counts them.

A word counts in lower case; an identifier (`snake_case`, `CamelCase`, `--flag`, `a/b.py`, `E1042`) counts whole and by
its parts; scripts without spaces count by pairs of characters.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain, islice

from alma_cli.core.records import FIELD_NAMES, FIELDS, Record
from alma_cli.core.text import WORD_CHARACTERS, normal_form

FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be been but by can could did do does for from had has have he how i if in into is it its "
        "may me my no not of on or our shall she should so some than that the their them then there these they this "
        "those to was we were what when where which while who why will with would you your",
    )
)

MAX_TERMS = 4096
"""Words of one text that are counted; the rest of a huge text is found by meaning only."""

_LONG_WORD = 40
"""Characters up to which a token's terms are kept: the same words come again and again, but a long one hardly does."""

_JOINTS = "-./:@#+"
_ASCII_TOKEN = rf"(?:(?<![\w-])--)?\w+(?:[{_JOINTS}]+\w+)*"
_TOKEN = _ASCII_TOKEN.replace(r"\w+", f"[{WORD_CHARACTERS}]+")
_PIECE = re.compile(rf"[^{_JOINTS}_]+")
_SEGMENT = re.compile(rf"[^{_JOINTS}]+")
_MARKED = re.compile(r"\w_\w|\w[./:@#]\w|[^\W\d_]\d|\d[^\W\d_]")
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)")
_UNSPACED = (
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    "\uf900-\ufaff\U00020000-\U0003ffff]+)"
)
# Patterns with large character sets stay texts, which `re` compiles when they are first needed: 4 ms of a cold start.


def terms(text: str) -> Counter[str]:
    """How often each term stands in the text (at most `MAX_TERMS` terms are counted)."""
    return Counter(islice(chain.from_iterable(map(_terms_of_token, _tokens(text))), MAX_TERMS))


def terms_of(record: Record) -> Counter[str]:
    """How often each term stands in the texts by which a memory is found."""
    searched = (name for name in FIELD_NAMES[record.kind] if FIELDS[name].is_searched)
    return terms("\n".join(getattr(record, name) for name in searched))


def query_terms(text: str) -> list[str]:
    """The distinct terms of a task without function words; if it has no others, with them."""
    found = list(terms(text))
    return [term for term in found if term not in FUNCTION_WORDS] or found


def identifiers(text: str) -> list[str]:
    """The terms that hardly match by chance: names, codes and paths such as `snake_case` or `E1042`."""
    counted = terms(text)
    named: dict[str, None] = {}
    for token in islice(_tokens(text), MAX_TERMS):
        segments = (segment.group() for segment in islice(_SEGMENT.finditer(token), MAX_TERMS))
        for candidate in dict.fromkeys((token, *segments)):
            if _is_identifier(candidate):
                named[candidate.casefold()] = None
    return [name for name in named if name in counted]


def _tokens(text: str) -> Iterable[str]:
    """Words with all that is joined to them, as written; a run of a script without spaces is one token."""
    normal = normal_form(text)
    if normal.isascii():
        return re.findall(_ASCII_TOKEN, normal)
    return chain.from_iterable(map(_runs, re.findall(_TOKEN, normal)))


def _runs(token: str) -> Iterable[str]:
    if token.isascii():
        return (token,)
    return filter(None, (run.strip(_JOINTS) for run in re.split(_UNSPACED, token)))


def _terms_of_token(token: str) -> Iterable[str]:
    return _terms_of_word(token) if len(token) <= _LONG_WORD else _token_terms(token)


@lru_cache(maxsize=8192)
def _terms_of_word(token: str) -> tuple[str, ...]:
    return tuple(_token_terms(token))


def _token_terms(token: str) -> Iterator[str]:
    if _is_unspaced(token):
        yield from (token[i : i + 2] for i in range(max(1, len(token) - 1)))
        return
    whole = token.casefold()
    yield whole
    if token.startswith("--"):
        yield from _token_terms(token[2:])
    elif not _is_plain(token):
        yield from (part for part in _parts(token) if part != whole)


def _is_unspaced(token: str) -> bool:
    return not token.isascii() and re.match(_UNSPACED, token) is not None


def _is_plain(token: str) -> bool:
    """True when the token is one plain word: letters and digits, in one case or with a capital first."""
    return token.isalnum() and (token.islower() or token.isupper() or token[1:].islower())


def _parts(token: str) -> Iterator[str]:
    return (part.casefold() for piece in _PIECE.finditer(token) for part in _humps(piece.group()))


def _humps(word: str) -> Iterator[str]:
    """The words of `CamelCase`, in any script with capitals; `HTTPServer` has two, `URLs` is one."""
    start = 0
    for i in range(1, len(word)):
        if word[i].isupper() and (
            not word[i - 1].isupper() or (word[i + 1 : i + 2].islower() and word[i + 1 :] != "s")
        ):
            yield word[start:i]
            start = i
    yield word[start:]


def _is_identifier(token: str) -> bool:
    if token.startswith("--"):
        return True
    if _ORDINAL.fullmatch(token) or _is_unspaced(token):
        return False
    if not _MARKED.search(token) and (_is_plain(token) or not _is_camel(token)):
        return False
    return any(len(part) > 1 and part not in FUNCTION_WORDS for part in _parts(token))  # so not "e.g", "and/or"


def _is_camel(token: str) -> bool:
    return any(hump != piece.group() for piece in _PIECE.finditer(token) for hump in _humps(piece.group()))
