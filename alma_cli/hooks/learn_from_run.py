"""Learns from a command that was run: from how it ended and, with a test report, from the tests that changed."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from signal import SIGHUP, SIGINT, SIGPIPE, SIGQUIT

from alma_cli.api import ALMA
from alma_cli.api.arguments import agent_of
from alma_cli.core.learning.reports import Report
from alma_cli.core.symptoms import telling_line
from alma_cli.core.text import counted
from alma_cli.errors import AlmaError
from alma_cli.flock import holding
from alma_cli.hooks.junit.changed import changed, keep_failing, load_failing
from alma_cli.hooks.junit.files import Reports
from alma_cli.hooks.junit.report import TestCase
from alma_cli.hooks.run import Ended

_MAX_TASK = 500
_STOPPED = frozenset({SIGINT, SIGQUIT, SIGHUP, SIGPIPE})

_MOST_ALIKE = 50
"""The most tests that are recorded of those that fail with one error, or pass again: a broken import fails them all."""

_PATIENCE_S = 2.0
"""The wait for a busy store; after it the outcome stays in the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A command that was run for a task (by default its own words).

    `strategy` is what was done before, `when` and `do` the situation and the approach in general words. The command is
    none of them: it judges work, and doesn't say how to do it.
    """

    command: Sequence[str]
    agent: str | None = None
    task: str = ""
    strategy: str = ""
    when: str = ""
    do: str = ""
    domain: str | None = None

    @property
    def line(self) -> str:
        """The command as a person would type it."""
        return shlex.join(self.command)[:_MAX_TASK]


def learn_from(ran: Ran, ended: Ended, *, directory: str | None, reports: Reports | None = None) -> list[str]:
    """Record how the command ended, and return lines to tell. Raises `AlmaError`.

    `reports` are the places of its test reports. A command that the user stopped teaches nothing, nor
    one whose terminal was closed or whose output nobody read any more (`| head`).
    """
    if ended.signal in _STOPPED or ended.code == 128 + SIGINT:
        return []
    alma = ALMA.find(directory=directory, wait_s=_PATIENCE_S)
    agent = agent_of(alma.config, ran.agent)
    failed = ended.code != 0
    learned = alma.learn_report(
        Report(
            agent=agent,
            task=ran.task or ran.line,
            outcome="failure" if failed else "success",
            strategy=ran.strategy,
            when=ran.when,
            do=ran.do,
            error=telling_line(ended.last_lines, ended.reason) if failed else "",
            duration_ms=ended.duration_ms,
            domain=ran.domain,
            labels={"source": "run", "exit": str(ended.code)},
        )
    )
    told = list(learned.warnings)
    if reports:
        with holding(os.fspath(alma.project.home)):
            told += _learn_from_reports(alma, ran, agent, reports, well=not failed)
    return told


def _learn_from_reports(alma: ALMA, ran: Ran, agent: str, reports: Reports, *, well: bool) -> list[str]:
    found, told = reports.read()
    folder = f"{alma.project.root}{os.sep}"  # it has another path after a move, and on other machines
    written = [[replace(case, name=case.name.replace(folder, "")) for case in cases] for cases in found]
    failing = {name.replace(folder, "") for name in load_failing(alma.project)}
    news = changed(written, failing, well=well)
    alike: dict[str, list[TestCase]] = {}
    for case in news:
        alike.setdefault(telling_line(case.error) if case.failed else "", []).append(case)
    recorded = [(error, case) for error, cases in alike.items() for case in cases[:_MOST_ALIKE]]
    done = alma.learn_batch(
        (
            number,
            Report(
                agent=agent,
                task=f"Test {case.name}",
                outcome="failure" if case.failed else "success",
                strategy=ran.strategy,
                when=ran.when,
                do=ran.do,
                error=error,
                duration_ms=case.duration_ms,
                domain=ran.domain,
                labels={"source": "junit"},
            ),
        )
        for number, (error, case) in enumerate(recorded, start=1)
    )
    try:
        keep_failing(alma.project, failing)
    except OSError as error:
        raise AlmaError(f"cannot note which tests fail: {error.strerror}") from error
    refused = [f"{recorded[one.line - 1][1].name}: {one.error.message}" for one in done.refused]
    if more := len(news) - len(recorded):
        refused.append(f"{counted(more, 'more test', 'more tests')} changed alike, and no outcome was made of each")
    return [*told, *refused, *done.warnings]
