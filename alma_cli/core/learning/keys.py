"""Which X and which Y an outcome is about: whether two short texts mean the same task, or the same strategy.

Cosine alone can't tell ("a longer timeout" / "a shorter timeout" have .98), and to join what differs is the worse
error. So: texts of one form are the same; guards, each naming what differs, say no; what they let pass needs a cosine
that is the higher, the more words are not shared. One word in the place of another is what two texts differ about.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Literal, NamedTuple, TypeAlias

from alma_cli.core.learning.concepts import (
    FUNCTION_WORDS,
    LIGHT,
    NEGATIVE,
    ORDER_WORDS,
    alike,
    concept,
    opposites,
    rivals,
    root,
)
from alma_cli.core.learning.wording import MAX_LENGTH, Wording, form, wording

Role: TypeAlias = Literal["task", "strategy"]


class _Needed(NamedTuple):
    """The cosine that two texts need: `base` and `slope` times the share of words they don't share."""

    base: float
    slope: float


_NEEDED: dict[Role, _Needed] = {
    "task": _Needed(base=0.5, slope=0.4),
    "strategy": _Needed(base=0.15, slope=0.9),
}
LEAST_COSINE = 0.5
"""Texts of different forms that are less alike never mean the same."""

_KEY_LENGTH = 16
_TEXTS_OF_KEY = 2
"""A second one brings most of what four would, and every `learn` reads them all."""

_LEAST_FRAME = 2
"""Concepts that have to be shared for what differs between them to count as put in the place of another."""

_MOST_REPLACED = 3
_CODE_PART = re.compile(r"[^\W_]+")


class KeyCandidate(NamedTuple):
    """An existing key, a text that has it, and that text's cosine with the new one."""

    key: str
    text: str
    cosine: float


def new_key(text: str) -> str:
    """A key for a text: a hash of its form. Texts of one form get the same key anywhere.

    No word of the text is in it, since keys outlive texts: other outcomes keep the key of one that was forgotten.
    """
    return hashlib.sha256("\n".join(form(text)).encode("utf-8", "replace")).hexdigest()[:_KEY_LENGTH]


def choose_key(
    text: str, candidates: Iterable[KeyCandidate], *, role: Role, texts_of: Callable[[str], Iterable[str]]
) -> str | None:
    """The key of the first candidate that means the same as the text; none means that a new key is due.

    Candidates come nearest first, and are asked for one by one: mostly one of the first is the same. `texts_of` gives
    the texts that are kept for a key: nothing may tell the text apart from any of them, so that likeness can't be
    passed on, step by step, to what is unlike.
    """
    for _, equally_near in groupby(candidates, key=attrgetter("cosine")):
        for candidate in sorted(equally_near):
            if same(text, candidate.text, candidate.cosine, role) and not any(
                told_apart(text, other) for other in texts_of(candidate.key)
            ):
                return candidate.key
    return None


def adds_wording(text: str, texts: Sequence[str]) -> bool:
    """Whether a text is worth keeping for its key beside those that are kept: two are, of different forms."""
    return len(texts) < _TEXTS_OF_KEY and form(text) not in map(form, texts)


def same(a: str, b: str, cosine: float, role: Role) -> bool:
    """Whether two texts mean the same task, or the same strategy. The order of `a` and `b` makes no difference."""
    if form(a) == form(b):
        return True
    is_comparable = max(len(a), len(b)) <= MAX_LENGTH and cosine >= LEAST_COSINE
    return is_comparable and _is_near(a, b, cosine, role) and not told_apart(a, b)


def _is_near(a: str, b: str, cosine: float, role: Role) -> bool:
    """Whether the cosine of two texts is enough for the words that they don't share."""
    x, y = map(wording, sorted((a, b)))
    one, other = _unshared(x, y)
    has_nothing_in_common = len(one) == len(x.concepts) and len(other) == len(y.concepts)
    has_one_word_for_another = len(one) == len(other) == 1
    if has_nothing_in_common or has_one_word_for_another:
        return False
    unshared = len(one) + len(other)
    shared = (len(x.concepts) + len(y.concepts) - unshared) / 2
    base, slope = _NEEDED[role]
    return cosine >= max(LEAST_COSINE, base + slope * unshared / (unshared + shared))


