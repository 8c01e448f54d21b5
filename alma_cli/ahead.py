"""Making the next thing ready while the one before is used: embedding and storing a batch take turns otherwise."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from typing import TypeVar

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")

TOGETHER = 512
"""Records of a batch that are embedded and made durable together: enough to sort by length, and bounded."""


def portions(items: Iterable[_Item], size: int = TOGETHER) -> Iterator[list[_Item]]:
    """The items in lists of this size, the last one shorter."""
    iterator = iter(items)
    while portion := list(islice(iterator, size)):
        yield portion


def one_ahead(items: Iterable[_Item], make: Callable[[_Item], _Made]) -> Generator[_Made]:
    """`make(item)` of each item, in order; the next is made in a thread while the caller uses the one before.

    The items themselves are taken in the caller's thread. What `make` raises is raised here.
    """
    from concurrent.futures import Future, ThreadPoolExecutor

    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        pending: Future[_Made] | None = None
        for item in items:
            upcoming = pool.submit(make, item)
            if pending is not None:
                yield pending.result()
            pending = upcoming
        if pending is not None:
            yield pending.result()
