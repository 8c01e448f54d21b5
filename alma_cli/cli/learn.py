"""`alma learn`: record how a task went, or many of them."""

import re
from json import dumps as json_text
from shlex import quote
from typing import Annotated

import typer

from alma_cli.api import ALMA
from alma_cli.api.arguments import agent_of
from alma_cli.api.learn import Learned
from alma_cli.cli.filters import labels_of
from alma_cli.cli.inputs import MemoryToChange, piped, text_or_stdin
from alma_cli.cli.learn_many import learn_history, learn_lines
from alma_cli.cli.options import Agent, Do, DomainOption, Json, When, argument, option
from alma_cli.cli.output import Reply, id_for_stdout
from alma_cli.cli.rule_changes import told_of
from alma_cli.core.codec import parse_time
from alma_cli.core.learning.reports import Report
from alma_cli.core.text import SHORT_ID, whole_words
from alma_cli.errors import InvalidUsage

Text = str | None
_PROPOSAL = 60
_USAGE = "alma learn TASK --ok HOW, or --failed HOW, or --outcome partial --strategy HOW"
_BESIDE_A_BATCH = frozenset(("batch", "agent", "wait", "directory", "verbose", "yes", "json"))


def learn(
    context: typer.Context,
    alma: MemoryToChange,
    words: Annotated[Text, argument("[TASK]", "What was to be done (- or a pipe: stdin).")] = None,
    ok: Annotated[Text, option("--ok HOW", "It succeeded, this way.")] = None,
    failed: Annotated[Text, option("--failed HOW", "It failed, this way.")] = None,
    error: Annotated[str, option("--error TEXT", "What went wrong.")] = "",
    when: When = "",
    do: Do = "",
    agent: Agent = None,
    task: Annotated[Text, option("--task TEXT", "The task, if it isn't given first.")] = None,
    outcome: Annotated[Text, option("--outcome RESULT", "How it ended: success, failure or partial.")] = None,
    strategy: Annotated[str, option("--strategy TEXT", "How it was gone about.")] = "",
    feedback: Annotated[str, option("--feedback TEXT", "What somebody said of it.")] = "",
    domain: DomainOption = None,
    duration_ms: Annotated[int | None, option("--duration-ms N", "How long it took.")] = None,
    at: Annotated[Text, option("--at TIME", "When, as 2026-01-31T09:30:00Z [now].")] = None,
    label: Annotated[list[str] | None, option("--label KEY=VALUE", "A label; may be given several times.")] = None,
    used: Annotated[list[str] | None, option("--used ID", "A memory that guided this; several times.")] = None,
    retrieval: Annotated[str, option("--retrieval ID", "The retrieve that guided this; its --when is used.")] = "",
    key: Annotated[str, option("--key KEY", "Reporting the same key again changes nothing.")] = "",
    followed: Annotated[str, option("--followed ID", "The memory whose advice was taken: its words are used.")] = "",
    turn: Annotated[
        bool, option("--turn", "It is the present turn of this agent's session; TASK may be left out.")
    ] = False,
    batch: Annotated[Text, option("--batch FILE", "Many outcomes: one JSON object a line (- is stdin).")] = None,
    from_git: Annotated[
        Text, option("--from-git RANGE", "Reverts, fixups and trailers of these commits: HEAD, v1..HEAD.")
    ] = None,
    dry_run: Annotated[bool, option("--dry-run", "With --from-git, only show what would be learned.")] = False,
    json: Json = False,
) -> Reply:
    """Record how a task went, so that the next one goes better.

    Once this ends with 0, no crash loses the outcome. Its id is printed on stdout. With --turn it is the outcome of the
    present turn of an agent's session, in the place of what the turn said before; hooks then record nothing more of it.
    The session is the one that ALMA_SESSION or CLAUDE_CODE_SESSION_ID names, else the last one that hooks told of here.

    \b
    Examples:
      alma learn "Test login form" --ok "Tested empty fields, invalid email"
      alma learn "Load 2 GB" --failed "One transaction" --error "out of memory"
      alma learn --turn --ok "Waited for it" --when "a browser test is flaky"
      alma learn --task "Deploy the docs" --outcome partial --label build=1187
      alma learn --agent victor --task "Fix CardTest" --outcome success \\
          --strategy "Clock.fixed" --when "a test depends on today's date" \\
          --do "freeze the clock"
      alma learn --batch outcomes.ndjson
      alma learn --from-git HEAD --dry-run
    """
    if from_git is not None:
        _check_alone(context, "from_git", "dry_run")
        return learn_history(alma, from_git, agent, dry_run=dry_run)
    if dry_run:
        raise InvalidUsage("--dry-run goes with --from-git", hint="alma learn --from-git HEAD --dry-run")
    if batch is not None:
        _check_alone(context)
        return learn_lines(alma, batch, agent, json=json)
    task = _either("TASK", words, "--task", task)
    if task is None and not (turn or ok or failed or outcome):
        raise InvalidUsage("TASK is missing", hint=_USAGE)
    if turn and key:
        raise InvalidUsage("--turn and --key exclude each other", hint="a turn has a key of its own")
    outcome, strategy = _ended(outcome, strategy, ok, failed)
    name = agent_of(alma.config, agent)
    if task is None and not turn:
        task = piped("TASK")
        if not task:
            raise InvalidUsage("TASK is missing", hint=_USAGE)
    report = Report(
        agent=name,
        task="" if task is None else text_or_stdin("TASK", task),
        outcome=outcome,
        strategy=strategy,
        feedback=feedback,
        error=error,
        domain=domain,
        duration_ms=duration_ms,
        at=None if at is None else parse_time("--at", at),
        labels=labels_of(map(_label, label or ())),
        key=key,
        when=when,
        do=do,
        followed=followed,
        used=used or (),
        retrieval=retrieval,
    )
    learned = _of_turn(alma, report) if turn else alma.learn_report(report)
    if learned.duplicate:
        which = "this turn" if turn else f"key {key!r}"
        told = f"{which} was recorded before, as {learned.id[:SHORT_ID]}; nothing changed"
        told += f", though it says something else: `alma correct {learned.id[:SHORT_ID]}`" if learned.differs else ""
    elif learned.forgotten:
        which = "of this turn" if turn else f"under key {key!r}"
        told = f"what was recorded {which} has been forgotten; nothing was recorded"
    else:
        told = f"recorded a {outcome} in {learned.domain}"
    return Reply(
        data=learned.to_json(),
        text=id_for_stdout(learned.id),
        told=[told, *told_of(learned.derived), *_proposed(learned, name)],
        warnings=learned.warnings,
    )


