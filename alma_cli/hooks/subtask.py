"""Work in a process beside this one, a copy of it, which can't outlast its time nor take its caller down with it.

A thread could not promise that: a call into C may keep Python's lock, a library may crash, the disk may not answer. So
the work is done in a process of its own, which the caller waits for so long and no longer, and then kills.
"""

import os
import select
import signal
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

_DONE = b"\x06"
"""The last byte of what a process sends that got to its end."""


def within(seconds: float, work: Callable[[], bytes]) -> bytes | None:
    """What the work gives, done in a process of its own; None when it isn't done in time, or died.

    To be called early, before there are threads: the process is a copy of this one. Its stdout and stderr lead nowhere.
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


def _has_ended(process: int) -> bool:
    """Whether this child is no more; it is not waited for, since it may be held up by a disk."""
    try:
        return os.waitpid(process, os.WNOHANG)[0] == process
    except ChildProcessError:  # whoever started us had the ends of our children ignored
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
    """Do the work, send what it gives, and end this process whatever happens."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        given = memoryview(work() + _DONE)
        while given:
            given = given[os.write(descriptor, given) :]
    finally:
        os._exit(0)
