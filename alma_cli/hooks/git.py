"""Learns from git's history: a revert is a failure, and an `Alma-Outcome:` trailer is the outcome that it names.

A commit by itself is no success, and teaches nothing. What is learned has a key made from the history, so it counts
once, however often it is seen, and in however many clones.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from alma_cli.api import ALMA
from alma_cli.api.arguments import agent_of
from alma_cli.core.learning.reports import Report, Said
from alma_cli.errors import AlmaError, InvalidInput
from alma_cli.logs import info

_COMMITS = re.compile(r"[0-9a-f]{40,64}(?:\.\.[0-9a-f]{40,64})?")
_REVERTS = re.compile(r"^This reverts commit ([0-9a-f]{40,64})\b.*$", re.MULTILINE)
_OUTCOME = re.compile(r"(success|failure|partial)\b[\s:;,-]*(.*)", re.IGNORECASE | re.DOTALL)
_TRAILER = re.compile(r"^[A-Za-z][A-Za-z0-9-]*: .*(?:\n[ \t]+.*)*$", re.MULTILINE)
_FORMAT = (
    "%H%x00%ct%x00%at%x00%ae%x00%s%x00%b%x00%(trailers:key=Alma-Outcome,valueonly,unfold)%x00"
    "%(trailers:key=Alma-Agent,valueonly)%x01"
)
_MOST_COMMITS = 200
_GIT_TIMEOUT_S = 20
_MAX_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Commit:
    """The parts of a commit that can teach: times are seconds since 1970; `outcome` and `agent` come from trailers."""

    id: str
    committed_s: int
    authored_s: int
    author: str
    subject: str
    body: str
    outcome: str
    agent: str


def answer_git(alma: ALMA, event: str, agent: str | None, commits: str) -> list[str]:
    """Learn from these commits (`ID`, or `ID..ID`), fold the journal in, and start a sync that nobody waits for.

    Returns a line for each thing that couldn't be done. Raises `InvalidInput` for commits named in another way.
    """
    told: list[str] = []
    reports = list(_reports(alma, agent, commits)) if event != "pre-push" else []
    info("%s: outcomes that commits tell: %d", event, len(reports))
    if reports:
        done = alma.learn_batch(enumerate(reports, start=1))
        told += [refused.error.message for refused in done.refused] + list(done.warnings)
    elif _waits(alma):
        alma.stats()  # opening the store folds the journal in
    start_sync(alma)
    return told


def start_sync(alma: ALMA) -> subprocess.Popen[bytes] | None:
    """Start a process that synchronises with the remote, and return it; None without a remote."""
    config = alma.config
    if not {"azure": config.azure.endpoint, "file": config.file.path}.get(config.storage, ""):
        return None
    info("a sync is started")
    return subprocess.Popen(
        [sys.executable, "-m", "alma_cli", "sync", "--dir", str(alma.project.root)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _reports(alma: ALMA, agent: str | None, commits: str) -> Iterator[Report | AlmaError]:
    if not commits:
        return
    if not _COMMITS.fullmatch(commits):
        raise InvalidInput("commits are named by their whole ids, as ID or ID..ID")
    for commit in _log(commits, most=_MOST_COMMITS if ".." in commits else 1):
        try:
            yield from _taught_by(alma, agent, commit)
        except AlmaError as error:
            yield error


def _taught_by(alma: ALMA, agent: str | None, commit: Commit) -> Iterator[Report]:
    """The outcomes that a commit reports: of the work before it, and of its own."""
    for reverted in _REVERTS.findall(commit.body):
        for failed in _log(reverted, most=1):
            if _REVERTS.search(failed.body):
                continue  # taking back a revert says nothing about the commit that was reverted at first
            why = _REVERTS.sub("", _prose(commit.body)).strip()
            yield Report(
                agent=agent_of(alma.config, failed.agent or agent),
                task=failed.subject[:_MAX_TEXT],
                outcome="failure",
                strategy=_prose(failed.body)[:_MAX_TEXT],
                error=f"reverted by {commit.id[:12]}{f': {why}' if why else ''}"[:_MAX_TEXT],
                at=_time(commit.committed_s),
                labels={"source": "git", "commit": failed.id[:12]},
                key=f"git/revert/{failed.id}",
            )
    if told := _OUTCOME.match(commit.outcome):
        said = Said.of(told[2])
        yield Report(
            agent=agent_of(alma.config, commit.agent or agent),
            task=commit.subject[:_MAX_TEXT],
            outcome=told[1].lower(),
            strategy=_prose(commit.body)[:_MAX_TEXT],
            when=said.when,
            do=said.do,
            feedback=said.why[:_MAX_TEXT],
            at=_time(commit.committed_s),
            labels={"source": "git", "commit": commit.id[:12]},
            key=f"git/outcome/{commit.authored_s}/{commit.author}/{commit.subject}",  # a rebase keeps it
        )


def _log(commits: str, *, most: int) -> list[Commit]:
    """The commits, newest first; none when git doesn't know them (in a shallow clone)."""
    command = ["git", "log", f"--max-count={most}", f"--format={_FORMAT}", commits, "--"]
    done = subprocess.run(command, capture_output=True, timeout=_GIT_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        return []
    found = []
    for entry in done.stdout.decode("utf-8", "replace").split("\x01"):
        parts = entry.lstrip("\n").split("\0")
        if len(parts) == 8:
            id, committed, authored, author, subject, body, outcome, agent = parts
            found.append(
                Commit(id, int(committed), int(authored), author, subject, body, outcome.strip(), agent.strip())
            )
    return found


def _prose(body: str) -> str:
    """A commit's text without the trailers at its end."""
    paragraphs = body.strip().split("\n\n")
    if paragraphs and not _TRAILER.sub("", paragraphs[-1]).strip():
        paragraphs.pop()
    return "\n\n".join(paragraphs).strip()


def _time(seconds: int) -> datetime | None:
    """The time of the commit; None (for now) if this machine's clock says that it is in the future."""
    try:
        at = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return at if at <= datetime.now(UTC) else None


def _waits(alma: ALMA) -> bool:
    try:
        return bool(os.listdir(alma.project.journal_dir))
    except OSError:
        return False
