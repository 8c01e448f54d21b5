"""Keeps to what the service can take: one batch at first, more while it keeps up, fewer and smaller when it is busy.

A container takes a batch whenever it has request units left, goes into debt by it, and refuses everything until that is
paid. Several batches at once would make a debt that outlasts everybody's patience. Patience counts from the last batch
that was stored, by any thread, so that a long push may be slow.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from alma_cli.remote.cosmos.batches import MAX_OPERATIONS
from alma_cli.remote.cosmos.calls import pause_s

_FEWEST_DOCUMENTS = 10
_LONG_WAIT_S = 0.5
"""A debt that takes longer to pay was made by too large a batch."""
_CALM = 8
"""The batches that have to be stored in a row, after the service was too busy, before more are tried."""


class Pace:
    """How many batches may be under way, and of how many documents each; shared by the threads of one remote."""

    def __init__(self, *, most_at_once: int, patience_s: float) -> None:
        self._most_at_once, self._patience_s = most_at_once, patience_s
        self._changed = threading.Condition()
        self._at_once, self._under_way = 1, 0
        self._in_a_row, self._wanted_in_a_row = 0, 1
        self._refused = 0
        self._progress_at = self._slowed_at = monotonic()
        self.documents = MAX_OPERATIONS
        """The most documents in a batch."""

    def went_on(self) -> None:
        """Count patience from now on: the service answered, or nothing was waiting before."""
        with self._changed:
            self._progress_at = monotonic()

    @contextmanager
    def turn(self) -> Iterator[float]:
        """Wait until one more batch may be under way; gives the time at which that was."""
        with self._changed:
            self._changed.wait_for(lambda: self._under_way < self._at_once)
            self._under_way += 1
        try:
            yield monotonic()
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def stored(self) -> None:
        """Note that a batch was stored."""
        with self._changed:
            self._progress_at = monotonic()
            self._refused = 0
            self._in_a_row += 1
            if self._in_a_row >= self._wanted_in_a_row:
                self._in_a_row = 0
                self._at_once = min(self._most_at_once, 2 * self._at_once)
                self.documents = min(MAX_OPERATIONS, 2 * self.documents)
                self._changed.notify_all()

    def wait_out(self, asked_s: float, *, sent_at: float) -> bool:
        """Send less, and wait until the service may take more. False when that is beyond all patience.

        `asked_s` is what the service asks to wait, `sent_at` when the refused batch was sent: of several that were
        under way together, one slows all down.
        """
        with self._changed:
            if sent_at >= self._slowed_at:
                self._slowed_at = monotonic()
                self._at_once, self._in_a_row, self._wanted_in_a_row = 1, 0, _CALM
                if asked_s > _LONG_WAIT_S:
                    self.documents = max(_FEWEST_DOCUMENTS, self.documents // 2)
            pause, left_s = pause_s(self._refused), self._progress_at + self._patience_s - monotonic()
            self._refused += 1
            if pause > left_s:
                return False
        sleep(min(pause + asked_s, left_s))
        return True
