"""Asks a program for the words of sheet after sheet."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from alma_cli.api.answerer import Answerer
from alma_cli.api.reflect import Reflected, apply
from alma_cli.api.reflect_sheets import review, sheet
from alma_cli.api.session import Session
from alma_cli.core.learning import answer_lines
from alma_cli.core.learning.sheets import Sheet
from alma_cli.errors import InvalidConfig


def reflect_with(
    session: Session,
    agent: str,
    domain: str | None,
    command: str | None,
    *,
    sheets: int | None = None,
    is_review: bool = False,
    as_json: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> Iterator[Reflected]:
    """Ask a program for the words of sheet after sheet, until none is left or so many were asked; each outcome once.

    Without a command that of the configuration is asked. What was answered is stored before the next sheet is asked.
    Raises `AlmaError` when the program is missing, hangs, fails, or answers nothing that can be read.
    """
    settings = session.config.reflect
    if not (command or settings.command):
        raise InvalidConfig(
            "no program is named to ask",
            hint='name one with --with "claude -p", or reflect.command in .alma/config.yaml',
        )
    answerer = Answerer(command or settings.command, settings.timeout_s)

    def ask(one: Sheet) -> str:
        asked = json.dumps(one.to_json(), ensure_ascii=False) if as_json else one.to_prompt()
        return answerer.ask(asked, may_be_silent=is_review)

    at = session.now()
    if is_review:
        words = review(session, agent, domain, to_ask=True)
        answer = ask(words) if words.known else ""
        if answer_lines.lines_of(answer):
            yield apply(session, agent, answer, at=at)
        return
    asked: set[str] = set()
    number = 0
    while sheets is None or number < sheets:
        one = sheet(session, agent, domain, without=asked, to_ask=True)
        if not one.outcomes:
            return
        yield apply(session, agent, ask(one), at=at)
        asked.update(item.id for item in one.outcomes)
        number += 1
        if on_progress:
            on_progress(len(one.outcomes))
