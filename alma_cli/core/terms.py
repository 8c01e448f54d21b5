"""The words of a text as keyword search sees them.

A word counts in lower case; an identifier (`snake_case`, `CamelCase`, `--flag`, `a/b.py`, `E1042`) counts whole and by
its parts; scripts without spaces count by pairs of characters.
"""

import re
import unicodedata
from collections import Counter

_FUNCTION_WORDS = frozenset(
    ["a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did", "do", "does", "for", "from", "had", "has", "have", "how", "i", "if", "in", "into", "is", "it", "its", "may", "me", "my", "no", "not", "of", "on", "or", "our", "shall", "she", "he", "should", "so", "some", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "was", "we", "were", "what", "when", "where", "which", "while", "who", "why", "will", "with", "would", "you", "your"]
)

MAX_TERMS = 4096
"""Words of one text that are counted; the rest of a huge text is found by meaning only."""

_TOKEN = re.compile(r"\w+(?:[-./:@#+]+\w+)*")
_PART = re.compile(r"[^\W_]+")
_CAMEL_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_IDENTIFIER = re.compile(r"\w_\w|\w[./:@#]\w|[^\W\d_]\d|\d[^\W\d_]")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff]+"
)


def terms(text: str) -> Counter[str]:
    """How often each term stands in the text (at most `MAX_TERMS` terms are counted)."""
    counted: Counter[str] = Counter()
    budget = MAX_TERMS
    for match in _TOKEN.finditer(unicodedata.normalize("NFKC", text)):
        found = _token_terms(match.group())
        counted.update(found[:budget])
        budget -= len(found)
        if budget <= 0:
            break
    return counted


def query_terms(text: str) -> list[str]:
    """The distinct terms of a task that say what it is about: all but function words, unless there are no others."""
    found = list(terms(text))
    return [term for term in found if term not in _FUNCTION_WORDS] or found


def identifiers(text: str) -> list[str]:
    """The terms that can hardly be meant by chance: names, codes and paths such as `snake_case` or `E1042`."""
    return [term for term in terms(text) if _IDENTIFIER.search(term)]


def _token_terms(token: str) -> list[str]:
    whole = token.casefold()
    if whole.isascii() and whole.isalnum() and (token.islower() or token.isupper() or token.istitle()):
        return [whole]
    if _UNSPACED.search(whole):
        return [term for piece in _PART.findall(whole) for term in _unspaced_terms(piece)]
    parts = [part.casefold() for piece in _PART.findall(token) for part in _CAMEL_BREAK.split(piece)]
    return [whole, *parts] if len(parts) > 1 else [whole]


def _unspaced_terms(piece: str) -> list[str]:
    if len(piece) == 1:
        return [piece]
    return [piece[i : i + 2] for i in range(len(piece) - 1)]
