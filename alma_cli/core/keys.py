"""Keys: the task and the strategy that an outcome is about, as functions of its own words.

Texts of one normal form have one key, on every machine and in any order of arrival. Nothing else joins outcomes:
whether two texts mean the same can't be told by a vector, nor by a table of synonyms that ever ends.
"""

import hashlib
import re
from functools import lru_cache

from alma_cli.core.text import WORD_CHARACTERS, normal_form

_KEY_LENGTH = 16
_STEMMED_LENGTH = 1500
"""Characters up to which words are stemmed; a longer text is a log, whose words are compared as they are."""

_LONG_WORD = 40
"""Characters up to which a word's stem is kept: the same words come again and again, but a long one hardly does."""

_ARTICLES = frozenset(["a", "an", "the"])
_SIGNS = r"[<>]=?|[!=]=|&&|\|\||[$~^]|(?<!\w)!(?=\w)|(?<!\w)-(?=\d)|\+(?=\d)"
_ASCII_TOKEN = re.compile(rf"[^\W_]+(?:['.][^\W_]+)*(?:\+\+|#|%)?|{_SIGNS}")
_LETTER = f"(?:(?!_)[{WORD_CHARACTERS}])"
_MORE_SIGNS = "[\u00a2-\u00a5\u00b1\u00d7\u00f7\u20a0-\u20cf\u2200-\u22ff\u2600-\u27bf\U0001f000-\U0001faff]"
"""Of currencies and of mathematics, and emoji."""

_TOKEN = re.compile(rf"{_LETTER}+(?:['.]{_LETTER}+)*(?:\+\+|#|%)?|{_SIGNS}|{_MORE_SIGNS}")
_IN_ASCII = str.maketrans({"\u2019": "'", "\u2212": "-", "\u2264": "<=", "\u2265": ">=", "\u2260": "!="})
_VOWEL = re.compile("[aeiouy]")
_PLURAL_IN_ES = re.compile("(?:ss|x|z|ch|sh)es$")
_DOUBLED = re.compile(r"([bdgmnprt])\1$")


def key_of(text: str) -> str:
    """The key of a text: 16 hex digits, a SHA-256 of its normal form; empty for an empty text."""
    return _key_of(text) if len(text) <= _STEMMED_LENGTH else _key(tuple(_tokens(_folded(text))))


@lru_cache(maxsize=8192)
def _key_of(text: str) -> str:
    return _key(_normal_words(text))


def _key(words: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(words).encode("utf-8", "replace")).hexdigest()[:_KEY_LENGTH] if words else ""


def _normal_words(text: str) -> tuple[str, ...]:
    """The words and signs of a text without case, punctuation, articles, and the endings that a light stemmer takes."""
    folded = _folded(text)
    found = _tokens(folded)
    words = [stem(word.removesuffix("'s")) for word in found if word not in _ARTICLES]
    return tuple(words or found or folded.split())


def _tokens(folded: str) -> list[str]:
    return (_ASCII_TOKEN if folded.isascii() else _TOKEN).findall(folded)


def _folded(text: str) -> str:
    return normal_form(normal_form(text).casefold()).translate(_IN_ASCII)


def stem(word: str) -> str:
    """The word without the endings that differ between "tests", "tested" and "testing": a light English stemmer.

    Long endings need a stem of some length, so that "string", "speed" and "class" stay whole. Other languages are
    compared by whole words, but for an `s`.
    """
    return _stem(word) if len(word) <= _LONG_WORD else _stem.__wrapped__(word)


@lru_cache(maxsize=8192)
def _stem(word: str) -> str:
    word = word.casefold()
    if len(word) <= 3:
        return word
    word = _singular(word)
    for ending, shortest in (("ing", 3), ("ed", 3), ("ion", 4), ("ment", 6)):
        root = word.removesuffix(ending)
        if root != word and len(root) >= shortest and _VOWEL.search(root) and not word.endswith("eed"):
            if ending != "ion" or root[-1] in "st":
                word = _DOUBLED.sub(r"\1", root) if len(root) > shortest else root
            break
    if word.endswith("e") and len(word) > 3:
        word = word[:-1]
    return word.removesuffix("at") if len(word) >= 8 else word


def _singular(word: str) -> str:
    if word.endswith(("ies", "ied")) and len(word) > 4:
        return word[:-3] + "y"
    if _PLURAL_IN_ES.search(word):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us")) and (len(word) == 4 or not word.endswith("is")):
        return word[:-1]
    return word
