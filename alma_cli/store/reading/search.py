"""The signals of one retrieve, measured over every memory that the agent may see.

The filter comes first, then every candidate is scored exactly: the cosine by DuckDB while it scans, keywords in
bm25.py. The best of each kind by each signal are handed over, with mean and deviation over all of them.

What DuckDB scans becomes columns of numpy, and a few small statements do the rest: one large statement of all that took
DuckDB longer to plan than to run, 15 to 30 ms however small the store.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from alma_cli.core.records import RETRIEVED_KINDS, Kind
from alma_cli.core.retrieval.ranking import POOL_FROM, POOL_WHOLE, Candidate, Spread
from alma_cli.core.scopes.visibility import View
from alma_cli.store.database.values import written
from alma_cli.store.reading.bm25 import Matches, match
from alma_cli.store.reading.likeness import cosines_of, seen_by

if TYPE_CHECKING:
    from alma_cli.store.database.duckdb import Connection
    from alma_cli.store.database.values import Numbers
    from alma_cli.store.inbox.operations import Vector
    from alma_cli.store.reading.hnsw import Nearest

_SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is searched for: the task's vector and words, whose memories count, and the time now.

    `terms` are the task's words, `identifiers` those among them that count as rare when few memories have them;
    `per_signal` is how many of each kind are handed over by each signal. An outcome counts half as evidence when it is
    `evidence_half_life_days` older than the newest that counts. `nearest` is what an index says, if there is one.
    `stand_for` says, by `seq`, of memories that are a sample of more, how many each stands for in all statistics.
    """

    vector: Vector | None
    model: str
    terms: Sequence[str]
    identifiers: Sequence[str]
    views: Sequence[View]
    kinds: Sequence[Kind]
    user_id: str
    now: datetime
    per_signal: int
    evidence_half_life_days: float = math.inf
    stand_for: Mapping[int, float] = field(default_factory=dict)
    nearest: Nearest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The candidates handed over, how many there were, and how each signal spreads over all of them.

    `without_vector` counts those that could be compared by their words only; `seqs` has the numbers of the rows by id.
    """

    candidates: Sequence[Candidate] = ()
    total: int = 0
    without_vector: int = 0
    cosine: Spread = field(default_factory=Spread)
    bm25: Spread = field(default_factory=Spread)
    seqs: Mapping[str, int] = field(default_factory=dict)


def search(connection: Connection, wanted: Search, path: str | None = None) -> Found:
    """Measure the signals of every visible memory and hand over the best.

    With the `path` of a store that nobody may write now, what was read of it is kept for the next search.
    """
    import numpy as np

    found = seen_by(connection, wanted, path)
    seen = found.columns
    asked = np.flatnonzero(seen["asked"])
    if not len(asked):
        return Found()
    seqs, cosine, has_vector = (seen[name][asked] for name in ("seq", "cosine", "has_vector"))
    weights = np.ones(len(seqs))
    if wanted.stand_for:
        weights = np.array([wanted.stand_for.get(seq, 1.0) for seq in seqs.tolist()])
    if wanted.terms:
        words = match(
            connection,
            wanted.terms,
            wanted.identifiers,
            seqs=seqs,
            lengths=seen["n_terms"][asked],
            stand_for=weights,
            kept=found.postings,
        )
    else:
        words = Matches(bm25=np.zeros(len(seqs)), matched=np.zeros(len(seqs)), rare=np.zeros(len(seqs), dtype=bool))
    best = _best(seen["kind"][asked], np.where(np.isnan(cosine), -2.0, cosine), words.bm25, wanted.per_signal)
    unmeasured = best[np.isnan(cosine[best]) & has_vector[best]]
    if len(unmeasured) and wanted.vector is not None:
        cosine[unmeasured] = cosines_of(connection, seqs[unmeasured], wanted.vector)
    stored = _stored(connection, seqs[best].tolist(), wanted)
    evidence = _evidence(seen, seen["strategy"][asked][best], wanted)
    credits = dict(connection.execute(_CREDITS).fetchall())
    return Found(
        candidates=[
            _candidate(
                stored[seq],
                cosine=float(cosine[place]) if has_vector[place] else None,
                bm25=float(words.bm25[place]),
                matched=float(words.matched[place]),
                rare_match=bool(words.rare[place]),
                evidence=of_strategy,
                credits=credits,
            )
            for place, seq, of_strategy in zip(best.tolist(), seqs[best].tolist(), evidence, strict=True)
        ],
        total=len(asked),
        without_vector=int(np.count_nonzero(~has_vector)),
        cosine=_spread(cosine[has_vector], weights[has_vector]) if found.sample is None else _spread(found.sample),
        bm25=_spread(words.bm25, weights),
        seqs={id: seq for seq, (id, *_) in stored.items()},
    )


def _best(kinds: Numbers, cosine: Numbers, bm25: Numbers, per_signal: int) -> Numbers:
    """The places of the best of each kind by each signal, ascending."""
    import numpy as np

    is_best = np.zeros(len(kinds), dtype=bool)
    for kind in np.flatnonzero(np.bincount(kinds)):
        of_kind = np.flatnonzero(kinds == kind)
        for signal in (cosine, bm25):
            order = np.argpartition(-signal[of_kind], per_signal - 1)[:per_signal] if len(of_kind) > per_signal else ...
            is_best[of_kind[order]] = True
    return np.flatnonzero(is_best)


def _stored(connection: Connection, seqs: Sequence[int], wanted: Search) -> dict[int, tuple[Any, ...]]:
    """What ranking needs to know of these memories besides likeness, by `seq`."""
    now = wanted.now.astimezone(UTC).replace(tzinfo=None).isoformat()
    rows = connection.execute(_STORED.format(now=now, seqs=written(seqs))).fetchall()
    return {row[0]: row[1:] for row in rows}


_STORED = """
SELECT seq, id, kind,
    epoch(TIMESTAMP '{now}' - coalesce(happened_at, last_validated_at, last_seen_at, last_verified_at, updated_at)),
    CASE outcome WHEN 'success' THEN 1.0 WHEN 'partial' THEN 0.5 WHEN 'failure' THEN 0.0
        ELSE successes / nullif(occurrences, 0) END,
    confidence, coalesce(task_key, ''), coalesce(strategy_key, '')