def told_apart(a: str, b: str) -> str:
    """What tells two texts apart whatever their cosine, or nothing; texts that are too long are not taken apart."""
    return "" if max(len(a), len(b)) > MAX_LENGTH or form(a) == form(b) else _told_apart(*sorted((a, b)))


@lru_cache(maxsize=1024)
def _told_apart(a: str, b: str) -> str:
    x, y = wording(a), wording(b)
    return next(filter(None, (guard(x, y) for guard in _GUARDS)), "") or _added(form(a), form(b))


def _other_numbers(x: Wording, y: Wording) -> str:
    if x.numbers == y.numbers:
        return ""
    return "other numbers" if sorted(x.numbers) != sorted(y.numbers) else "numbers in another order"


def _negated(x: Wording, y: Wording) -> str:
    """An odd number of negations against an even one, unless a word such as "refuse" makes up for it."""
    if x.negations % 2 == y.negations % 2 or x.contrast or y.contrast:
        return ""
    plain, negated = (x, y) if x.negations % 2 == 0 else (y, x)
    return "one is negated" if NEGATIVE.isdisjoint(plain.concepts - negated.concepts) else ""


def _opposites(x: Wording, y: Wording) -> str:
    return _first_pair("opposites", opposites, x, y)


def _rivals(x: Wording, y: Wording) -> str:
    return _first_pair("different things of one kind", rivals, x, y)


def _first_pair(what: str, others: Callable[[str], frozenset[str]], x: Wording, y: Wording) -> str:
    """The first concept that is in one text only while one of these others is only in the other text."""
    only_there = y.concepts - x.concepts
    for a in sorted(x.concepts - y.concepts):
        if found := others(a) & only_there:
            return f"{what}: {a} / {min(found)}"
    return ""


def _other_codes(x: Wording, y: Wording) -> str:
    only = _missing(x.codes - y.codes, y) + _missing(y.codes - x.codes, x)
    return f"other identifiers: {only[0]}" if only else ""


def _other_names(x: Wording, y: Wording) -> str:
    one, other = _missing(x.names - y.names, y), _missing(y.names - x.names, x)
    return f"other names: {one[0]} / {other[0]}" if one and other else ""


def _missing(codes: frozenset[str], text: Wording) -> list[str]:
    """The codes or names that the text doesn't have, not even as separate words."""
    if not codes:
        return []

    def stands(part: str) -> bool:
        return part in text.words or concept(root(part)) in text.concepts

    return sorted(code for code in codes if not all(map(stands, _CODE_PART.findall(code))))


def _other_steps(x: Wording, y: Wording) -> str:
    return "other steps" if x.steps and y.steps and x.steps != y.steps else ""


def _swapped(x: Wording, y: Wording) -> str:
    """Two concepts that stand around an order word in one text, and the other way round in the other."""
    if _ORDERING.isdisjoint(x.sequence) or _ORDERING.isdisjoint(y.sequence):
        return ""
    for directions in _DIRECTIONS:
        there, back = _ordered(x.sequence, *directions), _ordered(y.sequence, *directions)
        swapped = sorted((a, b) for a, b in there if (b, a) in back)
        if swapped:
            return "swapped: {} / {}".format(*swapped[0])
    return ""


def _replaced(x: Wording, y: Wording) -> str:
    """A few concepts in the place of others, with all the rest the same, word for word.

    Only words that the other text has nowhere count, and none that are near in meaning.
    """
    start, end = _shared_ends(x.sequence, y.sequence)
    frame = [*x.sequence[:start], *x.sequence[len(x.sequence) - end :]]
    if sum(word not in ORDER_WORDS for word in frame) < _LEAST_FRAME:
        return ""
    here, there = (
        [word for word in text.sequence[start : len(text.sequence) - end] if word not in ORDER_WORDS] for text in (x, y)
    )
    said_there, said_here = y.concepts | _split(x, y), x.concepts | _split(y, x)
    is_other = (
        0 < len(here) <= _MOST_REPLACED
        and 0 < len(there) <= _MOST_REPLACED
        and said_there.isdisjoint(here)
        and said_here.isdisjoint(there)
        and not any(alike(a, b) for a in here for b in there)
    )
    return f"one thing for another: {' '.join(here)} / {' '.join(there)}" if is_other else ""


