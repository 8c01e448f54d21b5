"""The lock between processes (and threads): one writer or many readers, waiting bounded and in turn.

Two files are locked with flock(2), which the kernel releases when a process dies. Who has to wait queues at the
turnstile and then waits there alone for the lock itself, so a stream of short holders can't overtake it for long, and
neither can a stream of readers starve a writer.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from alma_cli.errors import StoreBusy, StoreUnwritable


@contextmanager
def hold(path: str, *, shared: bool, wait_s: float) -> Iterator[None]:
    """Hold the lock at `path`; shared locks exclude only exclusive ones.

    Where nothing may be written nobody can write, so a shared lock is then held without its files.
    Raises `StoreBusy` when it can't be had in `wait_s` seconds, and `StoreUnwritable` when the file can't be made.
    """
    if shared and not os.access(os.path.dirname(path), os.W_OK):
        yield
        return
    deadline = monotonic() + wait_s
    turnstile = _acquire(path + ".turnstile", fcntl.LOCK_EX, deadline)
    try:
        held = _acquire(path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, deadline) if turnstile is not None else None
    finally:
        if turnstile is not None:
            os.close(turnstile)
    if held is None:
        raise StoreBusy(
            f"the store stayed busy for {wait_s:g} s: another process holds {path}",
            hint="try again, or wait longer with --wait SECONDS",
        )
    try:
        yield
    finally:
        os.close(held)


def is_awaited(path: str) -> bool:
    """Whether somebody queues for the lock at `path` (which the caller holds)."""
    turnstile = _open(path + ".turnstile")
    try:
        return not _try(turnstile, fcntl.LOCK_EX)
    finally:
        os.close(turnstile)


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnwritable(
            f"cannot open the lock file {path}: {error.strerror}",
            hint="the .alma folder must be writable, and on a disk with space left",
        ) from error


def _try(descriptor: int, mode: int) -> bool:
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _acquire(path: str, mode: int, deadline: float) -> int | None:
    """A descriptor that holds the lock, to be closed by the caller; None when the deadline passed."""
    descriptor = _open(path)
    if _try(descriptor, mode):
        return descriptor
    waiter = _Waiter(descriptor, mode)
    try:
        waiter.done.wait(max(0.0, deadline - monotonic()))
    finally:
        acquired = waiter.leave()
    return descriptor if acquired else None


class _Waiter:
    """Waits in the kernel, which wakes it at once, in a thread that can be left behind."""

    def __init__(self, descriptor: int, mode: int) -> None:
        self.done = threading.Event()
        self._descriptor = descriptor
        self._mode = mode
        self._left = False
        self._state = threading.Lock()
        threading.Thread(target=self._block, name="alma-lock", daemon=True).start()

    def leave(self) -> bool:
        """Whether the lock is ours; when it isn't, the thread closes the descriptor once it gets the lock."""
        with self._state:
            self._left = True
            return self.done.is_set()

    def _block(self) -> None:
        fcntl.flock(self._descriptor, self._mode)
        with self._state:
            if self._left:
                os.close(self._descriptor)
            self.done.set()
