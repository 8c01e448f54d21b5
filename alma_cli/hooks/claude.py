"""Answers the events of an agent's session in Claude Code: it gives memories before the work, and learns from the end.

Each event is noted before anything else is done about it, then added to the session's turn (see turns.py).
"""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from alma_cli.api import ALMA
from alma_cli.api.learn import Learned
from alma_cli.api.overview import MEMORIES_LABEL
from alma_cli.api.symptoms import SESSION_LABEL
from alma_cli.core.learning.reports import Report
from alma_cli.core.records import JsonValue, Outcome, Record
from alma_cli.errors import AlmaError, InvalidUsage, NotFound, StoreUnwritable
from alma_cli.files import remove_if_there
from alma_cli.hooks import giving, hook_log
from alma_cli.hooks.events import AGENT_EVENTS, MAX_CHARACTERS
from alma_cli.hooks.notes import note_event, present_session, session_folder, to_note
from alma_cli.hooks.prompts import is_task
from alma_cli.hooks.refutations import refutation
from alma_cli.hooks.session_state import held_turn, noted_events
from alma_cli.hooks.turns import Ending, Turn, symptoms
from alma_cli.logs import info

SOURCE = "claude-code"
ASKING = (
    "When a piece of work is done, end your message with a line `Alma-Outcome: success|failure|partial; when "
    "SITUATION; do APPROACH`, both in general words that fit other projects too: this project's memory learns from it."
)
_NO_MESSAGE = "the host doesn't say how a turn ended (last_assistant_message): a Claude Code of 2026-03 or later does"
_MAX_ERROR = 2000
_WAIT_S = 30.0


def answer_event(alma: ALMA, event: str, agent: str, payload: JsonValue) -> str:
    """Note an event, and answer it: a JSON object, or nothing when there is nothing to say.

    Raises `InvalidInput` for a payload that isn't the JSON of an event, and whatever retrieving and learning raise.
    """
    noted = to_note(payload)
    note_event(alma.project, event, noted)
    return answer_noted(alma, event, agent, noted)


def answer_noted(alma: ALMA, event: str, agent: str, payload: Mapping[str, JsonValue]) -> str:
    """Add up what was noted of the session, learn from turns that ended, and answer this event."""
    folder = session_folder(alma.project, payload)
    with held_turn(folder, wait_s=_WAIT_S) as (turn, keep):
        _add_up(alma, agent, folder, turn, keep)
        is_first = turn.is_to_answer(event, payload)
        answer = _answer(alma, event, agent, turn, payload) if is_first else _Answer()
        given = answer.given
        if given and _is_held_out(folder, alma.config.retrieval.holdout):
            given, turn.withheld = [], turn.number > 0
        turn.note_given([record.id for record in given], at_error=answer.at_error)
        keep()
    context = "\n\n".join(filter(None, (answer.before, giving.heading([giving.fact(record) for record in given]))))
    info("%s, turn %d: memories given: %d", event, turn.number, len(given))
    if not context:
        return ""
    specific = {"hookEventName": AGENT_EVENTS[event], "additionalContext": context[:MAX_CHARACTERS]}
    return json.dumps({"hookSpecificOutput": specific}) + "\n"


def learn_turn(alma: ALMA, report: Report, session: str = "") -> Learned:
    """Record the outcome of the present turn of a session, in the place of what the turn said before.

    Without a name it is the session that is on.

    What the report leaves out is the turn's: its task, its symptoms, and the memories that it was given. From then on
    the hooks record nothing of this turn. Raises `NotFound` when no session is on, and what learning raises.
    """
    folder = present_session(alma.project, session)
    with held_turn(folder, wait_s=_WAIT_S) as (turn, keep):
        _add_up(alma, report.agent, folder, turn, keep)
        if not turn.number:
            raise NotFound("no turn has begun in this session", hint="leave --turn out to record an outcome of its own")
        if not (report.task or turn.task):
            raise InvalidUsage("TASK is missing", hint="the turn has none: its prompts only said to go on")
        learned = _relearned(alma, folder, turn, report)
        turn.has_learned = True
        turn.note_recorded(learned.id, report.outcome)
        keep()
    return learned


def _add_up(alma: ALMA, agent: str, folder: str, turn: Turn, keep: Callable[[], bool]) -> None:
    """Add what was noted of a session to its turn, and learn from turns that ended."""
    for noted in noted_events(folder):
        prompt = noted.payload.get("prompt") if noted.event == "user-prompt-submit" else None
        if turn.held and isinstance(prompt, str) and (words := refutation(prompt)):
            _take_back(alma, folder, turn, words)
        if noted.event == "stop" and "last_assistant_message" not in noted.payload:
            hook_log.note("stop", _NO_MESSAGE, directory=str(alma.project.root))
        ending = turn.add(noted.event, noted.payload, checks=alma.config.hooks.more_checks)
        if ending is not None and (ending.is_told or alma.config.hooks.learn_from_stop):
            _learn(alma, agent, folder, turn, ending)
        if keep():
            remove_if_there(noted.path)