FROM memories WHERE seq IN ({seqs})
"""

_CREDITS = "SELECT target, sum(value) FROM memories WHERE kind = 'credit' AND NOT archived GROUP BY target"


def _evidence(seen: Mapping[str, Numbers], strategies: Numbers, wanted: Search) -> list[tuple[float, float]]:
    """Of each strategy, how many outcomes of tasks like this one there are and how many succeeded, weighted."""
    import numpy as np

    is_outcome = (seen["kind"] == RETRIEVED_KINDS.index("outcome")) & (seen["strategy"] != 0)
    near = np.flatnonzero(is_outcome & (seen["cosine"] > POOL_FROM))
    if not len(near):
        return [(0.0, 0.0)] * len(strategies)
    closeness = np.minimum(1.0, (seen["cosine"][near] - POOL_FROM) / (POOL_WHOLE - POOL_FROM))
    happened_s = seen["happened_s"][near]
    age_days = (happened_s.max() - happened_s) / _SECONDS_PER_DAY
    weights = closeness * 2.0 ** (-age_days / wanted.evidence_half_life_days)
    known, which = np.unique(seen["strategy"][near], return_inverse=True)
    occurrences, successes = np.bincount(which, weights), np.bincount(which, weights * seen["result"][near])
    places = np.minimum(np.searchsorted(known, strategies), len(known) - 1)
    is_known = known[places] == strategies
    return [*zip((occurrences[places] * is_known).tolist(), (successes[places] * is_known).tolist(), strict=True)]


def _spread(values: Numbers, weights: Numbers | None = None) -> Spread:
    import numpy as np

    if not len(values):
        return Spread()
    mean = float(np.average(values, weights=weights))
    return Spread(mean=mean, deviation=math.sqrt(float(np.average((values - mean) ** 2, weights=weights))))


def _candidate(
    stored: Sequence[Any],
    *,
    cosine: float | None,
    bm25: float,
    matched: float,
    rare_match: bool,
    evidence: tuple[float, float],
    credits: Mapping[str, int],
) -> Candidate:
    id, kind, age_s, success, confidence, task_key, strategy_key = stored
    return Candidate(
        id=id,
        kind=kind,
        cosine=cosine,
        bm25=bm25,
        matched=min(1.0, matched),
        rare_match=rare_match,
        age_days=max(0.0, age_s / _SECONDS_PER_DAY),
        success=success,
        confidence=confidence,
        credit=int(credits.get(id, 0)),
        task_key=task_key,
        strategy_key=strategy_key,
        pooled_occurrences=evidence[0],
        pooled_successes=evidence[1],
    )
