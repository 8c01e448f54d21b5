"""Learns from history: a revert is a failure, and an `Alma-Outcome:` trailer is the outcome that it names.

In a history that is read as such, a commit that a later one mends (`fixup!`, `Fixes:` and its id) worked in part.
A commit by itself is no success, and teaches nothing. What is learned has a key made from the commit's place, so it
counts once, however often it is seen, and in however many clones.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from alma_cli.api import ALMA
from alma_cli.api.arguments import agent_of
from alma_cli.core.learning.reports import RESULT_WORD, Report, Said, result_of
from alma_cli.core.text import one_line
from alma_cli.errors import AlmaError, InvalidInput
from alma_cli.hooks.commits import Commit, is_empty_range, of_project, place_of, read_commits, remote_names

_IDS = r"[`'\"\[<(]?[0-9a-f]{4,64}\b[`'\"]?(?:,?[ \t]*(?:and\b)?[ \t]*\n?[ \t]*[`'\"]?[0-9a-f]{7,64}\b[`'\"]?)*"
_ID = re.compile(r"\b[0-9a-f]{4,64}\b", re.IGNORECASE)
_REVERTS = re.compile(
    r"^[ \t]*(?:(?:(?:This )?(?:(?:commit|change) )?(?:revert(?:s|ed)?|back(?:s|ed)? out):? (?:the )?"
    r"(?:(?:commits?|changesets?):?\s+(?:https?://\S+/)?"
    r"|(?=[`'\"]?(?=[a-f]*\d)[0-9a-f]{7}))|(?:Summary: )?Original commit changeset: )"
    rf"(?P<ids>{_IDS})(?:,\s+reversing\s+changes\s+made\s+to\s+(?P<since>[0-9a-f]{{4,64}})\b)?"
    r"|(?:Reverts|This reverts merge request) (?P<of>\S*)[#!](?P<number>\d+)\b).*$",
    re.MULTILINE | re.IGNORECASE,
)
"""The sentences of `git revert` (for a merge, of several, and with `--reference`, too), of Jujutsu, Sapling, GitHub,
GitLab and Azure DevOps, and those that people write."""
_REVERTING = re.compile(r"revert(?:\([^)]*\))?!?:", re.IGNORECASE)
_REFS = re.compile(rf"^Refs?:[ \t]+(?P<ids>{_IDS})(?P<since>(?!))?.*$", re.MULTILINE | re.IGNORECASE)
"""The subject of a revert by the rules of Conventional Commits, and the trailer that names what it takes back."""
_QUOTED = re.compile(
    r"^(?:>.*|Original change's description:.*|Reason for revert: <INSERT REASONING HERE>.*)$", re.MULTILINE
)
"""The lines of Gerrit and Chromium that quote the commit which is taken back, or say nothing."""
_FIXES = re.compile(
    r"^[ \t]*Fix(?:es|ed)?:?[ \t]+(?:commit[ \t]+)?(?P<id>[0-9a-f]{7,64})\b", re.MULTILINE | re.IGNORECASE
)
"""The trailer of git's own and the kernel's history; a number of an issue is none."""
_FIXUP = re.compile(r"(?:(?:fixup|squash)! )+(?P<subject>.+)")
"""The subject of `git commit --fixup` and `--squash`, of one that was left as it was."""
_OUTCOME = re.compile(rf"{RESULT_WORD}[\s:;,-]*(.*)", re.IGNORECASE | re.DOTALL)
_MOST_COMMITS = 200
_MOST_OF_HISTORY = 20_000
_MAX_TEXT = 2000


def told_by_history(alma: ALMA, agent: str | None, commits: str) -> list[Report]:
    """The outcomes that the commits of a range tell, the oldest first, with the keys that the hooks give them.

    Raises `InvalidInput` for a range that git doesn't know.
    """
    name = one_line(commits, 60)
    if commits.startswith("-") or not commits.strip():
        raise InvalidInput(f"'{name}' names no commits", hint="such as HEAD, v1.0..HEAD or HEAD~100..")
    with of_project(str(alma.project.root)):
        found = read_commits(commits, most=_MOST_OF_HISTORY)
        if not found and not is_empty_range(commits):
            raise InvalidInput(f"git knows no commits '{name}' here", hint="such as HEAD, v1.0..HEAD or HEAD~100..")
        return [
            report
            for commit in reversed(found)
            for report in (*_taught_by(alma, agent, commit), *_told_by_mending(alma, agent, commit))
        ]


def told_by_commits(alma: ALMA, agent: str | None, commits: str) -> Iterator[Report | AlmaError]:
    """The outcomes that a commit or a range of commits tells, and an error for each that is named wrongly."""
    try:
        for commit in read_commits(commits, most=_MOST_COMMITS if ".." in commits else 1):
            yield from _taught_by(alma, agent, commit)
            if not commit.outcome and commit.names_an_outcome:
                yield InvalidInput(f"{commit.id[:12]}: Alma-Outcome is no trailer there: it has to end the message")
            elif commit.outcome and not _OUTCOME.match(commit.outcome):
                said = one_line(commit.outcome, 60)
                yield InvalidInput(f"{commit.id[:12]}: Alma-Outcome is none of success, failure, partial: {said}")
    except AlmaError as error:
        yield error


def named_outcomes(alma: ALMA, agent: str | None, commit: Commit) -> Iterator[Report]:
    """The outcome that a commit's trailer names, if it has one."""
    if told := _OUTCOME.match(commit.outcome):
        said = Said.of(told[2])
        yield Report(
            agent=agent_of(alma.config, commit.agent or agent),
            task=commit.subject[:_MAX_TEXT],
            outcome=result_of(told[1]),
            strategy=commit.prose[:_MAX_TEXT],
            when=said.when,
            do=said.do,
            feedback=said.why[:_MAX_TEXT],
            at=_time(commit.authored),
            labels={"source": "git", "commit": commit.id[:12], "message": commit.digest},
            key=f"git/outcome/{place_of(commit)}",
        )


