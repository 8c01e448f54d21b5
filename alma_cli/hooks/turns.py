"""The turn of an agent's session: what its events say, added up, until the turn becomes one outcome or none.

What the agent says counts: an outcome that it recorded itself, else its `Alma-Outcome:` line. Without either the last
check of the turn decides, unless work was taken back or a command failed after it, or the message speaks against it;
without a check there is no outcome.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from alma_cli.core.asking import split_task
from alma_cli.core.error_words import error_words, is_alike
from alma_cli.core.learning.reports import Said
from alma_cli.core.records import JsonValue
from alma_cli.core.symptoms import telling_line, telling_lines
from alma_cli.core.text import clean
from alma_cli.hooks.checks import is_check, takes_back
from alma_cli.hooks.messages import speaks_against, told, without_line
from alma_cli.hooks.prompts import is_task
from alma_cli.hooks.refutations import only_refutes
from alma_cli.hooks.shell import operands, programs, simple_commands
from alma_cli.hooks.verdicts import verdict

_MAX_TASK = 2000
_MAX_STRATEGY = 600
_MOST_SYMPTOMS = 5
_MOST_ERRORS = 3
"""The different errors of one failure that are looked up."""
_ONLY_LOOKS = frozenset(("--help", "-h", "--dry-run"))
_LEARNING_TOOL = re.compile(r"mcp__.*alma.*__learn$")


class Ending(NamedTuple):
    """How a turn ended: the result, the agent's own words, and what its line says if it has one (`is_told`)."""

    result: str
    strategy: str
    said: Said
    is_told: bool


