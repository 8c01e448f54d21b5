"""Learns from git's history: a revert is a failure, and an `Alma-Outcome:` trailer is the outcome that it names.

In a history that is read as such, a commit that a later one mends (`fixup!`, `Fixes:` and its id) worked in part.

A commit by itself is no success, and teaches nothing. What is learned has a key made from the history, so it counts
once, however often it is seen, and in however many clones: who wrote the commit, in which second, and how many of the
commits before it are of the same author and second. Amending and rebasing keep all three. Where a commit takes the
place of another and doesn't say any more what that one said, this is forgotten; said once more, it has another key.
"""

import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import groupby

from alma_cli.api import ALMA
from alma_cli.api.arguments import agent_of
from alma_cli.core.learning.reports import RESULT_WORD, Report, Said, result_of
from alma_cli.core.text import one_line
from alma_cli.errors import AlmaError, InvalidInput, StoreBusy
from alma_cli.files import remove_if_there
from alma_cli.flock import locked
from alma_cli.hooks.install.repository import PLAINLY
from alma_cli.logs import info
from alma_cli.project import FOLDER
from alma_cli.tracked import lasting_path

_COMMITS = re.compile(r"[0-9a-f]{40,64}(?:\.\.[0-9a-f]{40,64})?")
_REWRITTEN = re.compile(r"([0-9a-f]{40,64})\.\.\.([0-9a-f]{40,64})")
"""A note that the second of two commits took the place of the first."""

_REVERTS = re.compile(
    r"^[ \t]*(?:This (?:reverts|backs out) commit (?P<id>[0-9a-f]{4,64})\b"
    r"(?:,\s+reversing\s+changes\s+made\s+to\s+(?P<since>[0-9a-f]{4,64})\b)?"
    r"|(?:Reverts|This reverts merge request) \S*[#!](?P<number>\d+)\b).*$",
    re.MULTILINE | re.IGNORECASE,
)
"""The sentences of `git revert` (for a merge, and with `--reference`, too), of Jujutsu, of GitHub and of GitLab."""

_FIXES = re.compile(
    r"^[ \t]*Fix(?:es|ed)?:?[ \t]+(?:commit[ \t]+)?(?P<id>[0-9a-f]{7,64})\b", re.MULTILINE | re.IGNORECASE
)
"""The trailer of git's own and the kernel's history; a number of an issue is none."""

_FIXUP = re.compile(r"(?:(?:fixup|squash)! )+(?P<subject>.+)")
"""The subject of `git commit --fixup` and `--squash`, of one that was left as it was."""

_OUTCOME = re.compile(rf"{RESULT_WORD}[\s:;,-]*(.*)", re.IGNORECASE | re.DOTALL)
_NAMES_AN_OUTCOME = re.compile(r"^[ \t]*alma-outcome\b", re.MULTILINE | re.IGNORECASE)
_TRAILER = re.compile(r"^(?:[A-Za-z][A-Za-z0-9-]*[ \t]*: |(?i:alma-\w+)[ \t]*:).*(?:\n[ \t]+.*)*$", re.MULTILINE)
_FORMAT = (
    "%H%x00%P%x00%at%x00%ae%x00%s%x00%b%x00%(trailers:key=Alma-Outcome,valueonly,unfold)%x00"
    "%(trailers:key=Alma-Agent,valueonly)"
)
_PARTS = 8
"""The parts of a commit in that format; no message has a NUL, which stands between all of them."""
_UNKNOWN = ("bad object", "bad revision", "unknown revision", "ambiguous argument", "Invalid revision range")
_MOST_COMMITS = 200
_MOST_OF_HISTORY = 20_000
_MOST_OF_A_SECOND = 100
_GIT_TIMEOUT_S = 20
_PATIENCE_S = 600.0
_MAX_TEXT = 2000
_MOST_KEYS = 9
"""The number of times that an outcome can be told, taken back, and told again."""

_NOTED = "commits"
"""The file in `.alma/` where hooks note, line by line, what is to be done."""


@dataclass(frozen=True, slots=True)
class Commit:
    """The parts of a commit that can teach: `authored_s` is since 1970; `outcome` and `agent` come from trailers."""

    id: str
    parents: Sequence[str]
    authored_s: int
    author: str
    subject: str
    body: str
    outcome: str
    agent: str


