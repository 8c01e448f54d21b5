"""Does work in a copy of this process, which can't outlast its time, nor take its caller down with it.

A thread could not promise that: a call into C may keep Python's lock, a library may crash, the disk may not answer. So
the work is done in a process of its own. The caller waits for it until the deadline, and then kills it.
"""

import os
import select
import signal
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

_LONGER_S = 1.0
"""The seconds by which work outlives its time where the caller, who would end it, is gone."""

_DONE = b"\x06"
"""The last byte that a process sends when it got to its end."""


def within(seconds: float, work: Callable[[], bytes]) -> bytes | None:
    """The result of the work, done in a process of its own; None when it isn't done in time, or died.

    Call this early, before there are threads: the process is a copy of this one. Its stdout and stderr lead nowhere.
    Raises `OSError` where no process can be made.
    """
    ours, theirs = os.pipe()
    try:
        process = os.fork()
    except OSError:
        os.close(ours)
        os.close(theirs)
        raise
    if process == 0:
        os.close(ours)
        _end_after(seconds + _LONGER_S)
        _work(theirs, work)
    os.close(theirs)
    try:
        return _received(ours, monotonic() + seconds)
    finally:
        os.close(ours)
        if not _has_ended(process):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            _has_ended(process)


def detached(seconds: float, work: Callable[[], object]) -> None:
    """Do the work in a process that nobody waits for, and that ends after so many seconds at the latest.

    It belongs to no terminal and holds none of this process's streams. Raises `OSError` where no process can be made.
    """
    process = os.fork()
    if process == 0:  # pragma: no cover (in a process of its own)
        try:
            os.setsid()
            if os.fork() == 0:
                _leave_streams(0, 1, 2)
                _end_after(seconds)
                work()
        finally:
            os._exit(0)
    with suppress(ChildProcessError):
        os.waitpid(process, 0)


def _has_ended(process: int) -> bool:
    """True when this child has ended. It isn't waited for, since a disk may hold it up."""
    try:
        return os.waitpid(process, os.WNOHANG)[0] == process
    except ChildProcessError:  # the process that started us set the ends of children to be ignored
        return True


def _received(descriptor: int, deadline: float) -> bytes | None:
    parts: list[bytes] = []
    while (left := deadline - monotonic()) > 0:
        readable, _, _ = select.select([descriptor], [], [], left)
        if not readable or not (part := os.read(descriptor, 65536)):
            break
        parts.append(part)
    received = b"".join(parts)
    return received[:-1] if received.endswith(_DONE) else None


def _work(descriptor: int, work: Callable[[], bytes]) -> None:  # pragma: no cover (in a process of its own)
    """Do the work, send its result, and end this process whatever happens."""
    try:
        _leave_streams(1, 2)
        given = memoryview(work() + _DONE)
        while given:
            given = given[os.write(descriptor, given) :]
    finally:
        os._exit(0)


def _leave_streams(*descriptors: int) -> None:  # pragma: no cover (in a process of its own)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(nowhere, descriptor)


def _end_after(seconds: float) -> None:  # pragma: no cover (in a process of its own)
    """Have the system end this process then, whatever it is doing."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.1))
