"""Keyword search over candidates, by the frequencies among them alone: other agents' memories don't count.

BM25: Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009; k1 = 1.2, b = 0.75.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from alma_cli.core.records import JsonValue
from alma_cli.store.database.connection import Connection
from alma_cli.store.database.values import Numbers, columns, written

_K1, _B = 1.2, 0.75
_RARE_COUNT, _RARE_SHARE = 3, 0.02
"""An identifier is rare if at most so many memories, or such a share of them, have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """For each candidate: its BM25, the share of the task's idf mass in its words, and whether a rare term matches."""

    bm25: Numbers
    matched: Numbers
    rare: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Postings:
    """The frequency `tf` of each term (by its hash) in each memory (by its `seq`), by ascending term."""

    term: Numbers
    seq: Numbers
    tf: Numbers

    def of(self, hashes: Iterable[int]) -> Postings:
        """The postings of some terms."""
        import numpy as np

        sorted_hashes = np.array(sorted(hashes), np.uint64)
        starts = np.searchsorted(self.term, sorted_hashes)
        ends = np.searchsorted(self.term, sorted_hashes, side="right")
        rows = np.concatenate([np.arange(start, end) for start, end in zip(starts, ends, strict=True)])
        return Postings(term=self.term[rows], seq=self.seq[rows], tf=self.tf[rows])


def read_postings_of(connection: Connection, terms: Iterable[str]) -> Postings:
    """The postings of some terms."""
    return read_postings(connection, f"term IN ({written(map(hashed, terms))})")


def read_postings(connection: Connection, condition: str, values: Mapping[str, JsonValue] | None = None) -> Postings:
    """The postings that satisfy a condition on their columns; see `values.columns` for its values."""
    import numpy as np

    found = columns(
        connection,
        f"SELECT term, seq, tf FROM postings WHERE {condition}",
        {"term": "u8", "seq": "i8", "tf": "u2"},
        values,
    )
    order = np.argsort(found["term"], kind="stable")
    return Postings(**{name: column[order] for name, column in found.items()})


def match(
    postings: Postings,
    terms: Sequence[str],
    identifiers: Sequence[str],
    *,
    seqs: Numbers,
    lengths: Numbers,
    stand_for: Numbers,
) -> Matches:
    """How well the words of a task match candidates; the postings may be of more terms and memories.

    The candidates are given by ascending `seq`, with the number of terms of each, and how many memories it stands for.
    """
    import numpy as np

    count = len(seqs)
    of_all = float(stand_for.sum())
    wanted, places, tf = _matching(postings, terms, seqs)
    df = np.bincount(wanted, stand_for[places], minlength=len(terms))
    idf = np.log(1 + (of_all - df + 0.5) / (df + 0.5))
    mean_length = max(float(np.average(lengths, weights=stand_for)), 1.0)
    weight = tf * (_K1 + 1) / (tf + _K1 * (1 - _B + _B * lengths[places] / mean_length))
    is_identifier = np.array([term in identifiers for term in terms])
    is_rare = is_identifier & (df <= max(_RARE_COUNT, of_all * _RARE_SHARE))
    return Matches(
        bm25=np.bincount(places, idf[wanted] * weight, minlength=count),
        matched=np.bincount(places, idf[wanted], minlength=count) / max(float(idf.sum()), 1e-9),
        rare=np.bincount(places, is_rare[wanted], minlength=count) > 0,
    )


def hashed(term: str) -> int:
    """The hash of a term, the same as DuckDB's `md5_number_lower`."""
    return int.from_bytes(hashlib.md5(term.encode("utf-8", "replace"), usedforsecurity=False).digest()[8:], "little")


def _matching(postings: Postings, terms: Sequence[str], seqs: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """The matches of terms and candidates: the term's number, the candidate's place, and the frequency."""
    import numpy as np

    hashes = [hashed(term) for term in terms]
    found = postings.of(hashes)
    places = np.searchsorted(seqs, found.seq)
    here = np.flatnonzero(seqs[np.minimum(places, len(seqs) - 1)] == found.seq)
    of_term = np.array(hashes, np.uint64)
    order = np.argsort(of_term)
    wanted = order[np.searchsorted(of_term, found.term[here], sorter=order)]
    return wanted, places[here], found.tf[here].astype("f8")
