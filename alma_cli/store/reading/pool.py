"""Memories held for one question, such as candidates of the shared copy, searched as a store is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from alma_cli.core.records import (
    RESULT_VALUES,
    RETRIEVED_KINDS,
    AntiPattern,
    Credit,
    Heuristic,
    Outcome,
    Preference,
    Record,
    relevant_at,
)
from alma_cli.core.words import terms_of
from alma_cli.store.database.values import Numbers
from alma_cli.store.reading.bm25 import Postings, hashed
from alma_cli.store.reading.query import Search, SearchResult
from alma_cli.store.reading.signals import Stored, Visible, best_of, measured

if TYPE_CHECKING:
    from alma_cli.store.inbox.operations import Entry


class Pool:
    """Answers a retrieve as a `Reader` does.

    `stand_for` says, by id, of memories that are a sample of more, how many each stands for in all statistics.
    """

    warnings: Sequence[str] = ()

    def __init__(self, entries: Iterable[Entry], stand_for: Mapping[str, float]) -> None:
        self._entries = {entry.record.id: entry for entry in entries}
        self._stand_for = stand_for

    def records(self, ids: Sequence[str]) -> dict[str, Record]:
        """The records with these ids, in no order; what isn't there is absent."""
        return {id: self._entries[id].record for id in ids if id in self._entries}

    def search(self, search: Search) -> SearchResult:
        """The candidates for one retrieve, with their signals."""
        import numpy as np

        seen = [entry for entry in self._entries.values() if _counts(entry.record, search)]
        counted = [terms_of(entry.record) for entry in seen]
        return best_of(
            Visible(
                _columns(seen, counted, search),
                _postings(counted),
                stand_for=np.array([self._stand_for.get(entry.record.id, 1.0) for entry in seen]),
            ),
            search,
            stored=lambda seqs: {seq: _stored(seen[seq].record, search) for seq in seqs},
            credits=self._credits,
        )

    def _credits(self) -> Counter[str]:
        credits: Counter[str] = Counter()
        for entry in self._entries.values():
            if isinstance(entry.record, Credit) and not entry.record.archived:
                credits[entry.record.target] += entry.record.value
        return credits


def _counts(record: Record, search: Search) -> bool:
    """True when a record may be seen, and is asked for or is evidence."""
    is_seen = any(view.shows(record.agent, record.domain) for view in search.views)
    return is_seen and record.kind in RETRIEVED_KINDS and (isinstance(record, Outcome) or _is_asked(record, search))


def _is_asked(record: Record, search: Search) -> bool:
    is_theirs = not isinstance(record, Preference) or record.user_id in ("", search.user_id)
    return not record.archived and record.kind in search.kinds and is_theirs


def _columns(seen: Sequence[Entry], counted: Sequence[Counter[str]], search: Search) -> dict[str, Numbers]:
    import numpy as np

    records = [entry.record for entry in seen]
    outcomes = [record if isinstance(record, Outcome) else None for record in records]
    keys = [getattr(record, "strategy_key", "") for record in records]
    columns = {
        "seq": np.arange(len(seen)),
        "n_terms": np.array([terms.total() for terms in counted], "i4"),
        "kind": np.array([RETRIEVED_KINDS.index(record.kind) for record in records], "u1"),
        "strategy": np.array([hashed(key) if key else 0 for key in keys], "u8"),
        "result": np.array([RESULT_VALUES[one.outcome] if one else 0.0 for one in outcomes]),
        "happened_s": np.array([one.at.timestamp() if one else 0.0 for one in outcomes]),
        "asked": np.array([_is_asked(record, search) for record in records], bool),
    }
    return measured(columns, _cosines(seen, search))


def _cosines(seen: Sequence[Entry], search: Search) -> Numbers:
    """The cosine of each with the task; NaN where there is no vector by the model, -1 for a vector of zeros."""
    import numpy as np

    cosines = np.full(len(seen), np.nan)
    if search.vector is None:
        return cosines
    tasks = np.array(search.vectors, "f8")
    for place, entry in enumerate(seen):
        if entry.vector is not None and entry.model == search.model and len(entry.vector) == len(search.vector):
            vector = np.array(entry.vector, "f8")
            lengths = np.linalg.norm(vector) * np.linalg.norm(tasks, axis=1)
            cosines[place] = max((tasks @ vector / lengths).tolist()) if lengths.all() else -1.0
    return cosines


def _postings(counted: Sequence[Counter[str]]) -> Postings:
    """The terms counted in each memory, by ascending term."""
    import numpy as np

    found = sorted((hashed(term), seq, count) for seq, terms in enumerate(counted) for term, count in terms.items())
    term, seq, tf = zip(*found, strict=True) if found else ((), (), ())
    return Postings(term=np.array(term, "u8"), seq=np.array(seq, "i8"), tf=np.array(tf, "i8"))


def _stored(record: Record, search: Search) -> Stored:
    success = None
    if isinstance(record, Outcome):
        success = RESULT_VALUES[record.outcome]
    elif isinstance(record, Heuristic | AntiPattern) and record.occurrences:
        success = record.successes / record.occurrences
    return Stored(
        id=record.id,
        kind=record.kind,
        age_days=max(0.0, (search.now - relevant_at(record)) / timedelta(days=1)),
        success=success,
        confidence=getattr(record, "confidence", None),
        task_key=getattr(record, "task_key", ""),
        strategy_key=getattr(record, "strategy_key", ""),
    )
