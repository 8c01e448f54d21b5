"""`alma review`: go through what is new, a key for each memory."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated

from alma_cli.api import ALMA
from alma_cli.cli.edit import edited
from alma_cli.cli.filters import Limit, OfAgent, unknown_agents
from alma_cli.cli.inputs import MemoryToChange, tell_while_waiting
from alma_cli.cli.layout import folded
from alma_cli.cli.options import Kinds, option
from alma_cli.cli.output import Reply, tell
from alma_cli.cli.terminal import size
from alma_cli.core.codec import format_time, to_json
from alma_cli.core.records import JsonValue, Record
from alma_cli.core.text import SHORT_ID, counted, did_you_mean, one_line
from alma_cli.errors import AlmaError, InvalidInput, NotFound

_ANSWERS = {
    "k": "keep",
    "e": "edit",
    "f": "forget",
    "s": "same",
    "p": "promote",
    "n": "pass",
    "q": "quit",
}
_LEAVING = frozenset({"", "n", "q"})
_DONE = {"keep": "kept", "edit": "edited", "forget": "forgotten", "same": "the same", "promote": "promoted"}
_KEYS = "[k]eep  [e]dit  [f]orget  [s]ame as ID  [p]romote to the whole project  [n]ext  [q]uit"
_MAX_TEXT = 500


@dataclass(slots=True)
class _Review:
    """What was answered so far; an answer that can't be is told where somebody can answer again, else it is raised."""

    alma: ALMA
    answered: list[JsonValue] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: AlmaError | None = None

    def go_through(self, waiting: list[Record], answers: Iterator[str], *, can_ask_again: bool) -> None:
        for number, record in enumerate(waiting, start=1):
            if can_ask_again:
                tell(f"\n{number}/{len(waiting)}  {_shown(record, columns=size()[0])}")
            while True:
                answer = next(answers, "q")
                if can_ask_again and answer.strip() not in _LEAVING:
                    present = self._present(record)
                    if present is None:
                        tell("it is gone meanwhile")
                        name = "pass"
                        break
                    if present.text != record.text:
                        record = present  # noqa: PLW2901  # what is answered is what was shown
                        tell(f"it was changed meanwhile:\n{_shown(record, columns=size()[0])}")
                        continue
                try:
                    name = self.answer(record, answer)
                except AlmaError as error:
                    if not can_ask_again:
                        error.message = f"answer {number}: {error.message}"
                        self.error = error
                        return
                    tell(f"{error.message}{f' ({error.hint})' if error.hint else ''}")
                    continue
                break
            if name == "quit":
                return

    def _present(self, record: Record) -> Record | None:
        """The memory as it is now; None when it is gone: a review takes minutes, and others go on."""
        try:
            return self.alma.memory(record.id)
        except NotFound:
            return None

    def answer(self, record: Record, given: str) -> str:
        """Do what an answer says, and return its whole name. Raises `InvalidInput`, or what can't be done."""
        word, _, rest = given.strip().partition(" ")
        name = _ANSWERS.get(word.lower(), word.lower() or "pass")
        if name not in _ANSWERS.values():
            known = ", ".join(_ANSWERS.values())
            raise InvalidInput(
                f"there is no answer '{one_line(word, 40)}'",
                hint=did_you_mean(word, _ANSWERS.values()) or f"there are {known}",
            )
        if rest.strip() and name != "same":
            raise InvalidInput(f"{name} takes nothing after it, got '{one_line(rest, 40)}'")
        told: list[str] = []
        ids = [record.id]
        match name:
            case "edit":
                corrected = edited(self.alma, record)
                told, ids = [*corrected.warnings], [record.id, corrected.record.id]
            case "forget":
                told = [*self.alma.forget([record.id]).warnings]
            case "same":
                if not rest.strip():
                    raise InvalidInput("same as which?", hint="same ID")
                told = self.alma.same_as(record.id, rest.strip())
            case "promote":
                promoted = self.alma.promote(record.id)
                told, ids = [*promoted.warnings], [record.id, promoted.record.id]
        self.warnings += told
        if name in _DONE:
            self.alma.mark_seen(ids)
            self.answered.append({"id": record.id, "answer": name})
        return name