# What goes in


class _Answer(NamedTuple):
    """The memories to give at an event, what to say before them, and the error line for which they are given."""

    given: Sequence[Record] = ()
    before: str = ""
    at_error: str = ""


def _answer(alma: ALMA, event: str, agent: str, turn: Turn, payload: Mapping[str, JsonValue]) -> _Answer:
    """The answer to an event, once its turn has it.

    None is given twice; but what a prompt was given is worth a reminder at each error that it would have spared.
    """
    without = {*turn.given, *turn.recorded}
    prompt = payload.get("prompt")
    match event:
        case "session-start":
            found = giving.preferences(alma, agent, without=without)
            if work := _work_in_git():
                found += giving.fitting(alma, agent, work, without=without, rules_only=True)
            return _Answer(found, "" if payload.get("source") == "resume" else ASKING)
        case "user-prompt-submit" if isinstance(prompt, str) and is_task(prompt):
            return _Answer(giving.fitting(alma, agent, prompt, without=without))
        case "post-tool-use-failure" if payload.get("is_interrupt") is not True:
            for line in symptoms(payload):
                if known := alma.overcome(line, agent, without={*turn.reminded_at(line), *turn.recorded}):
                    return _Answer([known], at_error=line)
    return _Answer()


def _is_held_out(folder: str, share: float) -> bool:
    """True for this share of sessions, the same ones whenever it is asked: the name of the folder is a hash."""
    return int(os.path.basename(folder)[:8], 16) < share * 2**32


def _work_in_git() -> str:
    """The names of the branch and of the last commit; empty outside of git."""
    from alma_cli.hooks.install.repository import asked_in_vain

    names, _, subject = asked_in_vain(".", "log", "-1", "--format=%D%x00%s").partition("\0")
    branch = re.match(r"HEAD -> ([^,]+)", names)
    words = re.sub(r"[-_/]+", " ", branch[1]) if branch and branch[1] not in ("main", "master", "develop") else ""
    return f"{words}. {subject}".strip(". ")


# What comes out


def _learn(alma: ALMA, agent: str, folder: str, turn: Turn, ending: Ending) -> None:
    """Record how a turn ended; what is said later of the same turn replaces it.

    What can't be learned is noted in the log of hooks. Raises `StoreUnwritable`.
    """
    report = Report(
        agent=agent,
        task=turn.task,
        outcome=ending.result,
        strategy=ending.strategy,
        when=ending.said.when,
        do=ending.said.do,
        feedback=ending.said.why[:_MAX_ERROR],
    )
    try:
        turn.note_recorded(_relearned(alma, folder, turn, report).id, ending.result)
    except StoreUnwritable:
        raise
    except AlmaError as error:
        hook_log.note("stop", f"not learned: {error.told}", directory=str(alma.project.root))


def _take_back(alma: ALMA, folder: str, turn: Turn, words: str) -> None:
    """Record the success of a turn as a failure: the user says in these words that it didn't hold.

    What can't be taken back is noted in the log of hooks. Raises `StoreUnwritable`.
    """
    try:
        before = alma.memory(turn.held)
        if isinstance(before, Outcome) and before.outcome == "success":
            told = {name: getattr(before, name) for name in ("agent", "task", "strategy", "when", "do", "error")}
            why = " ".join(filter(None, (before.feedback, f"The user, afterwards: {words}")))[:_MAX_ERROR]
            _relearned(alma, folder, turn, Report(**told, outcome="failure", feedback=why))
    except StoreUnwritable:
        raise
    except AlmaError as error:
        hook_log.note("user-prompt-submit", f"not taken back: {error.told}", directory=str(alma.project.root))


def _relearned(alma: ALMA, folder: str, turn: Turn, report: Report) -> Learned:
    """Record a report as the outcome of a turn, with what the turn knows and the report leaves out."""
    session = os.path.basename(folder)
    labels = {"source": SOURCE, SESSION_LABEL: session[:12]}
    if turn.given_now or turn.withheld:
        labels[MEMORIES_LABEL] = "withheld" if turn.withheld else "shown"
    report = replace(
        report,
        task=report.task or turn.task,
        error=report.error or "\n".join(turn.symptoms)[:_MAX_ERROR],
        labels={**labels, **(report.labels or {})},
        key=f"{SOURCE}/{session}/{turn.number}",
    )
    return alma.relearn(replace(report, used=[*report.used, *turn.given_now]))