@dataclass(slots=True)
class Turn:
    """The present turn of a session: `number` counts from 1, and is 0 before the first prompt.

    `symptoms` are telling lines of what failed; `check` is how the last check ended ("green", "red" or empty);
    `taken_back` says that work was thrown away, `ends_badly` that the last command failed, `has_learned` that the agent
    recorded the outcome itself. `given` are the ids of memories that the session was given, those of this turn from
    `given_before` on (`withheld` if it went without some that fit); `reminded` those that it was given at failures,
    with the error line of each; `recorded` those that it taught; `held` is the one of the turn that says it was a
    success. `heard` is the prompt or session start that nothing came after, and `answered` says that it was answered:
    two installations, such as a plugin and hooks in settings, tell of it twice.
    """

    number: int = 0
    task: str = ""
    symptoms: Sequence[str] = field(default_factory=list)
    check: str = ""
    taken_back: bool = False
    ends_badly: bool = False
    has_learned: bool = False
    given: Sequence[str] = field(default_factory=list)
    given_before: int = 0
    withheld: bool = False
    reminded: Sequence[Sequence[str]] = field(default_factory=list)
    recorded: Sequence[str] = field(default_factory=list)
    held: str = ""
    heard: str = ""
    answered: bool = False

    def add(self, event: str, payload: Mapping[str, JsonValue], *, checks: Sequence[str] = ()) -> Ending | None:
        """Add what an event says; at a stop, how the turn ended, if that is known.

        `checks` are parts of the project's own commands that check.
        """
        beginning = _beginning(event, payload)
        if beginning and beginning == self.heard:
            return None
        self.heard, self.answered = beginning, False
        match event:
            case "session-start" if payload.get("source") in ("clear", "compact"):
                self.given, self.given_before, self.reminded = [], 0, []
            case "user-prompt-submit":
                self._begin(_text(payload, "prompt"))
            case "post-tool-use":
                self._used(payload, checks)
            case "post-tool-use-failure":
                self._failed(payload, checks)
            case "stop":
                return self._ending(_text(payload, "last_assistant_message"))
        return None

    def note_recorded(self, id: str, result: str) -> None:
        """Note the outcome that the turn became, and whether it was a success."""
        self.recorded = [*self.recorded, id]
        self.held = id if result == "success" else ""

    def note_given(self, ids: Sequence[str], *, at_error: str = "") -> None:
        """Note memories that the session was given, at this error line if it was at a failure."""
        self.given = [*self.given, *(id for id in ids if id not in self.given)]
        if at_error:
            self.reminded = [*self.reminded, *([id, at_error] for id in ids)]

    def reminded_at(self, error: str) -> set[str]:
        """The memories that the session was given at a failure that said the same."""
        words = error_words(error)
        return {id for id, line in self.reminded if is_alike(words, error_words(line))}

    def is_to_answer(self, event: str, payload: Mapping[str, JsonValue]) -> bool:
        """True unless this very event was answered before; from now on it was."""
        if not self.heard or _beginning(event, payload) != self.heard:
            return True
        was_answered, self.answered = self.answered, True
        return not was_answered

    @property
    def given_now(self) -> Sequence[str]:
        """The memories that were given in this turn."""
        return self.given[self.given_before :]

    def _begin(self, prompt: str) -> None:
        if is_task(prompt) and not (self.held and only_refutes(prompt)):  # else the task is still the same
            self.task = prompt.strip()[:_MAX_TASK]
        self.number += 1
        self.symptoms, self.check, self.held = [], "", ""
        self.taken_back = self.ends_badly = self.has_learned = self.withheld = False
        self.given_before = len(self.given)
        self._note_symptom(split_task(prompt).telling)

    def _used(self, payload: Mapping[str, JsonValue], checks: Sequence[str]) -> None:
        command = _command(payload)
        if _LEARNING_TOOL.match(_text(payload, "tool_name")) or _learns(command):
            self.has_learned = True
        self.taken_back = self.taken_back or takes_back(command)
        self.ends_badly = self.ends_badly and not command
        output = _output(payload.get("tool_response"))
        if self._checked(command, output, checks, ended_well=True) == "red":
            self._note_symptom(telling_line(output))

    def _failed(self, payload: Mapping[str, JsonValue], checks: Sequence[str]) -> None:
        if payload.get("is_interrupt") is True:
            return
        self._note_symptom(next(iter(symptoms(payload)), ""))
        self.ends_badly = self.ends_badly or bool(_command(payload))
        self._checked(_command(payload), _output(payload.get("error")), checks, ended_well=False)

    def _checked(self, command: str, output: str, checks: Sequence[str], *, ended_well: bool) -> str:
        """How the check ended that a command is, if it is one; a check that couldn't run changes nothing."""
        found = verdict(command, output, ended_well=ended_well) if is_check(command, checks) else ""
        self.check = found or self.check
        return found

    def _note_symptom(self, line: str) -> None:
        words = error_words(line)
        if line and not any(line == one or (words and words == error_words(one)) for one in self.symptoms):
            self.symptoms = [*self.symptoms, line][-_MOST_SYMPTOMS:]

    def _ending(self, message: str) -> Ending | None:
        if not self.task or not self.number or self.has_learned:
            return None
        strategy = without_line(message)[:_MAX_STRATEGY]
        if line := told(message):
            return Ending(line.result, strategy, line.said, is_told=True)
        if not self.check or (self.check == "green" and (self.taken_back or self.ends_badly)):
            return None
        if speaks_against(self.check, message):
            return None
        return Ending("success" if self.check == "green" else "failure", strategy, Said("", "", ""), is_told=False)


def _learns(command: str) -> bool:
    """True for a command that runs `alma learn`, not for one that speaks of it."""
    started = (program for words in simple_commands(command) for program in programs(words))
    return any(
        name.rpartition("/")[2] in ("alma", "alma_cli")
        and _ONLY_LOOKS.isdisjoint(words)
        and any(word == "learn" for _, word in operands(words))
        for name, *words in started
    )


def _beginning(event: str, payload: Mapping[str, JsonValue]) -> str:
    """The text by which a prompt or the start of a session is known; empty for other events."""
    key = {"user-prompt-submit": "prompt", "session-start": "source"}.get(event)
    text = _text(payload, key) if key else ""
    return f"{event} {len(text)} {text[:_MAX_TASK]}" if key else ""


def symptoms(payload: Mapping[str, JsonValue]) -> list[str]:
    """The telling lines of a failed tool call, the one that tells most first."""
    return telling_lines(_output(payload.get("error")), _MOST_ERRORS)


def _command(payload: Mapping[str, JsonValue]) -> str:
    given = payload.get("tool_input")
    command = given.get("command") if isinstance(given, dict) else None
    return command if isinstance(command, str) else ""


def _output(value: JsonValue) -> str:
    """The output of a tool: a text, or the texts of an object."""
    if isinstance(value, dict):
        return "\n".join(_output(part) for part in value.values())
    return clean(value) if isinstance(value, str) else ""


def _text(payload: Mapping[str, JsonValue], key: str) -> str:
    value = payload.get(key)
    return clean(value) if isinstance(value, str) else ""