def review(
    alma: MemoryToChange,
    kind: Kinds = None,
    agent: OfAgent = None,
    limit: Limit = 50,
    seen: Annotated[bool, option("--seen", "Only note that all of them were looked at.")] = False,
) -> Reply:
    """Go through the memories that nobody has looked at, rules first, and answer each with a key.

    k keeps it, e edits it, f forgets it, `s ID` says that it is the same as another, p makes it project-wide, n (or
    Enter) passes it on to the next review, q quits. What was answered isn't shown again. In a pipe, each line is an
    answer, as a letter or a word; without any, what waits is listed.

    \b
    Examples:
      alma review
      alma review --kind heuristic --kind anti-pattern
      printf 'keep\\nforget\\nsame 3fa9c2d1\\n' | alma review --json
    """
    every = alma.unseen(kind or (), agent)
    if seen:
        alma.mark_seen([record.id for record in every])
        return Reply(
            data={"answered": [], "left": 0, "waiting": []},
            told=[f"noted that {counted(len(every), 'memory was', 'memories were')} looked at"],
        )
    waiting = every[: _checked(limit)]
    going = _Review(alma)
    on_terminal = bool(sys.stdin and sys.stdin.isatty())
    if waiting and sys.stdin:
        if on_terminal:
            tell(_KEYS)
        with _keys(on_terminal=on_terminal) as answers:
            going.go_through(waiting, answers, can_ask_again=on_terminal)
    left = len(every) - len(going.answered)
    done = {id for one in going.answered if isinstance(one, dict) and isinstance(id := one["id"], str)}
    return Reply(
        lines=[] if on_terminal or going.answered or going.error else map(_shown, waiting),
        data={
            "answered": going.answered,
            "left": left,
            "waiting": [to_json(record) for record in waiting if record.id not in done],
        },
        told=[f"{counted(len(going.answered), 'answer', 'answers')}; {left:,} left" if every else "nothing is new"],
        warnings=going.warnings or ([] if every or agent is None else unknown_agents(alma, [agent])),
        error=going.error,
    )


@contextmanager
def _keys(*, on_terminal: bool) -> Iterator[Iterator[str]]:
    """The answers: lines of a pipe, or keys, each of which counts at once (`s` waits for an id)."""
    if not on_terminal:
        tell_while_waiting("an answer for each memory")
        yield (line.decode("utf-8", "replace") for line in sys.stdin.buffer)
        return
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)

    def pressed() -> Iterator[str]:
        while True:
            tty.setcbreak(descriptor, termios.TCSADRAIN)  # what was typed already counts
            try:
                key = os.read(descriptor, 1).decode("ascii", "replace")
            finally:
                termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
            if key in ("", "\x04"):
                return
            if key == "s":
                sys.stderr.write("same as ID: ")
                sys.stderr.flush()
                key = f"s {sys.stdin.buffer.readline().decode('utf-8', 'replace').strip()}"
            yield key.strip()

    try:
        yield pressed()
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _shown(record: Record, *, columns: int | None = None) -> str:
    """The memory with its text below, which is broken between words where there are only so many columns."""
    head = f"{record.kind.replace('_', '-')} {record.id[:SHORT_ID]}  {record.agent}  {record.domain}"
    text = one_line(record.text, _MAX_TEXT)
    lines = [text] if columns is None else folded(text, max(1, columns - 2))
    return "\n".join([f"{one_line(head)}  {format_time(record.updated_at)[:10]}", *(f"  {line}" for line in lines)])


def _checked(limit: int) -> int:
    if limit < 1:
        raise InvalidInput(f"limit: expected a whole number from 1, got {limit}")
    return limit
