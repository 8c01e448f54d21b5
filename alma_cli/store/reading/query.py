"""The question of one retrieve to a store, and its answer: the candidates with their signals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from alma_cli.core.records import Kind
from alma_cli.core.retrieval.ranking import Candidate, Spread
from alma_cli.core.scopes.visibility import View

if TYPE_CHECKING:
    from alma_cli.core.records import Vector
    from alma_cli.store.hnsw.index import Nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The task's vector and words, whose memories count, and the time now.

    `parts` are vectors of the task's parts: a memory is compared with the task by the nearest of all these. `terms`
    are the task's words, `identifiers` those among them that count as rare when few memories have them; `per_signal` is
    how many of each kind are handed over by each signal. An outcome counts half as evidence when it is
    `evidence_half_life_days` older than the newest that counts. `nearest` is the answer of an index, if there is one.
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
    nearest: Nearest | None = None
    parts: Sequence[Vector] = ()

    @property
    def vectors(self) -> Sequence[Vector]:
        """The vectors of the task and of its parts; none without a model."""
        return () if self.vector is None else (self.vector, *self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The candidates handed over, how many there were, and how each signal spreads over all of them.

    `without_vector` counts those that could be compared by their words only; `seqs` has the numbers of the rows by id.
    """

    candidates: Sequence[Candidate] = ()
    total: int = 0
    without_vector: int = 0
    cosine: Spread = field(default_factory=Spread)
    bm25: Spread = field(default_factory=Spread)
    seqs: Mapping[str, int] = field(default_factory=dict)