def answer_git(alma: ALMA, event: str, agent: str | None, commits: str) -> list[str]:
    """Learn from these commits and from those that hooks noted, and synchronise with the remote.

    They are named as `ID`, `ID..ID` or, where one took another's place, `OLD...NEW`. Returns a line for each thing that
    couldn't be done. Raises `InvalidInput` for commits named in another way.
    """
    named = [commits] if commits and event != "pre-push" else []
    if named and not (_COMMITS.fullmatch(commits) or _REWRITTEN.fullmatch(commits)):
        raise _named_badly()
    told: list[str] = []
    with _noted(os.path.join(alma.project.root, FOLDER)) as noted:
        for is_rewritten, lines in groupby([*named, *noted], lambda line: bool(_REWRITTEN.fullmatch(line))):
            if is_rewritten:
                told += _follow(alma, agent, [*lines])
            elif reports := list(_reports(alma, agent, lines)):
                info("%s: outcomes that commits tell: %d", event, len(reports))
                told += _learn(alma, reports)
        if _waits(alma):
            alma.stats()  # opening the store folds the journal in
        told += _synchronise(alma)
    return told


def told_by_history(alma: ALMA, agent: str | None, commits: str) -> list[Report]:
    """The outcomes that the commits of a range tell, the oldest first, with the keys that the hooks give them.

    Raises `InvalidInput` for a range that git doesn't know.
    """
    name = one_line(commits, 60)
    if commits.startswith("-") or not commits.strip():
        raise InvalidInput(f"'{name}' names no commits", hint="such as HEAD, v1.0..HEAD or HEAD~100..")
    found = _log(commits, most=_MOST_OF_HISTORY)
    if not found:
        raise InvalidInput(f"git knows no commits '{name}' here", hint="such as HEAD, v1.0..HEAD or HEAD~100..")
    return [
        report
        for commit in reversed(found)
        for report in (*_taught_by(alma, agent, commit), *_told_by_mending(alma, agent, commit))
    ]


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


def _learn(alma: ALMA, reports: Sequence[Report | AlmaError]) -> list[str]:
    """Record the outcomes; what a commit says differently than before (it was amended) replaces what was learned."""
    done = alma.learn_batch(enumerate(reports, start=1))
    told = [refused.error.message for refused in done.refused] + list(done.warnings)
    for report in reports if done.duplicates or done.forgotten else ():
        if isinstance(report, AlmaError):
            continue
        try:
            for key, id in alma.told_under(report.agent, _keys(report)).items():
                if alma.memory(id).labels.get("message") != (report.labels or {}).get("message"):
                    told += alma.relearn(replace(report, key=key)).warnings
        except AlmaError:
            continue  # it was refused before, and told
    return told


def _follow(alma: ALMA, agent: str | None, rewritten: Sequence[str]) -> list[str]:
    """Forget what commits told and those that took their places don't tell any more; learn what is told once more.

    Of commits that were made into one, what each told stays, unless the one tells it now.
    """
    told: list[str] = []
    pairs = [line.split("...") for line in rewritten]
    made_of = Counter(new for _, new in pairs)
    for old, new in pairs:
        try:
            told += _replace(alma, agent, _log(old, most=1), _log(new, most=1), is_joined=made_of[new] > 1)
        except StoreBusy:
            raise  # the notes stay for the next
        except AlmaError as error:
            told.append(error.message)
    return told


def _replace(
    alma: ALMA, agent: str | None, old: Sequence[Commit], new: Sequence[Commit], *, is_joined: bool
) -> list[str]:
    """Forget what an old commit told and the new one doesn't, or learn what only the new one tells."""
    if [*map(_identity, old)] == [*map(_identity, new)]:
        return []
    before = [report for commit in old for report in _named_by(alma, agent, commit)]
    after = [report for commit in new for report in _named_by(alma, agent, commit)]
    still = {(report.agent, report.key) for report in after}
    if is_joined:
        is_gone = bool(after) and [one.outcome for one in old] == [one.outcome for one in new]
    else:
        is_gone = bool(after) or not any(_NAMES_AN_OUTCOME.search(one.body) for one in new)
    told: list[str] = []
    for report in before if new and is_gone else ():
        if (report.agent, report.key) not in still:
            found = alma.told_under(report.agent, _keys(report))
            told += alma.forget([*found.values()]).warnings if found else []
    for report in after if old and not before else ():
        keys = _keys(report)
        if not alma.told_under(report.agent, keys):
            learned = (alma.learn_report(replace(report, key=key)) for key in keys)
            told += next((one.warnings for one in learned if not one.forgotten), ())
    return told


