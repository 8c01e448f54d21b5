"""Runs a command as if ALMA weren't there: its streams, its signals and its end are its own.

Its stderr passes through a pipe of ours, for the last lines, unless it is a terminal, which is left to the command.
Where stdout and stderr are one file (`2>&1`) both pass through it, so that their order stays.
"""

import errno
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from types import FrameType

_KEPT_BYTES = 16 * 1024
_PASSED_ON = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH)
_FROM_THE_KEYBOARD = (signal.SIGINT, signal.SIGQUIT)

NOT_FOUND = 127
NOT_EXECUTABLE = 126


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit status or the signal that ended it (the other is 0), and its last error lines."""

    status: int
    signal: int
    duration_ms: int
    last_lines: str

    @property
    def code(self) -> int:
        """The exit code as a shell gives it."""
        return 128 + self.signal if self.signal else self.status

    @property
    def reason(self) -> str:
        """The end of the command in words."""
        if not self.signal:
            return f"exit status {self.status}"
        try:
            return f"ended by {signal.Signals(self.signal).name}"
        except ValueError:  # most of the real-time signals have no name
            return f"ended by signal {self.signal}"


class NotStarted(Exception):  # noqa: N818  # errors say what happened
    """The command can't be started; `code` is the exit code that a shell gives in that case."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def run_through(command: Sequence[str]) -> Ended:
    """Run the command to its end. Raises `NotStarted`."""
    started = perf_counter()
    watched, theirs = (-1, -1) if os.isatty(2) else os.pipe()
    is_joined = watched >= 0 and _same_file(1, 2)
    wake, waker = os.pipe()
    for descriptor in (wake, waker):
        os.set_blocking(descriptor, False)
    with _passing_on(waker) as pass_to:
        try:
            process = _start(command, stdout=theirs if is_joined else None, stderr=theirs if watched >= 0 else None)
        finally:
            if theirs >= 0:
                os.close(theirs)
        pass_to(process)
        stream = _Watched(watched, 1 if is_joined else 2)
        while process.poll() is None:
            readable, _, _ = select.select([wake, *stream.open], [], [])
            if wake in readable:
                os.read(wake, 4096)
            if stream.descriptor in readable:
                stream.pass_on()
        stream.finish()
    os.close(wake)
    os.close(waker)
    status = process.returncode
    return Ended(max(status, 0), max(-status, 0), round((perf_counter() - started) * 1000), stream.last_lines())


def end_alike(ended: Ended) -> int:
    """The exit code to end with. If a signal ended the command, it ends this process too, here and now."""
    if ended.signal:
        import resource

        sys.stdout.flush()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if ended.signal not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(ended.signal, signal.SIG_DFL)
        os.kill(os.getpid(), ended.signal)
    return ended.code


class _Watched:
    """Passes on what a command writes to a pipe of ours to where it meant to write, and keeps the end of it."""

    def __init__(self, descriptor: int, target: int) -> None:
        self.descriptor = descriptor
        self._target = target
        self._kept = b""

    @property
    def open(self) -> list[int]:
        return [self.descriptor] if self.descriptor >= 0 else []

    def pass_on(self) -> None:
        """Pass on what is there. When nobody reads it any more, the command notices that by itself."""
        part = os.read(self.descriptor, 65536)
        self._kept = (self._kept + part)[-_KEPT_BYTES:]
        try:
            if part:
                _write(self._target, part)
                return
        except OSError:
            pass
        os.close(self.descriptor)
        self.descriptor = -1

    def finish(self) -> None:
        """Pass on what is left; for a job in the background that still has the pipe, a process goes on passing on."""
        while self.open and select.select(self.open, [], [], 0)[0]:
            self.pass_on()
        if self.open:
            if os.fork() == 0:  # pragma: no cover (in a process of its own)
                self._stay()
            os.close(self.descriptor)
            self.descriptor = -1

    def _stay(self) -> None:  # pragma: no cover (in a process of its own)
        try:
            os.setsid()
            for unneeded in {0, 1} - {self._target}:
                os.dup2(os.open(os.devnull, os.O_RDWR), unneeded)
            while self.open:
                self.pass_on()
        finally:
            os._exit(0)

    def last_lines(self) -> str:
        """The last lines that were kept, without one that lost its start."""
        kept = self._kept
        if len(kept) == _KEPT_BYTES:
            kept = kept.partition(b"\n")[2] or kept
        return kept.decode("utf-8", "replace")


@contextmanager
def _passing_on(waker: int) -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Signals that come meanwhile go to the process that is given, including those that come before it is known.

    `waker` is written to when a signal comes or the process ends. A signal from the terminal (Ctrl-C) goes to every
    process there anyway, so it isn't passed on.
    """
    processes: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def pass_on(number: int, _: FrameType | None) -> None:
        if number in _FROM_THE_KEYBOARD and _is_in_foreground():
            return
        for process in processes:
            process.send_signal(number)
        if not processes:
            early.append(number)

    def pass_to(process: subprocess.Popen[bytes]) -> None:
        processes.append(process)
        for number in early:
            process.send_signal(number)

    before = {}
    for number in (*_PASSED_ON, *_FROM_THE_KEYBOARD):
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, pass_on)
    before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    before_fd = signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    try:
        yield pass_to
    finally:
        signal.set_wakeup_fd(before_fd)
        for number, handler in before.items():
            signal.signal(number, handler)


def _start(command: Sequence[str], *, stdout: int | None, stderr: int | None) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command, stdout=stdout, stderr=stderr, close_fds=False)
    except OSError as error:
        if error.errno == errno.ENOEXEC:  # it is a script that names no interpreter
            script = os.path.abspath(shutil.which(command[0]) or command[0])  # a shell would look for a name here first
            return subprocess.Popen(["/bin/sh", script, *command[1:]], stdout=stdout, stderr=stderr, close_fds=False)
        code = NOT_FOUND if error.errno == errno.ENOENT or not command[0] else NOT_EXECUTABLE
        what = _why_not_found(command[0]) if code == NOT_FOUND else str(error.strerror)
        raise NotStarted(f"{command[0]}: {what}", code) from error
    except ValueError as error:
        raise NotStarted(f"{command[0]!r}: {error}", NOT_EXECUTABLE) from error


def _why_not_found(program: str) -> str:
    if os.path.isfile(program):
        return "the interpreter that its first line names isn't there (line ends of Windows?)"
    apart = "; its words are one name here: write them apart, or sh -c '...'" if " " in program else ""
    return f"command not found{apart}"


def _write(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        try:
            left = left[os.write(descriptor, left) :]
        except BlockingIOError:
            select.select([], [descriptor], [])


def _same_file(one: int, other: int) -> bool:
    try:
        return os.path.samestat(os.fstat(one), os.fstat(other))
    except OSError:
        return False


def _is_in_foreground() -> bool:
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)
