"""Ranks memories for a task, with the reasons: a function of numbers that the store measured, and of the time.

Relevance (is the memory about this at all? see relevance.py) decides which memories pass; their order also counts
recency, success, confidence and credit. Similarity for the order fuses two signals over all candidates,
z(cosine) + keyword_weight * z(BM25), pressed into [0, 1] by the logistic function; only the order comes from z.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from alma_cli.core.records import Kind
from alma_cli.core.retrieval.relevance import COSINE_NONE, COSINE_UNRELATED, WORDS_SURE, floor, relevance

POOL_FROM, POOL_WHOLE = 0.3, 0.5
"""Cosines of two tasks at which outcomes of one begin to count for the other, and at which they count fully."""

_LEAST_DEVIATION_COSINE = 0.05
_BEST_WORDS = 3
_OF_GROUP = 2.5
"""How much more a task group's words count than those of one memory: the mean of three matches less by chance."""

_LEAST_DEVIATION_BM25 = 0.5
_NEUTRAL = 0.5
_CREDIT_SCALE = 3.0
_MIDDLE_Z, _WIDTH_Z = 3.0, 1.5
"""Where the logistic is steepest, and how steep. What fits a task lies 2 to 8 deviations above the mean: pressed around
0, the best hits would be worth the same and the other terms decide among them (nDCG@10 of pairs .68 instead of .85)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The settings of ranking.

    `weights` are those of the terms similarity, recency, success, confidence and credit (only proportions matter);
    `keyword_weight` weighs keywords against meaning; `half_life_days` says how fast each kind of memory ages.
    `min_similarity` is a floor (see `relevance.floor`); a memory that scores less than `min_score` is not shown.
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
    `pooled_successes` count the outcomes of its strategy in all tasks like this one, each by the similarity of its
    task (from `POOL_FROM`, not at all, to `POOL_WHOLE`, fully).
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
    """One term of a score: the measured value (`raw`), the same in [0, 1], and its weight.

    `raw` is the fused z of the signals, an age in days, a rate, a confidence, or a net count, by the order of the
    terms; None if nothing is known.
    """

    name: str
    value: float
    weight: float
    raw: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A candidate with its relevance, its score and the terms that make it up, and its rank by each signal.

    One that doesn't pass, yet has anything in common with the task and scores enough, `may_fit`. `words_z` says how far
    its words stand out among all memories, in standard deviations of BM25.
    """

    candidate: Candidate
    similarity: float
    score: float
    terms: tuple[Term, ...]
    cosine_rank: int
    keyword_rank: int
    why_not: str = ""
    may_fit: bool = False
    words_z: float = 0.0

    @property
    def points(self) -> tuple[float, ...]:
        """The points that each term adds to the score."""
        weight = math.fsum(term.weight for term in self.terms) or 1.0
        return tuple(term.value * term.weight / weight for term in self.terms)

    @property
    def passes(self) -> bool:
        """True when the memory is surely relevant; if not, `why_not` has the reason."""
        return not self.why_not


def rank(candidates: Sequence[Candidate], cosine: Spread, bm25: Spread, rules: Rules) -> list[Ranked]:
    """All candidates, best first; ties fall by id, so the same numbers always give the same order.

    Whether anything fits isn't for outcomes to say that a rule sums up: of many, one looks like the task by chance.
    One with a rare token of the task does pass by it, and brings the rules of its task group. So does one that passes
    where only words are compared: those of its rules may be in another language.
    """
    by_cosine = _ranks(candidates, lambda candidate: candidate.cosine if candidate.cosine is not None else -2.0)
    by_keyword = _ranks(candidates, lambda candidate: candidate.bm25)
    fused = _fused(candidates, cosine, bm25, rules.keyword_weight)
    similarities = {candidate.id: relevance(candidate.cosine, candidate.matched) for candidate in candidates}
    most_matched = max((candidate.matched for candidate in candidates), default=0.0)
    summed_up = {candidate.task_key for candidate in candidates if is_rule(candidate)}
    words_only = all(candidate.cosine is None for candidate in candidates)
    enough = floor(
        [similarities[one.id] for one in candidates if not (one.kind == "outcome" and one.task_key in summed_up)],
        most_matched,
        rules.min_similarity,
        words_only=words_only,
    )
    named = {candidate.id for candidate in candidates if _is_named(candidate)}
    told = [one for one in candidates if one.kind == "outcome" and (words_only or one.id in named)]
    brought = {one.task_key for one in told if one.id in named or similarities[one.id] >= enough}
    may_be_brought = {one.task_key for one in told if _has_to_do(one)}
    ranked = []
    for candidate in candidates:
        similarity = similarities[candidate.id]
        score_terms = _terms(candidate, fused[candidate.id], rules)
        whole = math.fsum(term.weight for term in score_terms) or 1.0
        score = math.fsum(term.value * term.weight for term in score_terms) / whole
        is_named = candidate.id in named or (is_rule(candidate) and candidate.task_key in brought)
        has_to_do = _has_to_do(candidate) or (is_rule(candidate) and candidate.task_key in may_be_brought)
        why_not = _why_not(similarity, 0.0 if is_named else enough, score, rules.min_score)
        ranked.append(
            Ranked(
                candidate=candidate,
                similarity=similarity,
                score=score,
                terms=score_terms,
                cosine_rank=by_cosine[candidate.id],
                keyword_rank=by_keyword[candidate.id],
                why_not=why_not,
                may_fit=bool(why_not) and has_to_do and score >= rules.min_score,
                words_z=_z(candidate.bm25, bm25, _LEAST_DEVIATION_BM25),
            )
        )
    return sorted(ranked, key=lambda one: (-one.score, one.candidate.id))


