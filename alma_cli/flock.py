"""Locks an open file by flock(2), and waits no longer than asked; the kernel releases the lock when its holder dies."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from alma_cli.errors import LocksUnsupported
from alma_cli.ownership import give_to_owner

LOCKS_HINT = "keep .alma/ on a file system that supports flock: a local one, or NFS with its lock daemon"


@contextmanager
def locked(path: str, *, wait_s: float) -> Iterator[None]:
    """Hold the lock of the file at `path`, which is made if need be. Raises what `lock` raises, and `OSError`."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    give_to_owner(path)
    lock(descriptor, path, shared=False, wait_s=wait_s)
    try:
        yield
    finally:
        os.close(descriptor)


def lock(descriptor: int, path: str = "the file", *, shared: bool, wait_s: float) -> None:
    """Lock the file at `path` until the descriptor is closed; shared locks exclude only exclusive ones.

    Without the lock after `wait_s` seconds, `TimeoutError` is raised; where there are no locks, `LocksUnsupported`. The
    descriptor is then no longer the caller's.
    """
    try:
        if lock_at_once(descriptor, path, shared=shared):
            return
    except LocksUnsupported:
        os.close(descriptor)
        raise
    if wait_s <= 0:  # a waiter that is left behind has the lock for a moment, and would refuse it to the next who asks
        os.close(descriptor)
        raise TimeoutError
    waiter = _Waiter(descriptor, shared=shared)
    try:
        waiter.start()
        waiter.acquired.wait(max(0.0, wait_s))
    except BaseException:  # Ctrl-C: nobody is left to close the file that the waiter may just have locked
        if waiter.leave():
            os.close(descriptor)
        raise
    if not waiter.leave():
        raise TimeoutError


@contextmanager
def holding(folder: str, wait_s: float = 10.0) -> Iterator[None]:
    """Hold a folder while something in it is read, changed and written again, so that others who do so take turns.

    Nothing is promised to who doesn't: where a folder can't be locked, or stays locked, the block runs all the same.
    """
    descriptor = -1
    with suppress(OSError, LocksUnsupported, TimeoutError):
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        lock(opened, folder, shared=False, wait_s=wait_s)
        descriptor = opened
    try:
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def lock_at_once(descriptor: int, path: str, *, shared: bool) -> bool:
    """Lock the file if that can be done without waiting. Return True when it was. Raises `LocksUnsupported`.

    File systems say in many ways that they have no locks: NFS without its lock daemon or, on a folder, with it; some of
    FUSE; and any that has lost its disk.
    """
    try:
        fcntl.flock(descriptor, _mode(shared=shared) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise LocksUnsupported(
            f"{path} can't be locked: {error.strerror}",
            hint=LOCKS_HINT,
        ) from error
    return True


def _mode(*, shared: bool) -> int:
    return fcntl.LOCK_SH if shared else fcntl.LOCK_EX


class _Waiter:
    """Waits in the kernel, which wakes it at once, in a thread that can be left behind."""

    def __init__(self, descriptor: int, *, shared: bool) -> None:
        self.acquired = threading.Event()
        self._descriptor = descriptor
        self._mode = _mode(shared=shared)
        self._left = False
        self._state = threading.Lock()

    def start(self) -> None:
        """Begin to wait."""
        threading.Thread(target=self._block, name="alma-lock", daemon=True).start()

    def leave(self) -> bool:
        """True when the lock is ours; when it isn't, the thread closes the descriptor once it gets the lock."""
        with self._state:
            self._left = True
            return self.acquired.is_set()

    def _block(self) -> None:
        fcntl.flock(self._descriptor, self._mode)
        with self._state:
            if self._left:
                os.close(self._descriptor)
            self.acquired.set()
