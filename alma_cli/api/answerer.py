"""Asks a program that reads and writes text: a sheet goes to its stdin, its stdout is the answer."""

import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from types import FrameType
from typing import BinaryIO

from alma_cli.core.learning.answer_lines import MAX_ANSWER, lines_of
from alma_cli.core.text import one_line
from alma_cli.errors import AlmaError, InvalidInput
from alma_cli.files import kept_temporarily
from alma_cli.tracked import lasting_environ

_STDERR_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Answerer:
    """A command as a shell splits it, without a shell, and the seconds that it has for an answer."""

    command: str
    timeout_s: float

    def ask(self, text: str, *, may_be_silent: bool = False) -> str:
        """The answer of the command. Raises `AlmaError` when it is missing, hangs or fails.

        Unless it `may_be_silent`, an answer without an object is an error too, which quotes what was said instead.
        """
        words = self._words()
        name = one_line(words[0], 80)
        # Files, so that no pipe but one has to be waited for.
        with kept_temporarily("what is asked"), TemporaryFile() as given, TemporaryFile() as said:
            given.write(text.encode())
            given.seek(0)
            answer, status = self._run(words, name, given, said)
            said.seek(max(0, said.seek(0, os.SEEK_END) - _STDERR_BYTES))
            narration = said.read().decode("utf-8", "replace").strip()
        if len(answer) > MAX_ANSWER:
            raise AlmaError(f"{name} answered more than {MAX_ANSWER:,} bytes")
        if status:
            last = one_line((narration or "it said nothing").splitlines()[-1], 200)
            raise AlmaError(f"{name} failed with exit status {status}: {last}")
        said_at_last = answer.decode("utf-8", "replace")
        if not may_be_silent and not lines_of(said_at_last):
            last = one_line((said_at_last.strip() or narration or "it said nothing").splitlines()[-1], 200)
            raise InvalidInput(
                f"there is no JSON object in the answer of {name}: {last}",
                hint="give it a sheet by hand to see more: `alma reflect` prints one",
            )
        return said_at_last

    def _run(self, words: list[str], name: str, given: BinaryIO, said: BinaryIO) -> tuple[bytes, int]:
        """What the program wrote to its stdout, no more than is read, and how it ended. Raises `AlmaError`."""
        late = threading.Event()

        def end() -> None:
            late.set()
            _kill(process)

        timer = threading.Timer(self.timeout_s, end)
        with _taken_along() as take_along, _started(words, name, given, said) as process:
            take_along(process)
            timer.start()
            assert process.stdout
            try:
                answer = process.stdout.read(MAX_ANSWER + 1)
                if len(answer) <= MAX_ANSWER:
                    process.wait()
            finally:
                timer.cancel()
                _kill(process)
        if late.is_set():
            raise AlmaError(
                f"{name} gave no answer within {self.timeout_s:g} s",
                hint="give it more time with reflect.timeout_s, or let it read `alma reflect` by hand",
            )
        return answer, process.returncode

    def _words(self) -> list[str]:
        try:
            words = shlex.split(self.command)
        except ValueError as error:
            raise InvalidInput(f"--with {one_line(self.command, 80)}: {error}", hint="check its quotes") from error
        if not words:
            raise InvalidInput("--with: empty", hint='for instance --with "claude -p"')
        return words


def _started(words: list[str], name: str, given: BinaryIO, said: BinaryIO) -> subprocess.Popen[bytes]:
    """The program at work; as a context it closes its stdout and waits for its end. Raises `AlmaError`."""
    try:
        return subprocess.Popen(
            words,
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=said,
            env=lasting_environ(),
            start_new_session=True,  # so that what it started ends with it
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise AlmaError(
            f"cannot run {name}: {reason}",
            hint="name a program that reads a prompt on stdin and writes its answer to stdout",
        ) from error


@contextmanager
def _taken_along() -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Give a function for the program that then ends too where a signal ends this process.

    An agent's host that lost patience sends one, or a terminal that is closed. One that comes while the program is
    being started waits for it.
    """
    came: list[int] = []
    started: list[subprocess.Popen[bytes]] = []

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        if started:
            die()

    def take_along(process: subprocess.Popen[bytes]) -> None:
        started.append(process)
        if came:
            die()

    def die() -> None:
        _kill(started[0])
        signal.signal(came[0], signal.SIG_DFL)
        os.kill(os.getpid(), came[0])

    is_ours = threading.current_thread() is threading.main_thread()  # others may set no handler
    ending = [
        number for number in (signal.SIGTERM, signal.SIGHUP) if is_ours and signal.getsignal(number) == signal.SIG_DFL
    ]
    for number in ending:
        signal.signal(number, note)
    try:
        yield take_along
    finally:
        for number in ending:
            signal.signal(number, signal.SIG_DFL)
        if came:  # the program couldn't be started
            os.kill(os.getpid(), came[0])


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