def _taught_by(alma: ALMA, agent: str | None, commit: Commit) -> Iterator[Report]:
    """The outcomes that a commit reports: of the work before it, and of its own."""
    for failed in _reverted_by(commit):
        if any(_takes_back(failed)):
            continue  # taking back a revert says nothing about the commit that was reverted at first
        why = _QUOTED.sub("", _REVERTS.sub("", commit.prose)).strip()
        yield Report(
            agent=agent_of(alma.config, failed.agent or agent),
            task=failed.subject[:_MAX_TEXT],
            outcome="failure",
            strategy=failed.prose[:_MAX_TEXT],
            error=f"reverted by {commit.id[:12]}{f': {why}' if why else ''}"[:_MAX_TEXT],
            at=_time(commit.authored),
            labels={"source": "git", "commit": failed.id[:12], "message": commit.digest},
            key=f"git/revert/{place_of(failed)}",
        )
    yield from named_outcomes(alma, agent, commit)


def _told_by_mending(alma: ALMA, agent: str | None, commit: Commit) -> Iterator[Report]:
    """The outcomes of commits that this one mends: each worked in part, once, however often it is mended."""
    for mended in _mended_by(commit):
        how = _FIXES.sub("", commit.prose).strip() if _FIXUP.match(commit.subject) else commit.subject
        yield Report(
            agent=agent_of(alma.config, mended.agent or agent),
            task=mended.subject[:_MAX_TEXT],
            outcome="partial",
            strategy=mended.prose[:_MAX_TEXT],
            error=f"mended by {commit.id[:12]}{f': {how}' if how else ''}"[:_MAX_TEXT],
            at=_time(commit.authored),
            labels={"source": "git", "commit": mended.id[:12]},
            key=f"git/mended/{place_of(mended)}",
        )


def _mended_by(commit: Commit) -> Iterator[Commit]:
    """The commits that this one mends, by their ids or, for one that was to be squashed, by its subject."""
    before = commit.parents[:1]
    for found in _FIXES.finditer(commit.body):
        yield from read_commits(found["id"], most=1)
    if before and (fixup := _FIXUP.match(commit.subject)):
        subject = fixup["subject"]
        candidates = read_commits(before[0], "--fixed-strings", f"--grep={subject}", most=_MOST_COMMITS)
        yield from [one for one in candidates if one.subject == subject][:1]


def _reverted_by(commit: Commit) -> Iterator[Commit]:
    """The commits that this one takes back, once each; of a merge those that it brought."""
    seen = set()
    for found in _takes_back(commit):
        named = [one for id in _ID.findall(found["ids"]) for one in read_commits(id, most=1)] if found["ids"] else None
        for failed in _merged_as(found, commit) if named is None else named:
            if failed.id in seen:
                continue
            seen.add(failed.id)
            if len(failed.parents) > 1:
                brought = f"{found['since'] or failed.parents[0]}..{failed.id}"
                yield from read_commits(brought, "--no-merges", most=_MOST_COMMITS)
            else:
                yield failed


def _takes_back(commit: Commit) -> Iterator[re.Match[str]]:
    """The places of a message that name what it takes back."""
    yield from _REVERTS.finditer(f"{commit.subject}\n{commit.body}")
    if _REVERTING.match(commit.subject):
        yield from _REFS.finditer(commit.body)


def _merged_as(request: re.Match[str], before: Commit) -> list[Commit]:
    """The newest commit by which this pull request or merge request came, before another commit; or none.

    A number of another repository is none of ours; of one whose name changed, it is with the title that is quoted.
    """
    name, number = request["of"].rpartition("/")[2].lower(), request["number"]
    if not before.parents:
        return []
    names_here = remote_names() if name else set()
    is_named = not names_here or name in names_here
    names = rf"\(#{number}\)$|^Merge pull request #{number} |^See merge request [^ ]*!{number}$"
    candidates = read_commits(before.parents[0], "--extended-regexp", f"--grep={names}", most=20)
    known = re.compile(names, re.MULTILINE)
    found = [one for one in candidates if known.search(f"{one.subject}\n{one.body}")][:1]
    return [one for one in found if is_named or _quotes(before, one)]


def _quotes(revert: Commit, reverted: Commit) -> bool:
    """True where the subject of a revert quotes that of the commit, or the title of the request that it merged."""
    titles = (reverted.subject, reverted.body.strip().partition("\n")[0])
    return any(title and f'"{title}"' in revert.subject for title in titles)


def _time(seconds: str) -> datetime | None:
    """The time of the commit; None (for now) if it has none, or one that is in the future by this machine's clock."""
    try:
        at = datetime.fromtimestamp(int(seconds), UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return at if at <= datetime.now(UTC) else None
