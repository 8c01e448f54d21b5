"""The signals of every visible memory, and the best of each kind by each: arrays in, candidates out.

It doesn't matter whether the columns were read from a store or made of documents of the shared copy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from alma_cli.core.records import RETRIEVED_KINDS, Kind
from alma_cli.core.retrieval.ranking import POOL_FROM, POOL_WHOLE, Candidate, Spread
from alma_cli.store.database.values import Numbers
from alma_cli.store.reading.bm25 import Matches, Postings, match
from alma_cli.store.reading.query import Search, SearchResult

_SECONDS_PER_DAY = 86_400.0
_DIGITS = 6
"""Of a cosine, so that it is the same on every machine."""


class Visible(NamedTuple):
    """Every memory that may be seen and counts: `columns` by ascending `seq`, and their words.

    The columns are `seq`, `n_terms`, `kind` (its place in RETRIEVED_KINDS), `strategy` (a number for its key, 0 for
    none), `result` (from 0 to 1) and `happened_s` of an outcome, `asked` (false of mere evidence), `has_vector`, and
    `cosine`: NaN without a vector by the present model or, with an index, where it isn't near; then the cosines of a
    `sample` are given. `stand_for` says how many memories each stands for in all statistics; None is one.
    """

    columns: Mapping[str, Numbers]
    postings: Postings
    sample: Numbers | None = None
    stand_for: Numbers | None = None


class Stored(NamedTuple):
    """The facts about a memory, besides its signals, that ranking needs."""

    id: str
    kind: Kind
    age_days: float
    success: float | None
    confidence: float | None
    task_key: str
    strategy_key: str


Cosines: TypeAlias = "Callable[[Numbers], Numbers]"
"""The exact cosines of memories, given by `seq`."""


def measured(columns: Mapping[str, Numbers], cosine: Numbers) -> dict[str, Numbers]:
    """The columns with these cosines, rounded."""
    import numpy as np

    rounded = np.round(np.clip(cosine.astype("f8"), -1, 1), _DIGITS)
    return {**columns, "cosine": rounded, "has_vector": ~np.isnan(rounded)}


def unmeasured(columns: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """The columns without any cosine."""
    import numpy as np

    return {**columns, "cosine": np.full(len(columns["seq"]), np.nan)}


def best_of(
    visible: Visible,
    search: Search,
    *,
    stored: Callable[[Sequence[int]], Mapping[int, Stored]],
    credits: Callable[[], Mapping[str, int]],
    cosines: Cosines | None = None,
) -> SearchResult:
    """The best of each kind by each signal, with mean and deviation of the signals over all that is asked for.

    `stored` tells of the best, by `seq`; `credits` gives the net number of times that each memory helped, by id;
    `cosines` measures what an index left out.
    """
    import numpy as np

    columns = visible.columns
    asked = np.flatnonzero(columns["asked"])
    if not len(asked):
        return SearchResult()
    seqs, cosine, has_vector = (columns[name][asked] for name in ("seq", "cosine", "has_vector"))
    weights = np.ones(len(seqs)) if visible.stand_for is None else visible.stand_for[asked]
    words = _matches(visible, search, asked, weights)
    best = _best(columns["kind"][asked], np.where(np.isnan(cosine), -2.0, cosine), words.bm25, search.per_signal)
    left_out = best[np.isnan(cosine[best]) & has_vector[best]]
    if len(left_out) and cosines is not None:
        cosine[left_out] = cosines(seqs[left_out])
    facts, credit_of = stored(seqs[best].tolist()), credits()
    evidence = _evidence(columns, columns["strategy"][asked][best], search)
    return SearchResult(
        candidates=[
            Candidate(
                **facts[seq]._asdict(),
                cosine=float(cosine[place]) if has_vector[place] else None,
                bm25=float(words.bm25[place]),
                matched=min(1.0, float(words.matched[place])),
                rare_match=bool(words.rare[place]),
                credit=int(credit_of.get(facts[seq].id, 0)),
                pooled_occurrences=occurrences,
                pooled_successes=successes,
            )
            for place, seq, (occurrences, successes) in zip(best.tolist(), seqs[best].tolist(), evidence, strict=True)
        ],
        total=len(asked),
        without_vector=int(np.count_nonzero(~has_vector)),
        cosine=_spread(cosine[has_vector], weights[has_vector]) if visible.sample is None else _spread(visible.sample),
        bm25=_spread(words.bm25, weights),
        seqs={memory.id: seq for seq, memory in facts.items()},
    )


def _matches(visible: Visible, search: Search, asked: Numbers, weights: Numbers) -> Matches:
    import numpy as np

    if not search.terms:
        nothing = np.zeros(len(asked))
        return Matches(bm25=nothing, matched=nothing, rare=nothing > 0)
    seqs, lengths = (visible.columns[name][asked] for name in ("seq", "n_terms"))
    return match(visible.postings, search.terms, search.identifiers, seqs=seqs, lengths=lengths, stand_for=weights)


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


def _evidence(columns: Mapping[str, Numbers], strategies: Numbers, search: Search) -> list[tuple[float, float]]:
    """For each strategy the weighted counts of outcomes and of successes, in tasks like this one."""
    import numpy as np

    is_outcome = (columns["kind"] == RETRIEVED_KINDS.index("outcome")) & (columns["strategy"] != 0)
    near = np.flatnonzero(is_outcome & (columns["cosine"] > POOL_FROM))
    if not len(near):
        return [(0.0, 0.0)] * len(strategies)
    closeness = np.minimum(1.0, (columns["cosine"][near] - POOL_FROM) / (POOL_WHOLE - POOL_FROM))
    happened_s = columns["happened_s"][near]
    age_days = (happened_s.max() - happened_s) / _SECONDS_PER_DAY
    weights = closeness * 2.0 ** (-age_days / search.evidence_half_life_days)
    known, which = np.unique(columns["strategy"][near], return_inverse=True)
    occurrences, successes = np.bincount(which, weights), np.bincount(which, weights * columns["result"][near])
    places = np.minimum(np.searchsorted(known, strategies), len(known) - 1)
    is_known = known[places] == strategies
    return [*zip((occurrences[places] * is_known).tolist(), (successes[places] * is_known).tolist(), strict=True)]


def _spread(values: Numbers, weights: Numbers | None = None) -> Spread:
    import numpy as np

    if not len(values):
        return Spread()
    mean = float(np.average(values, weights=weights))
    return Spread(mean=mean, deviation=math.sqrt(float(np.average((values - mean) ** 2, weights=weights))))
