"""Asks a program that reads and writes text: a sheet goes to its stdin, its stdout is the answer."""

import os
import shlex
import signal
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass

from alma_cli.core.learning.answers import MAX_ANSWER
from alma_cli.core.text import one_line
from alma_cli.errors import AlmaError, InvalidInput

_STDERR_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Answerer:
    """A command as a shell splits it, without a shell, and the seconds that it has for an answer."""

    command: str
    timeout_s: float

    def ask(self, text: str) -> str:
        """The answer of the command. Raises `AlmaError` when it is missing, hangs, fails or says nothing."""
        words = self._words()
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # so that what it started ends with it
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise AlmaError(
                f"cannot run {one_line(words[0], 80)}: {reason}",
                hint="name a program that reads a prompt on stdin and writes its answer to stdout",
            ) from error
        late = threading.Event()

        def end() -> None:
            late.set()
            _kill(process)

        timer = threading.Timer(self.timeout_s, end)
        timer.start()
        try:
            answer, said = _exchange(process, text.encode())
        finally:
            timer.cancel()
            _kill(process)
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                with suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]
        name = one_line(words[0], 80)
        if late.is_set():
            raise AlmaError(
                f"{name} gave no answer within {self.timeout_s:g} s",
                hint="give it more time with reflect.timeout_s, or let it read `alma reflect` by hand",
            )
        if len(answer) > MAX_ANSWER:
            raise AlmaError(f"{name} answered more than {MAX_ANSWER:,} bytes")
        if process.returncode:
            last = one_line((said.decode("utf-8", "replace").strip() or "it said nothing").splitlines()[-1], 200)
            raise AlmaError(f"{name} failed with exit status {process.returncode}: {last}")
        return answer.decode("utf-8", "replace")

    def _words(self) -> list[str]:
        try:
            words = shlex.split(self.command)
        except ValueError as error:
            raise InvalidInput(f"--with {one_line(self.command, 80)}: {error}", hint="check its quotes") from error
        if not words:
            raise InvalidInput("--with: empty", hint='for instance --with "claude -p"')
        return words


def _exchange(process: subprocess.Popen[bytes], given: bytes) -> tuple[bytes, bytes]:
    """Give the process its stdin, and return what it wrote: of its stdout and its stderr no more than is read."""
    assert process.stdin
    assert process.stdout
    assert process.stderr
    said: list[bytes] = []
    reading = threading.Thread(target=lambda: said.append(_end_of(process)), daemon=True)
    reading.start()

    def write() -> None:
        with suppress(OSError, ValueError):  # a program may answer without reading to the end
            process.stdin.write(given)  # type: ignore[union-attr]
            process.stdin.close()  # type: ignore[union-attr]

    writing = threading.Thread(target=write, daemon=True)
    writing.start()
    answer = process.stdout.read(MAX_ANSWER + 1)
    if len(answer) <= MAX_ANSWER:
        process.wait()
    reading.join(timeout=1)
    return answer, said[0] if said else b""


def _end_of(process: subprocess.Popen[bytes]) -> bytes:
    kept = b""
    with suppress(OSError, ValueError):
        while part := process.stderr.read1(_STDERR_BYTES):  # type: ignore[union-attr]
            kept = (kept + part)[-_STDERR_BYTES:]
    return kept


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