def _of_turn(alma: ALMA, report: Report) -> Learned:
    from alma_cli.hooks.claude import learn_turn

    return learn_turn(alma, report)


def _either(name: str, one: Text, other_name: str, other: Text) -> Text:
    """The one that is given. Raises `InvalidUsage` if both are."""
    if one is not None and other is not None:
        raise InvalidUsage(f"{name} and {other_name} exclude each other", hint=_USAGE)
    return one if other is None else other


def _ended(outcome: Text, strategy: str, ok: Text, failed: Text) -> tuple[str, str]:
    """The result and the strategy, however they are given."""
    how = _either("--ok", ok, "--failed", failed)
    if how is None:
        if outcome is None:
            raise InvalidUsage("--outcome is missing", hint=_USAGE)
        return outcome, strategy
    option = "--failed" if ok is None else "--ok"
    if re.fullmatch(r"--[a-z-]+", how):
        raise InvalidUsage(f"{option}: expected how it was done, got the option {how}", hint=_USAGE)
    if outcome is not None or strategy:
        raise InvalidUsage(f"{option} says the outcome and the strategy already", hint=_USAGE)
    return "failure" if ok is None else "success", how


def _proposed(learned: Learned, agent: str) -> list[str]:
    """Lines that ask whether the outcome is one of the known kind."""
    if not learned.similar:
        return []
    known = []
    for one in learned.similar:
        when, do = (whole_words(part, _PROPOSAL) for part in (one.when, one.do))
        known.append(f"  {one.id[:SHORT_ID]} {when}: {do} ({one.worked} worked)")
    command = f"alma reflect --agent {quote(agent)} --apply -"
    line = json_text({"same": learned.similar[0].id[:SHORT_ID], "outcomes": [learned.id[:SHORT_ID]]})
    return ["is it the same as one of these? then say so:", *known, f"  echo '{line}' | {command}"]


def _check_alone(context: typer.Context, *own: str) -> None:
    """Raise `InvalidUsage` if something is given that the lines of a batch, or git's commits, say."""
    what, where = (
        ("--from-git", "it is read from the commits") if own else ("--batch", "write it into the lines of the batch")
    )
    beside = {*own, *_BESIDE_A_BATCH} - ({"batch"} if own else set())
    for name, value in context.params.items():
        if name not in beside and value is not False and value not in (None, "", (), []):
            option = "TASK" if name == "words" else f"--{name.replace('_', '-')}"
            raise InvalidUsage(f"{what} excludes {option}", hint=where)


def _label(given: str) -> tuple[str, str]:
    key, equals, value = given.partition("=")
    if not key or not equals:
        raise InvalidUsage(f"--label {given[:60]!r}: expected KEY=VALUE", hint="for instance --label build=1187")
    return key, value
