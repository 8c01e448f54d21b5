"""Tells of a batch of lines: what became of them, and why some were refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from alma_cli.api.learn import BatchLearned, Refused
from alma_cli.cli.output import Reply, error_json
from alma_cli.core.text import SHORT_ID, counted
from alma_cli.errors import AlmaError, PartialFailure, ScopeViolation

if TYPE_CHECKING:
    from alma_cli.api.transfer import Imported

_LISTED, _LISTED_OF_ONE = 100, 10
"""Refused lines that are told of: in all, and with one message."""


def batch_reply(told: Sequence[str], done: BatchLearned | Imported, **counts: int) -> Reply:
    """The reply about a batch: these counts, and the lines that were refused, with the error for them."""
    refused = _listed(done.refused)
    more = len(done.refused) - len(refused)
    lines = [f"line {one.line}: {one.error.message}" for one in refused]
    lines += [f"and {counted(more, 'other line', 'other lines')}"] if more else []
    return Reply(
        data={**counts, "refused": [{"line": one.line, **error_json(one.error)} for one in refused]},
        told=[*told, *lines],
        warnings=[*_differing(done.differing), *done.warnings],
        error=refusal([one.error for one in done.refused], has_rest=any(counts.values())),
    )


def forgotten_line(count: int) -> list[str]:
    """The line about what was given and had been forgotten, if there was any."""
    return [counted(count, "had been forgotten and stays so", "had been forgotten and stay so")] if count else []


def _differing(ids: Sequence[str]) -> list[str]:
    """A line about what was there with other words than it was given."""
    if not ids:
        return []
    said = counted(
        len(ids),
        "that was there says something else here, and stays",
        "that were there say something else here, and stay",
    )
    named = ", ".join(id[:SHORT_ID] for id in ids[:_LISTED_OF_ONE]) + (", ..." if len(ids) > _LISTED_OF_ONE else "")
    return [f"{said}: {named} (`alma correct` changes one)"]


def refusal(errors: list[AlmaError], *, has_rest: bool) -> AlmaError | None:
    """The error of a batch of which these lines were refused, and others perhaps not; none without any."""
    if not errors:
        return None
    lines = counted(len(errors), "line was", "lines were")
    rest = "; the rest is kept" if has_rest else ""
    if all(isinstance(error, ScopeViolation) for error in errors):
        return ScopeViolation(f"{lines} refused by the agents' scopes{rest}", hint=errors[0].hint)
    hint = next((error.hint for error in errors if error.hint), "")
    return PartialFailure(f"{lines} refused{rest}", hint=hint)


def _listed(refused: Sequence[Refused]) -> list[Refused]:
    """The refusals to tell of, a few of each message."""
    listed: list[Refused] = []
    told = Counter[str]()
    for one in refused:
        if told[one.error.message] < _LISTED_OF_ONE and len(listed) < _LISTED:
            told[one.error.message] += 1
            listed.append(one)
    return listed
