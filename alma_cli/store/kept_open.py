"""Keeps the store open between the many writes of a block, for as long as nobody else waits for it.

Each opening replays the log of the writes before, and throws away what DuckDB has read.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from threading import Event, Lock, Thread, current_thread, main_thread
from time import monotonic
from typing import Self

from alma_cli.errors import AlmaError
from alma_cli.store.database.connection import Connection
from alma_cli.store.stopping import before_a_stop, stop

_LOOK_EVERY_S = 0.02
"""How much longer others may have to wait for a store that is kept open."""

_LONGEST_IDLE_S = 2.0
"""A process that waits in between, for a remote or for its input, holds nobody up."""


class KeptOpen:
    """The store that `open_store` opens, and locks for its block, until it is let go; `is_awaited` tells who waits.

    `identity` tells the store that is at its path from another one: what was moved away or removed isn't used again.
    Any thread may use it, one at a time. A thread of its own lets it go while it isn't used, and Ctrl-Z does before it
    stops the process.
    """

    def __init__(
        self,
        open_store: Callable[[], AbstractContextManager[Connection]],
        is_awaited: Callable[[], bool],
        identity: Callable[[], object],
    ) -> None:
        self._open_store = open_store
        self._is_awaited = is_awaited
        self._identity = identity
        self._opened_identity: object = None
        self._in_use = Lock()
        self._main_uses = False
        self._is_stop_due = False
        self._held = ExitStack()
        self._connection: Connection | None = None
        self._used_at = monotonic()
        self._is_over = Event()
        self._watcher = Thread(target=self._watch, name="alma-kept-open", daemon=True)
        self._stops = ExitStack()

    def __enter__(self) -> Self:
        self._watcher.start()
        self._stops.enter_context(before_a_stop(self._let_go))
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._watcher.join()
        with self._using():
            self._close()
        self._stops.close()

    @contextmanager
    def opened(self) -> Iterator[Connection]:
        """The store, opened now or before; it is let go after an error, or when somebody waits for it."""
        with self._using():
            if self._identity() != self._opened_identity:
                self._close()
            with self._held.pop_all() as held:
                connection, self._connection = self._connection, None
                if connection is None:
                    connection = held.enter_context(self._open_store())
                    self._opened_identity = self._identity()
                yield connection
                if not (self._is_over.is_set() or self._is_stop_due or self._is_wanted()):
                    self._held, self._connection, self._used_at = held.pop_all(), connection, monotonic()

    @contextmanager
    def _using(self) -> Iterator[None]:
        """Keep others out, and let a stop that was asked for meanwhile come after that."""
        is_main = current_thread() is main_thread()
        if is_main:
            self._main_uses = True
        try:
            with self._in_use:
                yield
        finally:
            if is_main:
                self._main_uses = False
                if self._is_stop_due:
                    self._is_stop_due = False
                    stop()

    def _let_go(self) -> bool:
        """Let the store go before a stop; False when the main thread, which is asked for it, is using the store."""
        if self._main_uses:
            self._is_stop_due = True
            return False
        with self._in_use:
            self._close()
        return True

    def _is_wanted(self) -> bool:
        """True when somebody waits, or when that can't be told."""
        try:
            return self._is_awaited()
        except (AlmaError, OSError):
            return True

    def _close(self) -> None:
        self._connection = None
        self._held.close()

    def _watch(self) -> None:
        while not self._is_over.wait(_LOOK_EVERY_S):
            if self._connection is not None and self._in_use.acquire(blocking=False):
                try:
                    if monotonic() - self._used_at > _LONGEST_IDLE_S or self._is_wanted():
                        self._close()
                finally:
                    self._in_use.release()
