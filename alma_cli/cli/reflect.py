"""`alma reflect`: general words for outcomes that have none."""

import json as json_text
from collections.abc import Iterable
from dataclasses import replace
from shlex import quote
from typing import Annotated

from alma_cli.api import ALMA
from alma_cli.api.arguments import agent_of
from alma_cli.api.reflect import Reflected
from alma_cli.cli.batches import refusal
from alma_cli.cli.inputs import MemoryToChange, file_or_stdin
from alma_cli.cli.options import Agent, DomainOption, Json, option
from alma_cli.cli.output import Reply, progress
from alma_cli.cli.rule_changes import told_of
from alma_cli.core.text import counted, one_line, whole_words
from alma_cli.errors import AlmaError, InvalidUsage

_SHOWN = 10
_WIDTH = 160
_NO_WORDS = "no general words are in use yet"


def reflect(
    alma: MemoryToChange,
    apply: Annotated[str | None, option("--apply FILE", "Take the answer to a sheet (- is stdin).")] = None,
    command: Annotated[
        str | None, option("--with COMMAND", "Ask this program, which reads a sheet and writes the answer.")
    ] = None,
    sheets: Annotated[int | None, option("--sheets N", "With --with: at most so many sheets.")] = None,
    review: Annotated[bool, option("--review", "One sheet of all general words in use.")] = False,
    undo: Annotated[bool, option("--undo", "Take the last reflection back.")] = False,
    format: Annotated[str, option("--format FORMAT", "Of a sheet: prompt or json.")] = "prompt",
    agent: Agent = None,
    domain: DomainOption = None,
    json: Json = False,
) -> Reply:
    """Give outcomes general words, so that those of one lesson are counted together and become rules.

    Prints a sheet of outcomes that have no general words. Whoever reads it, an agent or a program, answers which are
    about the same situation and approach; the answer goes to --apply. With --with (or reflect.command in the
    configuration, for --with "") a program answers sheet after sheet.

    \b
    Examples:
      alma reflect --agent helena > sheet.md
      alma reflect --agent helena --apply answer.ndjson
      alma reflect --agent helena --with "claude -p"
      echo '{"same": "3fa9c2d1", "outcomes": ["9c04e1aa"]}' | \\
          alma reflect --agent helena --apply -
      alma reflect --agent helena --review --with "codex exec -"
      alma reflect --agent helena --undo
    """
    ways = {"--apply": apply is not None, "--undo": undo, "--with": command is not None}
    given = [name for name, is_given in ways.items() if is_given]
    if len(given) > 1:
        raise InvalidUsage(f"{given[0]} excludes {given[1]}")
    if undo and (review or domain is not None):
        raise InvalidUsage(
            f"--undo excludes {'--review' if review else '--domain'}", hint="it takes the whole last reflection back"
        )
    if sheets is not None and command is None:
        raise InvalidUsage("--sheets needs --with", hint='for instance --with "claude -p" --sheets 3')
    if sheets is not None and sheets < 1:
        raise InvalidUsage("--sheets: expected a whole number from 1")
    if format not in ("prompt", "json"):
        raise InvalidUsage(f"--format {format[:40]!r}: expected prompt or json")
    name = agent_of(alma.config, agent)
    if undo:
        return _reply(alma.undo_reflection(name), did="got back the words they had")
    if apply is not None:
        return _reply(alma.apply_reflection(name, file_or_stdin("--apply", apply)))
    if command is not None:
        return _ask(
            alma, name, domain, command or None, sheets=sheets, review=review, as_json=format == "json", json=json
        )
    sheet = alma.review_words(name, domain) if review else alma.reflect(name, domain)
    is_empty = not sheet.outcomes and not sheet.known
    if is_empty:
        told = [_NO_WORDS] if review else _nothing_waits(alma, name, domain)
    else:
        told = [
            *_waiting(sheet.left, more="more " if sheet.outcomes else ""),
            f"its answer goes to: alma reflect --agent {quote(name)} --apply FILE",
        ]
    text = json_text.dumps(sheet.to_json(), ensure_ascii=False) if format == "json" else sheet.to_prompt()
    return Reply(
        data=sheet.to_json(),
        text="" if is_empty and format == "prompt" else text,
        told=told,
    )