def _keys(report: Report) -> list[str]:
    """The keys under which a report may be told: its own, then those that it has after it was taken back."""
    return [report.key, *(f"{report.key}/{again}" for again in range(2, _MOST_KEYS + 1))]


def _synchronise(alma: ALMA) -> list[str]:
    config = alma.config
    if not {"azure": config.azure.endpoint, "file": config.file.path}.get(config.storage, ""):
        return []
    try:
        return alma.sync().warnings
    except AlmaError as error:
        return [f"not synchronised: {error.message}"]


def _reports(alma: ALMA, agent: str | None, named: Iterable[str]) -> Iterator[Report | AlmaError]:
    for commits in named:
        if not _COMMITS.fullmatch(commits):
            yield _named_badly()
            continue
        try:
            for commit in _log(commits, most=_MOST_COMMITS if ".." in commits else 1):
                yield from _taught_by(alma, agent, commit)
                if not commit.outcome and _NAMES_AN_OUTCOME.search(commit.body):
                    yield InvalidInput(f"{commit.id[:12]}: Alma-Outcome is no trailer there: it has to end the message")
                elif commit.outcome and not _OUTCOME.match(commit.outcome):
                    said = one_line(commit.outcome, 60)
                    yield InvalidInput(f"{commit.id[:12]}: Alma-Outcome is none of success, failure, partial: {said}")
        except AlmaError as error:
            yield error


def _taught_by(alma: ALMA, agent: str | None, commit: Commit) -> Iterator[Report]:
    """The outcomes that a commit reports: of the work before it, and of its own."""
    for failed in _reverted_by(commit):
        if _REVERTS.search(failed.body):
            continue  # taking back a revert says nothing about the commit that was reverted at first
        why = _REVERTS.sub("", _prose(commit.body)).strip()
        yield Report(
            agent=agent_of(alma.config, failed.agent or agent),
            task=failed.subject[:_MAX_TEXT],
            outcome="failure",
            strategy=_prose(failed.body)[:_MAX_TEXT],
            error=f"reverted by {commit.id[:12]}{f': {why}' if why else ''}"[:_MAX_TEXT],
            at=_time(commit.authored_s),
            labels={"source": "git", "commit": failed.id[:12], "message": _digest(commit)},
            key=f"git/revert/{_place(failed)}",
        )
    yield from _named_by(alma, agent, commit)


def _named_by(alma: ALMA, agent: str | None, commit: Commit) -> Iterator[Report]:
    """The outcome that a commit's trailer names, if it has one."""
    if told := _OUTCOME.match(commit.outcome):
        said = Said.of(told[2])
        yield Report(
            agent=agent_of(alma.config, commit.agent or agent),
            task=commit.subject[:_MAX_TEXT],
            outcome=result_of(told[1]),
            strategy=_prose(commit.body)[:_MAX_TEXT],
            when=said.when,
            do=said.do,
            feedback=said.why[:_MAX_TEXT],
            at=_time(commit.authored_s),
            labels={"source": "git", "commit": commit.id[:12], "message": _digest(commit)},
            key=f"git/outcome/{_place(commit)}",
        )


def _told_by_mending(alma: ALMA, agent: str | None, commit: Commit) -> Iterator[Report]:
    """The outcomes of commits that this one mends: each worked in part, once, however often it is mended."""
    for mended in _mended_by(commit):
        how = _FIXES.sub("", _prose(commit.body)).strip() if _FIXUP.match(commit.subject) else commit.subject
        yield Report(
            agent=agent_of(alma.config, mended.agent or agent),
            task=mended.subject[:_MAX_TEXT],
            outcome="partial",
            strategy=_prose(mended.body)[:_MAX_TEXT],
            error=f"mended by {commit.id[:12]}{f': {how}' if how else ''}"[:_MAX_TEXT],
            at=_time(commit.authored_s),
            labels={"source": "git", "commit": mended.id[:12]},
            key=f"git/mended/{_place(mended)}",
        )