def news_first(ranked: Sequence[Ranked]) -> list[Ranked]:
    """The same candidates in the order in which places are given: a second outcome of a strategy comes last.

    Every outcome of a strategy has the same pooled evidence, so a place is worth more to a strategy not shown yet.
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


def decay(*, age_days: float, half_life_days: float) -> float:
    """2^(-age / half-life): 1 for the present, a half after one half-life."""
    return math.exp2(-max(0.0, age_days) / half_life_days)


def success(candidate: Candidate) -> float:
    """How well the candidate's strategy does, in [0, 1]; neutral if nothing is known.

    For an anti-pattern it is how badly: the surer it fails, the more it is worth knowing.
    """
    known = _or_neutral(rate(candidate))
    return 1 - known if candidate.kind == "anti_pattern" else known


def rate(candidate: Candidate) -> float | None:
    """The rate at which the strategy succeeds in tasks like this one: the mean of a beta distribution, uniform prior.

    Without outcomes of such tasks it is the memory's own rate, if the memory has one.
    """
    if candidate.pooled_occurrences > 0:
        return (candidate.pooled_successes + 1) / (candidate.pooled_occurrences + 2)
    return candidate.success


def _fused(candidates: Sequence[Candidate], cosine: Spread, bm25: Spread, keyword_weight: float) -> dict[str, float]:
    """Each candidate's similarity for the order, as z.

    The likeness of two tasks doesn't depend on the strategies tried for them. So a rule of a task group has the words
    of the group's outcomes in place of its own few, which are general and match by chance, and all rules of the group
    share the best of their similarities: success decides between their strategies.
    """
    words = _words_of_groups(candidates)
    fused: dict[str, float] = {}
    best: dict[str, float] = {}
    for candidate in candidates:
        of_group = words.get(candidate.task_key) if is_rule(candidate) else None
        matched, weight = (candidate.bm25, 1.0) if of_group is None else (of_group, _OF_GROUP)
        dense = 0.0 if candidate.cosine is None else _z(candidate.cosine, cosine, _LEAST_DEVIATION_COSINE)
        value = dense + keyword_weight * weight * _z(matched, bm25, _LEAST_DEVIATION_BM25)
        fused[candidate.id] = value
        if is_rule(candidate):
            best[candidate.task_key] = max(value, best.get(candidate.task_key, value))
    return {
        candidate.id: best[candidate.task_key] if is_rule(candidate) else fused[candidate.id]
        for candidate in candidates
    }


def is_rule(candidate: Candidate) -> bool:
    """True of a rule of a task group."""
    return bool(candidate.task_key) and candidate.kind in ("heuristic", "anti_pattern")


def _words_of_groups(candidates: Sequence[Candidate]) -> dict[str, float]:
    """The mean of the best BM25 of each task group's outcomes: of three, so that no single one decides."""
    found: dict[str, list[float]] = {}
    for candidate in candidates:
        if candidate.kind == "outcome" and candidate.task_key:
            found.setdefault(candidate.task_key, []).append(candidate.bm25)
    return {key: sum(sorted(values)[-_BEST_WORDS:]) / _BEST_WORDS for key, values in found.items()}


def _why_not(similarity: float, enough: float, score: float, min_score: float) -> str:
    if similarity < enough:
        return "nothing is similar enough to the task" if math.isinf(enough) else "not similar enough to the task"
    return "scored too low" if score < min_score else ""


def _is_named(candidate: Candidate) -> bool:
    """True when a rare token of the task stands in it, and is most of the task or no chance by its meaning."""
    is_near = candidate.cosine is None or candidate.cosine >= COSINE_NONE
    return candidate.rare_match and (is_near or candidate.matched >= WORDS_SURE)


def _has_to_do(candidate: Candidate) -> bool:
    return candidate.matched > 0 or (candidate.cosine is not None and candidate.cosine > COSINE_UNRELATED)


def _terms(candidate: Candidate, z: float, rules: Rules) -> tuple[Term, ...]:
    age_days, confidence = candidate.age_days, candidate.confidence
    measured: dict[str, tuple[float, float | None]] = {
        "similarity": (_logistic((z - _MIDDLE_Z) / _WIDTH_Z), z),
        "recency": (decay(age_days=age_days, half_life_days=rules.half_life_days[candidate.kind]), age_days),
        "success": (success(candidate), rate(candidate)),
        "confidence": (_or_neutral(confidence), confidence),
        "credit": (_NEUTRAL + _NEUTRAL * math.tanh(candidate.credit / _CREDIT_SCALE), float(candidate.credit)),
    }
    return tuple(
        Term(name=name, value=value, weight=rules.weights[name], raw=raw) for name, (value, raw) in measured.items()
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
