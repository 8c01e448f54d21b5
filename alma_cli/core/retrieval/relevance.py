"""Relevance: whether a memory is about the task at all. It is absolute, the same in every store and for every task.

A task that no memory fits has, by chance, one memory that looks a little like it, and rarely two. So relevance is
decided twice: the best memories together say whether anything fits, then each other memory is compared with them.
"""

import math
from collections.abc import Sequence

COSINE_NONE, COSINE_SURE = 0.15, 0.75
"""Cosines at which calibrated likeness is 0 and 1, for short texts by MiniLM."""

COSINE_UNRELATED = 0.08
"""The cosine up to which two texts have nothing to do with each other; what fits may be as low as .09."""

WORDS_COUNT = 0.5
"""The weight of shared words against meaning: tasks that no memory fits share up to .43 of their idf mass by chance."""

WORDS_SURE = 0.5
"""The share of a task's idf mass that is never matched by chance."""

_ALONE = 1.2
"""How many times `min_similarity` one memory has to reach by itself."""

_ALONE_BY_WORDS = 0.36
"""The same without vectors: in some scripts, sentences in other words share few pairs of characters."""

_BESIDE = 1 / 3
"""The part of `min_similarity` that is enough for a memory beside others."""

_BESIDE_BEST = 1 / 4
"""The part of the best one's similarity that it has to have, up to `min_similarity`: that halves what is given for a
task of the `pairs` set, and loses none of what was expected."""


def relevance(cosine: float | None, matched: float) -> float:
    """How surely a memory is about the task, in [0, 1]: by meaning, or (less surely) by the words they share.

    If the meaning isn't known, only shared words count.
    """
    if cosine is None:
        return matched
    return 1 - (1 - calibrated(cosine)) * (1 - WORDS_COUNT * matched)


def calibrated(cosine: float) -> float:
    """A cosine as a likeness in [0, 1]: 0 is what unrelated texts reach, 1 is the same thing in other words."""
    return min(1.0, max(0.0, (cosine - COSINE_NONE) / (COSINE_SURE - COSINE_NONE)))


def floor(
    similarities: Sequence[float], most_matched: float, min_similarity: float, *, words_only: bool = False
) -> float:
    """The similarity that is enough, given the similarities of all memories and the largest share of words matched.

    Infinite if nothing fits: the best two don't reach `min_similarity` on average, and no single one is as sure.
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