def _mended_by(commit: Commit) -> Iterator[Commit]:
    """The commits that this one mends, by their ids or, for one that was to be squashed, by its subject."""
    before = commit.parents[:1]
    for found in _FIXES.finditer(commit.body):
        yield from _log(found["id"], most=1)
    if before and (fixup := _FIXUP.match(commit.subject)):
        subject = fixup["subject"]
        candidates = _log(before[0], "--fixed-strings", f"--grep={subject}", most=_MOST_COMMITS)
        yield from [one for one in candidates if one.subject == subject][:1]


def _reverted_by(commit: Commit) -> Iterator[Commit]:
    """The commits that this one takes back; of a merge those that it brought."""
    for found in _REVERTS.finditer(commit.body):
        for failed in _log(found["id"], most=1) if found["id"] else _merged_as(found["number"], commit):
            if len(failed.parents) > 1:
                brought = f"{found['since'] or failed.parents[0]}..{failed.id}"
                yield from _log(brought, "--no-merges", most=_MOST_COMMITS)
            else:
                yield failed


def _merged_as(number: str, before: Commit) -> list[Commit]:
    """The newest commit by which this pull request or merge request came, before another commit; or none."""
    if not before.parents:
        return []
    names = rf"\(#{number}\)$|^Merge pull request #{number} |^See merge request [^ ]*!{number}$"
    candidates = _log(before.parents[0], "--extended-regexp", f"--grep={names}", most=20)
    known = re.compile(names, re.MULTILINE)
    return [one for one in candidates if known.search(f"{one.subject}\n{one.body}")][:1]


def _digest(commit: Commit) -> str:
    """A short digest of a commit's message."""
    return blake2b(f"{commit.subject}\0{commit.body}".encode(), digest_size=4).hexdigest()


def _identity(commit: Commit) -> tuple[str, str, int]:
    """The message, author and time of a commit: two with the same tell the same."""
    return _digest(commit), commit.author, commit.authored_s


def _place(commit: Commit) -> str:
    """The identity of a commit, which it keeps when it is amended, rebased or picked for another branch."""
    times = f"--format={commit.authored_s}%x00{commit.author}%x00%at%x00%ae"
    lines = _git("log", f"--max-count={_MOST_OF_A_SECOND}", times, commit.id, "--").splitlines()
    same = sum(written[:2] == written[2:] for written in (line.split("\0") for line in lines[1:]))
    return f"{commit.authored_s}/{commit.author}/{same}"


def _log(commits: str, *options: str, most: int) -> list[Commit]:
    """The commits, newest first; none when git doesn't know them (in a shallow clone). Raises `AlmaError`."""
    parts = _git("log", "-z", f"--max-count={most}", f"--format={_FORMAT}", *options, commits, "--").split("\0")
    found = []
    for start in range(0, len(parts) - _PARTS + 1, _PARTS):
        id, parents, authored, author, *texts = (part.strip() for part in parts[start : start + _PARTS])
        subject, body, outcomes, agents = texts
        last = [trailers.rpartition("\n")[2] for trailers in (outcomes, agents)]  # the last word holds
        found.append(Commit(id, parents.split(), int(authored), author, subject, body, *last))
    return found


def _git(*words: str) -> str:
    """The answer of git, with plain line ends; nothing of what it doesn't know. Raises `AlmaError` with its words."""
    try:
        done = subprocess.run(
            ["git", *PLAINLY, *words],
            capture_output=True, timeout=_GIT_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C", "PATH": lasting_path()},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AlmaError(f"git doesn't answer: {error}") from error
    said = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode and not any(known in said for known in _UNKNOWN):
        raise AlmaError(f"git {words[0]} failed: {said}")
    return "" if done.returncode else done.stdout.decode("utf-8", "replace").replace("\r\n", "\n")


def _prose(body: str) -> str:
    """A commit's text without the trailers at its end."""
    paragraphs = re.split(r"\n[ \t]*\n", body.strip())
    if not _TRAILER.sub("", paragraphs[-1]).strip():
        paragraphs.pop()
    return "\n\n".join(paragraphs).strip()


def _time(seconds: int) -> datetime | None:
    """The time of the commit; None (for now) if this machine's clock says that it is in the future."""
    try:
        at = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return at if at <= datetime.now(UTC) else None


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
