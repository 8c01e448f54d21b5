"""Answers git's hooks: it learns from the commits that they name or noted, and synchronises with the remote."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby

from alma_cli.api import ALMA
from alma_cli.api.learn import KNOWN_BAD
from alma_cli.core.learning.reports import Report
from alma_cli.errors import AlmaError, InvalidInput
from alma_cli.files import remove_if_there
from alma_cli.flock import locked
from alma_cli.hooks.history import told_by_commits
from alma_cli.hooks.rewrites import follow, is_rewrite, tell_anew
from alma_cli.logs import info
from alma_cli.project import FOLDER

_COMMITS = re.compile(r"[0-9a-f]{40,64}(?:\.\.[0-9a-f]{40,64})?")
_PATIENCE_S = 600.0
_NOTED = "commits"
"""The file in `.alma/` where hooks note, line by line, what is to be done."""


def answer_git(alma: ALMA, event: str, agent: str | None, commits: str) -> list[str]:
    """Learn from these commits and from those that hooks noted, and synchronise with the remote.

    They are named as `ID`, `ID..ID` or, where one took another's place, `OLD...NEW`. Returns a line for each thing that
    couldn't be done. Raises `InvalidInput` for commits named in another way.
    """
    named = [commits] if commits and event != "pre-push" else []
    if named and not (_COMMITS.fullmatch(commits) or is_rewrite(commits)):
        raise _named_badly()
    told: list[str] = []
    with _noted(os.path.join(alma.project.root, FOLDER)) as noted:
        for are_rewrites, notes in groupby([*named, *noted], is_rewrite):
            if are_rewrites:
                told += follow(alma, agent, [*notes])
            elif reports := [report for note in notes for report in _told_by(alma, agent, note)]:
                info("%s: outcomes that commits tell: %d", event, len(reports))
                told += _learn(alma, reports)
        if _waits(alma):
            alma.stats()  # opening the store folds the journal in
        told += _synchronise(alma)
    return [one for one in told if not one.startswith(KNOWN_BAD)]


@contextmanager
def _noted(folder: str) -> Iterator[list[str]]:
    """The commits that hooks noted, which are forgotten at the end; whoever comes meanwhile waits for that end."""
    path = os.path.join(folder, _NOTED)
    taken = f"{path}.taken"
    with locked(f"{path}.lock", wait_s=_PATIENCE_S):
        remove_if_there(f"{path}.awaited")  # from here on, who notes something has to start another process
        left = _lines(taken)  # by a process that was ended
        with suppress(FileNotFoundError):
            os.replace(path, taken)
        yield list(dict.fromkeys([*left, *_lines(taken)]))
        remove_if_there(taken)


def _told_by(alma: ALMA, agent: str | None, note: str) -> Iterable[Report | AlmaError]:
    return told_by_commits(alma, agent, note) if _COMMITS.fullmatch(note) else [_named_badly()]


def _learn(alma: ALMA, reports: Sequence[Report | AlmaError]) -> list[str]:
    """Record the outcomes; what a commit says differently than before (it was amended) replaces what was learned."""
    done = alma.learn_batch(enumerate(reports, start=1))
    told = [refused.error.told for refused in done.refused] + list(done.warnings)
    if done.duplicates or done.forgotten:
        told += tell_anew(alma, [report for report in reports if isinstance(report, Report)])
    return told


def _synchronise(alma: ALMA) -> list[str]:
    config = alma.config
    if not {"azure": config.azure.endpoint, "file": config.file.path}.get(config.storage, ""):
        return []
    try:
        return alma.sync().warnings
    except AlmaError as error:
        return [f"not synchronised: {error.told}"]


def _named_badly() -> InvalidInput:
    return InvalidInput("commits are named by their whole ids, as ID or ID..ID")


def _lines(path: str) -> list[str]:
    """The lines of a file that say something; none without one."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return [line for line in file.read().splitlines() if line]
    except FileNotFoundError:
        return []


def _waits(alma: ALMA) -> bool:
    try:
        return bool(os.listdir(alma.project.journal_dir))
    except OSError:
        return False
