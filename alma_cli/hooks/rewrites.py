"""Follows rewritten commits: what they said before is replaced by what they say now.

Where a commit takes the place of another and doesn't say any more what that one said, this is forgotten; said once
more, it has another key.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from alma_cli.api import ALMA
from alma_cli.core.learning.reports import Report
from alma_cli.errors import AlmaError, StoreBusy
from alma_cli.hooks.commits import Commit, read_commits
from alma_cli.hooks.history import named_outcomes

_REWRITTEN = re.compile(r"[0-9a-f]{40,64}\.\.\.[0-9a-f]{40,64}")
_MOST_KEYS = 9
"""The number of times that an outcome can be told, taken back, and told again."""


def is_rewrite(note: str) -> bool:
    """True for a note that the second of two commits took the place of the first."""
    return bool(_REWRITTEN.fullmatch(note))


def follow(alma: ALMA, agent: str | None, rewritten: Sequence[str]) -> list[str]:
    """Forget what commits told and those that took their places don't tell any more; learn what is told once more.

    Of commits that were made into one, what each told stays, unless the one tells it now.
    """
    told: list[str] = []
    pairs = [line.split("...") for line in rewritten]
    made_of = Counter(new for _, new in pairs)
    for old, new in pairs:
        try:
            before, after = (read_commits(commit, most=1) for commit in (old, new))
            told += _replace(alma, agent, before, after, is_joined=made_of[new] > 1)
        except StoreBusy:
            raise  # the notes stay for the next
        except AlmaError as error:
            told.append(error.told)
    return told


def _replace(
    alma: ALMA, agent: str | None, old: Sequence[Commit], new: Sequence[Commit], *, is_joined: bool
) -> list[str]:
    """Forget what an old commit told and the new one doesn't, or learn what only the new one tells."""
    if [one.identity for one in old] == [one.identity for one in new]:
        return []
    before = [report for commit in old for report in named_outcomes(alma, agent, commit)]
    after = [report for commit in new for report in named_outcomes(alma, agent, commit)]
    still = {(report.agent, report.key) for report in after}
    if is_joined:
        is_gone = bool(after) and [one.outcome for one in old] == [one.outcome for one in new]
    else:
        is_gone = bool(after) or not any(one.names_an_outcome for one in new)
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


def tell_anew(alma: ALMA, reports: Iterable[Report]) -> list[str]:
    """Replace what was learned of commits that say something else by now: they were amended."""
    told: list[str] = []
    for report in reports:
        try:
            for key, id in alma.told_under(report.agent, _keys(report)).items():
                if alma.memory(id).labels.get("message") != (report.labels or {}).get("message"):
                    told += alma.relearn(replace(report, key=key)).warnings
        except AlmaError:
            continue  # it was refused before, and told
    return told


def _keys(report: Report) -> list[str]:
    """The keys under which a report may be told: its own, then those that it has after it was taken back."""
    return [report.key, *(f"{report.key}/{again}" for again in range(2, _MOST_KEYS + 1))]
