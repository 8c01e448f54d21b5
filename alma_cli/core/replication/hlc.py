"""The hybrid logical clock that decides which of two versions of a record wins.

It follows the wall clock but never runs backwards, so an edit is always stamped after the version it replaces
(Kulkarni et al., "Logical Physical Clocks", 2014). It is never shown to a user and never used for recency.
"""

import re
from dataclasses import dataclass

_COUNTER_LIMIT = 1_000_000
_STAMP = re.compile(r"([0-9]{15})\.([0-9]{6})\.(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, order=True)
class HLC:
    """A stamp: milliseconds since 1970 (15 digits), a counter within the millisecond, and the replica that stamped."""

    wall_ms: int
    counter: int
    replica_id: str

    def __str__(self) -> str:
        """A text whose order as text is the order of the stamps."""
        return f"{self.wall_ms:015d}.{self.counter:06d}.{self.replica_id}"

    @classmethod
    def parse(cls, text: str) -> "HLC":
        """Parse the text that `str` gives. Raises `ValueError` for any other text."""
        found = _STAMP.fullmatch(text)
        if found is None:
            raise ValueError(f"not a stamp: {text[:60]!r}")
        wall_ms, counter, replica_id = found.groups()
        return cls(int(wall_ms), int(counter), replica_id)


def next_stamp(last: HLC, *, now_ms: int) -> HLC:
    """The stamp after `last` by the same replica: later than it whatever the wall clock says."""
    if now_ms > last.wall_ms:
        return HLC(now_ms, 0, last.replica_id)
    if last.counter + 1 < _COUNTER_LIMIT:
        return HLC(last.wall_ms, last.counter + 1, last.replica_id)
    return HLC(last.wall_ms + 1, 0, last.replica_id)


def stamp_after(last: HLC, replaced: HLC | None, *, now_ms: int) -> HLC:
    """The stamp after `last` by the same replica, for a version that replaces one stamped `replaced`.

    It is later than both. A replica with a fast clock thus moves the stamps of the records it touched, no others.
    """
    stamp = next_stamp(last, now_ms=now_ms)
    if replaced is None or stamp > replaced:
        return stamp
    return next_stamp(HLC(replaced.wall_ms, replaced.counter, last.replica_id), now_ms=now_ms)
