"""The lock between processes (and threads): one writer or many readers; waits are bounded and in turn.

Two files are locked with flock(2), which the kernel releases when a process dies. A process that has to
wait queues at the turnstile, and at its head waits alone for the lock itself. So a stream of short holders can't
overtake it for long, and a stream of readers can't starve a writer.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from alma_cli.errors import StoreBusy, StoreUnwritable
from alma_cli.flock import lock, lock_at_once
from alma_cli.logs import debug, info
from alma_cli.ownership import give_to_owner

_LONG_S = 0.1
"""A wait that is worth telling of."""

_held: set[int] = set()
"""Descriptors of the locks that this process holds; a forked child has copies, which would keep them locked."""

_NOT_OURS_TO_WRITE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@contextmanager
def hold(path: str, *, shared: bool, wait_s: float) -> Iterator[None]:
    """Hold the lock at `path`; shared locks exclude only exclusive ones.

    If its files can't be written, a shared lock is held on the files that exist, and without those that don't.
    Raises `StoreBusy` when the lock can't be had in `wait_s` seconds, `StoreUnwritable` when a file can't be made, and
    `LocksUnsupported` where the file system has no locks.
    """
    begun = monotonic()
    deadline = begun + wait_s
    try:
        turnstile = _acquire(path + ".turnstile", deadline, shared=False, only_to_read=shared)
        try:
            held = _acquire(path, deadline, shared=shared, only_to_read=shared)
        finally:
            _let_go(turnstile)
    except TimeoutError:
        raise StoreBusy(
            f"the store stayed busy for {wait_s:g} s: another process holds {path}",
            hint="try again, or wait longer with --wait SECONDS",
        ) from None
    waited_s = monotonic() - begun
    tell = info if waited_s > _LONG_S else debug
    tell("waited %.0f ms for %s, %s", waited_s * 1000, path, "shared" if shared else "alone")
    try:
        yield
    finally:
        _let_go(held)


def is_awaited(path: str) -> bool:
    """True when another process queues for the lock at `path`, which the caller holds."""
    turnstile = _open(path + ".turnstile", only_to_read=False)
    assert turnstile is not None
    try:
        return not lock_at_once(turnstile, path, shared=False)
    finally:
        os.close(turnstile)


def _acquire(path: str, deadline: float, *, shared: bool, only_to_read: bool) -> int | None:
    """A descriptor that holds the lock, to be let go by the caller; TimeoutError when the deadline passed."""
    descriptor = _open(path, only_to_read=only_to_read)
    if descriptor is not None:
        lock(descriptor, path, shared=shared, wait_s=deadline - monotonic())
        _held.add(descriptor)
    return descriptor


def _let_go(descriptor: int | None) -> None:
    if descriptor in _held:
        _held.discard(descriptor)
        os.close(descriptor)


def _open(path: str, *, only_to_read: bool) -> int | None:
    """A descriptor of the lock file, made if need be; None when it isn't there and may not be made by a reader."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
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
    give_to_owner(path)
    return descriptor


def _leave_to_parent() -> None:
    """Close the copies that a forked child has of its parent's locks, which the parent goes on holding."""
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_leave_to_parent)