def _added(a: Sequence[str], b: Sequence[str]) -> str:
    """The telling words that one text has beyond all words of the other: put in at one place, or around them."""
    short, long = sorted((a, b), key=len)
    start, end = _shared_ends(short, long)
    if start + end == len(short):
        added = long[start : len(long) - end]
    else:
        at = next((i for i in range(len(long) - len(short)) if long[i : i + len(short)] == short), None)
        added = () if at is None else (*long[:at], *long[at + len(short) :])
    telling = [word for word in added if LIGHT.isdisjoint([word, concept(word)]) and word not in FUNCTION_WORDS]
    return f"one says more: {' '.join(telling)}" if telling else ""


def _shared_ends(a: Sequence[str], b: Sequence[str]) -> tuple[int, int]:
    """How many words two sequences share at the start, and how many of the others at the end."""
    most = min(len(a), len(b))
    start = next((i for i in range(most) if a[i] != b[i]), most)
    end = next((i for i in range(most - start) if a[-1 - i] != b[-1 - i]), most - start)
    return start, end


_DIRECTIONS = (
    # forward, backward ("X after Y" is "Y then X"), how many words away
    (frozenset(["then", "befor"]), frozenset(["after"]), 12),
    (frozenset(["to", "into", "onto"]), frozenset(["from"]), 2),
    (frozenset(["with"]), frozenset[str](), 1),
    (frozenset(["over", "instead"]), frozenset[str](), 1),
)
_ORDERING = frozenset().union(*(words for forward, backward, _ in _DIRECTIONS for words in (forward, backward)))


def _ordered(
    sequence: tuple[str, ...], forward: frozenset[str], backward: frozenset[str], reach: int
) -> set[tuple[str, str]]:
    """The pairs of concepts within reach of an order word, in the order that it gives them; none in both orders."""
    pairs: set[tuple[str, str]] = set()
    if forward.isdisjoint(sequence) and backward.isdisjoint(sequence):
        return pairs
    for at, word in enumerate(sequence):
        if word in forward or word in backward:
            left = [other for other in sequence[:at] if other not in ORDER_WORDS][-reach:]
            right = [other for other in sequence[at + 1 :] if other not in ORDER_WORDS][:reach]
            earlier, later = (left, right) if word in forward else (right, left)
            pairs |= {(a, b) for a in earlier for b in later}
    return {(a, b) for a, b in pairs if (b, a) not in pairs}


_GUARDS: tuple[Callable[[Wording, Wording], str], ...] = (
    _other_numbers,
    _negated,
    _opposites,
    _rivals,
    _other_codes,
    _other_names,
    _other_steps,
    _swapped,
    _replaced,
)


def _unshared(x: Wording, y: Wording) -> tuple[list[str], list[str]]:
    """The concepts of each text that the other has in no form; light words don't count if they are all of one's."""
    one, other = sorted(x.concepts - y.concepts - _split(x, y)), sorted(y.concepts - x.concepts - _split(y, x))
    for a in list(one):
        match = next((b for b in other if alike(a, b)), None)
        if match is not None:
            one.remove(a)
            other.remove(match)
    telling = [a for a in one if a not in LIGHT], [b for b in other if b not in LIGHT]
    return (one, other) if all(telling) else telling


def _split(text: Wording, other: Wording) -> set[str]:
    """The text's words that the other text writes as two ("backoff", "back off"), and the halves of the reverse."""
    halves = {half for word in text.compounds.keys() & other.words for half in text.compounds[word]}
    return halves | other.compounds.keys()
