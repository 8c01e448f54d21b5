"""Which memories are worth knowing for a task, and why: a function of numbers the store measured and of the time.

Relevance (is it about this at all?) is absolute and decides what passes the floor; the order among what passes also
counts recency, success, confidence and credit. Similarity for the order fuses two signals over all candidates,
z(cosine) + keyword_weight * z(BM25), pressed into [0, 1] by the logistic function; only the order comes from z.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from alma_cli.core.records import Kind

COSINE_NONE, COSINE_SURE = 0.15, 0.75
"""Cosines at which calibrated likeness is 0 and 1, for short texts by MiniLM."""

_LEAST_DEVIATION_COSINE = 0.05
_LEAST_DEVIATION_BM25 = 0.5
_NEUTRAL = 0.5
_CREDIT_SCALE = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much each term counts; they need not add up to one."""

    similarity: float = 0.7
    recency: float = 0.1
    success: float = 0.1
    confidence: float = 0.05
    credit: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What ranking can be told: weights, the floor, and how fast memories age (half-lives in days)."""

    weights: Weights = field(default_factory=Weights)
    keyword_weight: float = 0.5
    min_score: float = 0.25
    half_life_days: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Mean and standard deviation of a signal over all candidates."""

    mean: float = 0.0
    deviation: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One memory's signals for one task.

    `cosine` is None without a vector by the present model; `matched` is the share of the task's idf mass that the
    memory's words cover, in [0, 1]; `success` is in [0, 1], None where nothing is known; `credit` is the net number of
    times it helped; `rare_match` says that a rare token of the task stands in it.
    """

    id: str
    kind: Kind
    cosine: float | None
    bm25: float
    matched: float
    rare_match: bool
    age_days: float
    success: float | None
    confidence: float | None
    credit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term of a score: what was measured, in [0, 1], and how much it counts."""

    name: str
    value: float
    weight: float

    @property
    def points(self) -> float:
        """What the term adds to the score."""
        return self.value * self.weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A candidate with its relevance, its score and the terms that make it up, and its rank by each signal."""

    candidate: Candidate
    similarity: float
    score: float
    terms: tuple[Term, ...]
    passes: bool
    cosine_rank: int
    keyword_rank: int


def rank(candidates: Sequence[Candidate], cosine: Spread, bm25: Spread, rules: Rules) -> list[Ranked]:
    """All candidates, best first; ties fall by id, so the same numbers always give the same order."""
    by_cosine = _ranks(candidates, lambda candidate: candidate.cosine if candidate.cosine is not None else -2.0)
    by_keyword = _ranks(candidates, lambda candidate: candidate.bm25)
    ranked = []
    for candidate in candidates:
        similarity = relevance(candidate)
        score_terms = _terms(candidate, cosine, bm25, rules)
        total_weight = math.fsum(term.weight for term in score_terms) or 1.0
        ranked.append(
            Ranked(
                candidate=candidate,
                similarity=similarity,
                score=math.fsum(term.points for term in score_terms) / total_weight,
                terms=score_terms,
                passes=candidate.rare_match or similarity >= rules.min_score,
                cosine_rank=by_cosine[candidate.id],
                keyword_rank=by_keyword[candidate.id],
            )
        )
    return sorted(ranked, key=lambda one: (-one.score, one.candidate.id))


def relevance(candidate: Candidate) -> float:
    """How surely the memory is about the task at all, in [0, 1]: the stronger of meaning and shared words."""
    return max(calibrated(candidate.cosine), candidate.matched)


def calibrated(cosine: float | None) -> float:
    """A cosine as a likeness in [0, 1]: 0 for what unrelated texts reach, 1 for the same thing in other words."""
    if cosine is None:
        return 0.0
    return min(1.0, max(0.0, (cosine - COSINE_NONE) / (COSINE_SURE - COSINE_NONE)))


def decay(*, age_days: float, half_life_days: float) -> float:
    """2^(-age / half-life): 1 for the present, a half after one half-life."""
    return 2.0 ** (-max(0.0, age_days) / half_life_days)


def best_of_each_kind(ranked: Iterable[Ranked], *, top_k: int) -> dict[Kind, list[Ranked]]:
    """Of what passes, the `top_k` best of each kind, in order."""
    chosen: dict[Kind, list[Ranked]] = {}
    for one in ranked:
        if one.passes:
            of_kind = chosen.setdefault(one.candidate.kind, [])
            if len(of_kind) < top_k:
                of_kind.append(one)
    return chosen


def _terms(candidate: Candidate, cosine: Spread, bm25: Spread, rules: Rules) -> tuple[Term, ...]:
    weights = rules.weights
    dense = 0.0 if candidate.cosine is None else _z(candidate.cosine, cosine, _LEAST_DEVIATION_COSINE)
    fused = dense + rules.keyword_weight * _z(candidate.bm25, bm25, _LEAST_DEVIATION_BM25)
    recency = decay(age_days=candidate.age_days, half_life_days=rules.half_life_days)
    credit = _NEUTRAL + _NEUTRAL * math.tanh(candidate.credit / _CREDIT_SCALE)
    return (
        Term(name="similarity", value=_logistic(fused), weight=weights.similarity),
        Term(name="recency", value=recency, weight=weights.recency),
        Term(name="success", value=_or_neutral(candidate.success), weight=weights.success),
        Term(name="confidence", value=_or_neutral(candidate.confidence), weight=weights.confidence),
        Term(name="credit", value=credit, weight=weights.credit),
    )


def _or_neutral(value: float | None) -> float:
    return _NEUTRAL if value is None else value


def _z(value: float, spread: Spread, least_deviation: float) -> float:
    return (value - spread.mean) / max(spread.deviation, least_deviation)


def _logistic(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-z)) if z > -700 else 0.0


def _ranks(candidates: Sequence[Candidate], signal: Callable[[Candidate], float]) -> dict[str, int]:
    ordered = sorted(candidates, key=lambda candidate: (-signal(candidate), candidate.id))
    return {candidate.id: place for place, candidate in enumerate(ordered, start=1)}
