"""The question of one retrieve to a store, and its answer: the candidates with their signals."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from alma_cli.core.records import FIELDS, SEARCHED_FIELDS, Kind, Result, Vector
from alma_cli.core.retrieval.ranking import Candidate, Spread
from alma_cli.core.scopes.visibility import View
from alma_cli.store.database.rows import RELEVANT_AT
from alma_cli.store.database.values import listed, utc_text

if TYPE_CHECKING:
    from alma_cli.store.hnsw.index import Nearest


_TEXTS = ", ".join(FIELDS[name].column for name in SEARCHED_FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A selection of records; None means any.

    `since` is the first time that counts and `until` the first that doesn't, of the times from which recency counts;
    `source` is the field or the label of that name; a label whose value is None may have any.
    `shown_to` leaves out the preferences of other users.
    """

    kinds: Sequence[Kind] | None = None
    agent: str | None = None
    domain: str | None = None
    user_id: str | None = None
    archived: bool | None = None
    containing: str | None = None
    outcome: Result | None = None
    since: datetime | None = None
    until: datetime | None = None
    source: str | None = None
    labels: Mapping[str, str | None] = field(default_factory=dict)
    shown_to: str | None = None

    def where(self, given: Callable[[str], str]) -> tuple[str, dict[str, str]]:
        """The condition in SQL and its values, which are texts; `given` writes the value of a name in SQL."""
        values: dict[str, str] = {}

        def value(text: str) -> str:
            name = f"selected{len(values)}"
            values[name] = text
            return given(name)

        conditions = [
            f"{column} = {value(wanted)}"
            for column, wanted in (
                ("agent", self.agent),
                ("domain", self.domain),
                ("user_id", self.user_id),
                ("outcome", self.outcome),
            )
            if wanted is not None
        ]
        if self.kinds is not None:
            kinds = value(json.dumps(list(self.kinds)))
            conditions.append(f"list_contains({listed(kinds)}, kind)")
        if self.archived is not None:
            conditions.append("archived" if self.archived else "NOT archived")
        if self.containing is not None:
            conditions.append(f"contains(lower(concat_ws(' ', {_TEXTS})), lower({value(self.containing)}))")
        if self.since is not None:
            conditions.append(f"{RELEVANT_AT} >= {value(utc_text(self.since))}::TIMESTAMP")
        if self.until is not None:
            conditions.append(f"{RELEVANT_AT} < {value(utc_text(self.until))}::TIMESTAMP")
        if self.source is not None:
            conditions.append(f"coalesce(nullif(source, ''), labels['source']) = {value(self.source)}")
        if self.shown_to is not None:
            conditions.append(shown_to_user(value(self.shown_to)))
        for name, wanted in self.labels.items():
            label = f"labels[{value(name)}]"
            conditions.append(f"{label} IS NOT NULL" if wanted is None else f"{label} = {value(wanted)}")
        return " AND ".join(conditions) or "true", values


def shown_to_user(user: str) -> str:
    """The condition in SQL for memories that are shown to a user, given in SQL: all but the preferences of others."""
    return f"(kind <> 'preference' OR user_id = '' OR user_id = {user})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The task's vector and words, whose memories count, and the time now.

    `parts` are vectors of the task's parts: a memory is compared with the task by the nearest of all these. `terms`
    are the task's words, `identifiers` those among them that count as rare when few memories have them; `per_signal` is
    how many of each kind are handed over by each signal. An outcome counts half as evidence when it is
    `evidence_half_life_days` older than the newest that counts. `nearest` is the answer of an index, if there is one.
    A `selection` takes the place of `kinds` and `user_id`, and may choose what is archived.
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
    selection: Selection | None = None

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