def _ask(
    alma: ALMA,
    agent: str,
    domain: str | None,
    command: str | None,
    *,
    sheets: int | None,
    review: bool,
    as_json: bool,
    json: bool,
) -> Reply:
    """Ask a program; what was answered before it failed is kept, and shown with the error."""
    done = Reflected(agent=agent)
    error: AlmaError | None = None
    total = None if review else alma.reflect(agent, domain)
    left = None if total is None else total.left + len(total.outcomes)
    if left == 0:
        return Reply(data=done.to_json(), told=_nothing_waits(alma, agent, domain))
    try:
        with progress("reflecting", total=left, quiet=json) as advance:
            asked = alma.reflect_with(
                agent, domain, command, sheets=sheets, review=review, as_json=as_json, on_progress=advance
            )
            for answered in asked:
                done = done.then(answered)
    except AlmaError as failure:
        error = failure
    reply = _reply(done, remedy=": run it again")
    if review and not (reply.told or reply.error or error):
        are_words = bool(alma.review_words(agent, domain).known)
        reply = replace(reply, told=["nothing was to be changed" if are_words else _NO_WORDS])
    return replace(reply, error=error) if error else reply


def _reply(done: Reflected, *, did: str = "got general words", remedy: str = "") -> Reply:
    told = [f"{counted(done.worded, 'outcome', 'outcomes')} {did}"] if done.worded else []
    told += [f"{counted(done.unclear, 'outcome is', 'outcomes are')} unclear, and won't be asked about again"] * (
        done.unclear > 0
    )
    told += [f"{done.unchanged:,} stayed as they were"] if done.unchanged else []
    told += _listed("new", done.new) + _listed("joined", done.joined)
    told += _listed("look alike (merge them if they are one)", [f"{one} / {other}" for one, other in done.alike])
    told += _listed("with one outcome only", done.single)
    told += _listed("counted apart in several domains (`alma reflect --review` can merge them)", done.apart)
    told += told_of(done.derived, reworded=True)
    told += _waiting(done.left, remedy)
    told += [f"line {number}: {error.message}" for number, error in done.refused[: 2 * _SHOWN]]
    is_taken = bool(done.worded or done.unclear or done.unchanged or done.new or done.joined)
    error = refusal([error for _, error in done.refused], has_rest=is_taken)
    return Reply(data=done.to_json(), told=told, warnings=done.warnings, error=error)


def _listed(title: str, texts: Iterable[str]) -> list[str]:
    lines = [whole_words(text, _WIDTH) for text in texts]
    if not lines:
        return []
    more = [f"  and {len(lines) - _SHOWN:,} more"] if len(lines) > _SHOWN else []
    return [f"{title}: {len(lines):,}", *(f"  {line}" for line in lines[:_SHOWN]), *more]


def _nothing_waits(alma: ALMA, agent: str, domain: str | None) -> list[str]:
    """That nothing of this agent's waits for general words (in a domain), and how many others do."""
    waiting = dict(alma.status().reflection)
    elsewhere = waiting.pop(agent, 0) if domain else 0
    others = ", ".join(f"{count:,} of {one_line(name)}" for name, count in waiting.items())
    place = f" in {one_line(domain)}" if domain else ""
    return [
        f"nothing of agent {one_line(agent)}{place} waits for general words",
        *([f"{counted(elsewhere, 'waits', 'wait')} in its other domains (leave --domain out)"] if elsewhere else []),
        *([f"others wait: {others} (name one with --agent)"] if others else []),
    ]


def _waiting(left: int, remedy: str = "", *, more: str = "") -> list[str]:
    return (
        [f"{counted(left, f'{more}outcome waits', f'{more}outcomes wait')} for general words{remedy}"] if left else []
    )
