"""Which memories are worth knowing for a task, and why: a function of numbers the store measured and of the time.

Relevance (is it about this at all?) is absolute and decides what passes the floor; the order among what passes also
counts recency, success, confidence and credit. Similarity for the order fuses two signals over all candidates,
z(cosine) + keyword_weight * z(BM25), pressed into [0, 1] by the logistic function; only the order comes from z.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from alma_cli.core.records import Kind

COSINE_NONE, COSINE_SURE = 0.15, 0.75
"""Cosines at which calibrated likeness is 0 and 1, for short texts by MiniLM."""

POOL_FROM, POOL_WHOLE = 0.3, 0.5
"""Cosines of two tasks between which the outcomes of one begin to count for the other, and count fully."""

_LEAST_DEVIATION_COSINE = 0.05
_LEAST_DEVIATION_BM25 = 0.5
_NEUTRAL = 0.5
_CREDIT_SCALE = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What ranking can be told.

    `weights` of the terms similarity, recency, success, confidence and credit (only proportions matter), the weight of
    keywords against meaning, how fast each kind of memory ages, and the floors: what is less similar than
    `min_similarity` or scores less than `min_score` is not relevant.
    """

    weights: Mapping[str, float]
    half_life_days: Mapping[Kind, float]
    keyword_weight: float
    min_similarity: float
    min_score: float


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
    times it helped; `rare_match` says that a rare token of the task stands in it. `pooled_occurrences` and
    `pooled_successes` are what the outcomes of all tasks like this one say of its strategy, each outcome counting by
    how like its task is (from `POOL_FROM`, not at all, to `POOL_WHOLE`, fully).
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
    task_key: str = ""
    strategy_key: str = ""
    pooled_occurrences: float = 0.0
    pooled_successes: float = 0.0


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
    fused = _fused(candidates, cosine, bm25, rules.keyword_weight)
    ranked = []
    for candidate in candidates:
        similarity = relevance(candidate)
        score_terms = _terms(candidate, fused[candidate.id], rules)
        score = math.fsum(term.points for term in score_terms) / (math.fsum(term.weight for term in score_terms) or 1.0)
        ranked.append(
            Ranked(
                candidate=candidate,
                similarity=similarity,
                score=score,
                terms=score_terms,
                passes=(candidate.rare_match or similarity >= rules.min_similarity) and score >= rules.min_score,
                cosine_rank=by_cosine[candidate.id],
                keyword_rank=by_keyword[candidate.id],
            )
        )
    return sorted(ranked, key=lambda one: (-one.score, one.candidate.id))


def news_first(ranked: Sequence[Ranked]) -> list[Ranked]:
    """The same in the order in which places are given away: outcomes that tell of a strategy again come last.

    Every outcome of a strategy has the same pooled evidence, so a place is worth more to a strategy not told of yet.
    """
    told: set[str] = set()
    news: list[Ranked] = []
    again: list[Ranked] = []
    for one in ranked:
        strategy_key = one.candidate.strategy_key if one.candidate.kind == "outcome" and one.passes else ""
        (again if strategy_key in told else news).append(one)
        if strategy_key:
            told.add(strategy_key)
    return [*news, *again]


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
    return math.exp2(-max(0.0, age_days) / half_life_days)


def success(candidate: Candidate) -> float:
    """How well its strategy does in tasks like this one: the mean of a beta distribution with a uniform prior.

    Without outcomes of such tasks it is the memory's own rate, and without that neutral. Of an anti-pattern it is how
    badly: the surer it fails, the more it is worth knowing.
    """
    if candidate.pooled_occurrences > 0:
        rate = (candidate.pooled_successes + 1) / (candidate.pooled_occurrences + 2)
    else:
        rate = _or_neutral(candidate.success)
    return 1 - rate if candidate.kind == "anti_pattern" else rate


def _fused(candidates: Sequence[Candidate], cosine: Spread, bm25: Spread, keyword_weight: float) -> dict[str, float]:
    """Each candidate's similarity for the order, in [0, 1].

    How like this task another one is doesn't depend on what was tried for it, so what was derived for one task likeness
    shares the best of its similarities: then success decides between its strategies.
    """
    fused: dict[str, float] = {}
    best: dict[tuple[Kind, str], float] = {}
    for candidate in candidates:
        dense = 0.0 if candidate.cosine is None else _z(candidate.cosine, cosine, _LEAST_DEVIATION_COSINE)
        value = _logistic(dense + keyword_weight * _z(candidate.bm25, bm25, _LEAST_DEVIATION_BM25))
        fused[candidate.id] = value
        likeness = (candidate.kind, candidate.task_key)
        best[likeness] = max(value, best.get(likeness, 0.0))
    return {
        candidate.id: best[candidate.kind, candidate.task_key]
        if candidate.task_key and candidate.kind in ("heuristic", "anti_pattern")
        else fused[candidate.id]
        for candidate in candidates
    }


def _terms(candidate: Candidate, similarity: float, rules: Rules) -> tuple[Term, ...]:
    recency = decay(age_days=candidate.age_days, half_life_days=rules.half_life_days[candidate.kind])
    credit = _NEUTRAL + _NEUTRAL * math.tanh(candidate.credit / _CREDIT_SCALE)
    return (
        Term(name="similarity", value=similarity, weight=rules.weights["similarity"]),
        Term(name="recency", value=recency, weight=rules.weights["recency"]),
        Term(name="success", value=success(candidate), weight=rules.weights["success"]),
        Term(name="confidence", value=_or_neutral(candidate.confidence), weight=rules.weights["confidence"]),
        Term(name="credit", value=credit, weight=rules.weights["credit"]),
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
