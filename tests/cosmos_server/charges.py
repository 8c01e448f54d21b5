"""Modelled request units: plausible, so that sums can be compared; a real account bills by its own rules.

From Microsoft's published figures: a point read of 1 KB is 1 unit, of 100 KB 10; a write of 1 KB with ordinary indexing
about 5 and of 100 KB about 50; an empty feed page or query page about 1 to 3.
"""

import math


def _kilobytes(size: int) -> int:
    return max(1, math.ceil(size / 1024))


def point_read(size: int) -> float:
    """A read by id."""
    return round(1 + 0.09 * (_kilobytes(size) - 1), 2)


def write(size: int) -> float:
    """A create, upsert, replace or patch."""
    return round(5 + 0.45 * (_kilobytes(size) - 1), 2)


DELETE = 5.0
METADATA = 1.0


def page(size: int, *, scanned: int = 0) -> float:
    """A page of a feed or query that returns `size` bytes after looking at `scanned` items."""
    return round(1 + 0.05 * _kilobytes(size) * (size > 0) + 0.03 * scanned, 2)
