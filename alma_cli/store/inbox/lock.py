"""The lock between processes (and threads): one writer or many readers, waiting bounded and in turn.

Two files are locked with flock(2), which the kernel releases when a process dies. Who has to wait queues at the
turnstile and then waits there alone for the lock itself, so a stream of short holders can't overtake it for long, and
neither can a stream of readers starve a writer.
"""

import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from alma_cli.errors import StoreBusy, StoreUnwritable

_NOT_OURS_TO_WRITE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@contextmanager
def hold(path: str, *, shared: bool, wait_s: float) -> Iterator[None]:
    """Hold the lock at `path`; shared locks exclude only exclusive ones.

    Where its files can't be written, a shared lock is held on those that are there, and without those that aren't.
    Raises `StoreBusy` when the lock can't be had in `wait_s` seconds, and `StoreUnwritable` when a file can't be made.
    """
    deadline = monotonic() + wait_s
    try:
        turnstile = _acquire(path + ".turnstile", fcntl.LOCK_EX, deadline, only_to_read=shared)
        try:
            held = _acquire(path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, deadline, only_to_read=shared)
        finally:
            _close(turnstile)
    except TimeoutError:
        raise StoreBusy(
            f"the store stayed busy for {wait_s:g} s: another process holds {path}",
            hint="try again, or wait longer with --wait SECONDS",
        ) from None
    try:
        yield
    finally:
        _close(held)


def is_awaited(path: str) -> bool:
    """Whether somebody queues for the lock at `path` (which the caller holds)."""
    turnstile = _open(path + ".turnstile", only_to_read=False)
    try:
        return turnstile is None or not _try(turnstile, fcntl.LOCK_EX)
    finally:
        _close(turnstile)


def _acquire(path: str, mode: int, deadline: float, *, only_to_read: bool) -> int | None:
    """A descriptor that holds the lock, to be closed by the caller; TimeoutError when the deadline passed."""
    descriptor = _open(path, only_to_read=only_to_read)
    if descriptor is None or _try(descriptor, mode):
        return descriptor
    waiter = _Waiter(descriptor, mode)
    try:
        waiter.start()
        waiter.acquired.wait(max(0.0, deadline - monotonic()))
    except BaseException:  # Ctrl-C: nobody is left to close what the waiter may just have locked
        if waiter.leave():
            os.close(descriptor)
        raise
    if not waiter.leave():
        raise TimeoutError
    return descriptor


def _open(path: str, *, only_to_read: bool) -> int | None:
    """A descriptor of the lock file, made if need be; None when it isn't there and may not be made by a reader."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if only_to_read and error.errno in _NOT_OURS_TO_WRITE:
            try:
                return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                return None
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


def _close(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)


class _Waiter:
    """Waits in the kernel, which wakes it at once, in a thread that can be left behind."""

    def __init__(self, descriptor: int, mode: int) -> None:
        self.acquired = threading.Event()
        self._descriptor = descriptor
        self._mode = mode
        self._left = False
        self._state = threading.Lock()

    def start(self) -> None:
        """Begin to wait."""
        threading.Thread(target=self._block, name="alma-lock", daemon=True).start()

    def leave(self) -> bool:
        """Whether the lock is ours; when it isn't, the thread closes the descriptor once it gets the lock."""
        with self._state:
            self._left = True
            return self.acquired.is_set()

    def _block(self) -> None:
        fcntl.flock(self._descriptor, self._mode)
        with self._state:
            if self._left:
                os.close(self._descriptor)
            self.acquired.set()
