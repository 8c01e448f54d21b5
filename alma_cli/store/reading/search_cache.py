"""Keeps visible memories with their vectors between the searches of one process, while the store is unchanged.

Reading vectors from the file is most of a search. The first search after a change compares while DuckDB scans; the
second one of the same agent reads the vectors, and those after it compare what was read.
"""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from alma_cli.store.database.values import Numbers
from alma_cli.store.reading.bm25 import Postings

MOST_BYTES = 256 * 1024 * 1024
"""For all vectors kept: 170,000 of the bundled model's. The other columns take a fifth of that."""

_State: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadColumns:
    """All that a search may see: columns by ascending `seq`, the unit vectors of those with one, and their words."""

    columns: Mapping[str, Numbers]
    vectors: Numbers
    postings: Postings


_MOST_ENTRIES = 64

_cached: dict[tuple[str, str], tuple[_State, ReadColumns | int]] = {}
"""By the store's path and what is visible, least recently used first; the bytes of vectors after one search only."""

_keeping = threading.Lock()


def recall(path: str, what: str) -> ReadColumns | int | None:
    """The value given to `keep` for the store at `path`, if the store hasn't changed since.

    Call this while nobody may write there.
    """
    with _keeping:
        known = _cached.pop((path, what), None)
        if known is None or known[0] != _state_of(path):
            return None
        _cached[path, what] = known
        return known[1]


def may_be_kept(size: int) -> bool:
    """True when vectors of so many bytes may be kept, and so are worth reading."""
    return 0 < size <= MOST_BYTES


def keep(path: str, what: str, found: ReadColumns | int) -> None:
    """Keep the columns read or, after a first search, the size of the vectors in bytes; then drop the oldest excess."""
    with _keeping:
        _cached.pop((path, what), None)
        _cached[path, what] = (_state_of(path), found)
        sizes = {key: 0 if isinstance(one, int) else one.vectors.nbytes for key, (_, one) in _cached.items()}
        excess = sum(sizes.values()) - MOST_BYTES
        for key, size in sizes.items():
            if excess <= 0 and len(_cached) <= _MOST_ENTRIES:
                return
            del _cached[key]
            excess -= size


def _state_of(path: str) -> _State:
    """A value that changes whenever the store's file or log is written."""
    found = [os.stat(file) for file in (path, path + ".wal") if os.path.exists(file)]
    return tuple((one.st_ino, one.st_size, one.st_mtime_ns) for one in found)
