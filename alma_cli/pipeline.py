"""Makes the next thing ready while the one before is used; without it, embedding and storing would take turns."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from typing import TypeVar

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")

TOGETHER = 1024
"""The records of a batch that are embedded and stored together: enough to sort by length, and bounded."""


def portions(items: Iterable[_Item], size: int = TOGETHER) -> Iterator[list[_Item]]:
    """The items in lists of this size, the last one shorter."""
    iterator = iter(items)
    while portion := list(islice(iterator, size)):
        yield portion


def prefetched(items: Iterable[_Item], make: Callable[[_Item], _Made], *, depth: int = 1) -> Generator[_Made]:
    """`make(item)` of each item, in order; the next `depth` are made, each in a thread, while the caller uses one.

    The items themselves are taken in the caller's thread. What `make` raises is raised here. Once the main thread has
    ended (in a thread that outlives it, or at exit) Python starts no other, and all is made in the caller's.
    """
    if not threading.main_thread().is_alive():
        yield from map(make, items)
        return
    from concurrent.futures import Future, ThreadPoolExecutor

    with ThreadPoolExecutor(depth, thread_name_prefix="prefetch") as pool:
        pending: deque[Future[_Made]] = deque()
        for item in items:
            pending.append(pool.submit(make, item))
            if len(pending) > depth:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
