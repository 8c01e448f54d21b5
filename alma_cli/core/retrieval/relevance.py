"""Whether a memory is about the task at all: absolute, so that it means the same in every store and for every task.

Chance gives a task that nothing fits one memory that looks like it a little, and rarely two. So relevance is decided
twice: whether anything fits, by the best memories together, and then which of the others may stand beside them.
"""

import math
from collections.abc import Sequence

COSINE_NONE, COSINE_SURE = 0.15, 0.75
"""Cosines at which calibrated likeness is 0 and 1, for short texts by MiniLM."""

WORDS_COUNT = 0.5
"""How much shared words say, against meaning: tasks that nothing fits share up to .43 of their idf mass by chance."""

WORDS_SURE = 0.5
"""The share of a task's idf mass that no chance matches."""

_ALONE = 5 / 3
"""How many times `min_similarity` one memory has to reach by itself."""

_ALONE_BY_WORDS = 0.6
"""The same where there is nothing but words: in some scripts sentences in other words share few pairs of characters."""

_BESIDE = 1 / 3
"""What part of `min_similarity` is enough for one that stands beside others."""

_BESIDE_BEST = 1 / 4
"""What part of the best one's similarity it has to have too, up to `min_similarity`: that halves what is given for a
task of the `pairs` set, and loses none of what was expected."""


def relevance(cosine: float | None, matched: float) -> float:
    """How surely a memory is about the task, in [0, 1]: by its meaning, or (less surely) by the words they share.

    Where meaning isn't known, shared words are all there is to go by.
    """
    if cosine is None:
        return matched
    return 1 - (1 - calibrated(cosine)) * (1 - WORDS_COUNT * matched)


def calibrated(cosine: float) -> float:
    """A cosine as a likeness in [0, 1]: 0 for what unrelated texts reach, 1 for the same thing in other words."""
    return min(1.0, max(0.0, (cosine - COSINE_NONE) / (COSINE_SURE - COSINE_NONE)))


def floor(
    similarities: Sequence[float], most_matched: float, min_similarity: float, *, words_only: bool = False
) -> float:
    """The similarity that is enough, given those of all memories and the largest share of words that one has matched.

    Infinite when nothing fits: neither have the best two `min_similarity` on average, nor is one as sure alone.
    """
    best = sorted(similarities, reverse=True)[:2]
    alone = min_similarity * (_ALONE_BY_WORDS if words_only else _ALONE)
    fits = (
        most_matched >= WORDS_SURE
        or max(best, default=0.0) >= min(1.0, alone)
        or (len(best) > 1 and sum(best) / 2 >= min_similarity)
    )
    if not fits:
        return math.inf
    return max(min_similarity * _BESIDE, min(min_similarity, max(best, default=0.0) * _BESIDE_BEST))
