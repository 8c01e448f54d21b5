"""The evidence in a text for a domain: words of the domain's name, description and keywords.

Words are compared by their stem (`test` in "Tested", `validat` in "validation"). The subjects of a name say what it is
about: `api` in `api_testing`. Activities suit many subjects, and words such as `patterns` or `logic` suit any.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from alma_cli.core.keys import stem

LIKELY = 0.5
"""The share of a name's weight that must be in the text for the domain to be likely."""

STRONG = 0.75
"""The share of a name's weight that must be in the text for the evidence to be strong."""

_SUBJECT, _ACTIVITY, _GENERIC = 1.0, 0.5, 0.1
_IN_DESCRIPTION = 0.25  # what a word of the description weighs, against the same word in the name

_WORD = re.compile(r"[^\W_]+(?:\+\+|#)?")


class DomainEvidence(NamedTuple):
    """The evidence for a domain: `score` grows with it, `words` are the words of the text that count, in its order.

    `likely`: enough to take the text to be about it. `strong`: enough to refuse the text for it.
    """

    score: float
    likely: bool
    strong: bool
    words: tuple[str, ...]


class StemmedText(NamedTuple):
    """A text to search: its words as written, the stem of each word, and the set of stems."""

    words: tuple[str, ...]
    stems: tuple[str, ...]
    distinct: frozenset[str]

    @classmethod
    def of(cls, text: str) -> "StemmedText":
        """The words of a text, which underscores and punctuation separate."""
        words = tuple(_WORD.findall(text))
        stems = tuple(stem(word) for word in words)
        return cls(words, stems, frozenset(stems))


def evidence(text: StemmedText, name: str, description: str = "", keywords: tuple[str, ...] = ()) -> DomainEvidence:
    """The evidence in a text for the domain of this name.

    Each word of the name adds its weight: 1 for a subject, 0.5 for an activity, 0.1 for a generic word. A keyword or
    phrase adds 1. A word found in the description only adds a quarter of its weight, two of them make it likely.
    """
    in_name = _weights(name)
    named = in_name.keys() & text.distinct
    weight = sum(in_name[word] for word in sorted(named))
    share = weight / sum(in_name.values()) if in_name else 0.0

    phrases = [phrase for phrase in map(_stems, keywords) if _has_phrase(text, phrase)]

    in_description = _weights(description) if description else {}
    described = {
        word for word in in_description.keys() & text.distinct - in_name.keys() if in_description[word] > _GENERIC
    }
    score = weight + len(phrases) + _IN_DESCRIPTION * sum(in_description[word] for word in sorted(described))

    telling = (
        {word for word in named if in_name[word] > _GENERIC} | described | {w for phrase in phrases for w in phrase}
    )
    return DomainEvidence(
        score=round(score, 6),
        likely=share >= LIKELY or bool(phrases) or len(described) >= 2,
        strong=share >= STRONG or bool(phrases),
        words=_as_written(text, telling),
    )


def _stems(text: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in _WORD.findall(text))


@lru_cache(maxsize=256)
def _weights(text: str) -> dict[str, float]:
    """The stems of a name or description with their weights; if all are generic, they weigh as subjects."""
    weights = {word: _weight(word) for word in _stems(text)}
    if weights and all(weight == _GENERIC for weight in weights.values()):
        return dict.fromkeys(weights, _ACTIVITY)
    return weights


def _weight(word: str) -> float:
    if word in _GENERIC_STEMS or len(word) == 1:
        return _GENERIC
    return _ACTIVITY if word in _ACTIVITY_STEMS else _SUBJECT


def _has_phrase(text: StemmedText, phrase: tuple[str, ...]) -> bool:
    size = len(phrase)
    if size == 0 or not text.distinct.issuperset(phrase):
        return False
    return any(text.stems[i : i + size] == phrase for i in range(len(text.stems) - size + 1))


def _as_written(text: StemmedText, stems: set[str]) -> tuple[str, ...]:
    first: dict[str, str] = {}
    for word, stemmed in zip(text.words, text.stems, strict=True):
        if stemmed in stems:
            first.setdefault(stemmed, word)
    return tuple(first.values())


_GENERIC_STEMS = frozenset(
    _stems(
        "strategy pattern logic practice technique method approach convention guideline principle rule tip trick basic "
        "knowledge skill concept topic subject domain area general common best good other misc stuff thing specific "
        "handling management work task process project system "
        "a an and are as at be by can do does for from has have how i if in into is it its my no not of on or our so "
        "that the their then there this to up use used using was we when where which with you your"
    )
)
_ACTIVITY_STEMS = frozenset(
    _stems(
        "test verify validate check assert review inspect debug fix troubleshoot write read build design implement "
        "develop create add update change remove improve optimize optimise refactor maintain run support plan"
    )
)
