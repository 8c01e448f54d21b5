"""Finds what overcame an error before: an outcome that met it, or what worked after one that met it and failed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from alma_cli.api.session import Session
from alma_cli.core.error_words import error_words, likeness
from alma_cli.core.records import Outcome
from alma_cli.core.scopes.visibility import View, views
from alma_cli.store import Reader

SESSION_LABEL = "session"
"""The label of an outcome that names the session in which it was learned."""

_ALIKE = 0.35
"""The share of words in common from which two error lines say the same."""
_NEAR_ENOUGH = 0.4
_SAME_SESSION = 0.1
_LOOKED_AT = 200
_NEAREST = 12


def overcome(session: Session, line: str, agent: str, *, without: Collection[str] = ()) -> Outcome | None:
    """The outcome that tells how an error with this line was overcome; None if nobody knows.

    Outcomes with an id in `without` are left out.
    """
    words = error_words(line)
    if not words:
        return None
    seen = views(session.config.scope_for(agent), session.config.agents)
    with session.store().reading() as reader:
        alike = [
            (_likeness(words, outcome), outcome.at, outcome)
            for outcome in reader.with_errors(seen, words, limit=_LOOKED_AT)
            if outcome.id not in without
        ]
        for met, _, outcome in sorted(alike, key=lambda item: item[:2], reverse=True):
            if met < _ALIKE:
                break
            if outcome.outcome != "failure":
                return outcome
            worked = _worked_instead(session, reader, seen, outcome)
            if worked is not None and worked.id not in without:
                return worked
    return None


def _likeness(words: frozenset[str], outcome: Outcome) -> float:
    return max(likeness(words, error_words(line)) for line in outcome.error.split("\n"))


def _worked_instead(session: Session, reader: Reader, seen: Sequence[View], failed: Outcome) -> Outcome | None:
    """Of the successes nearest to an outcome that failed, the one that solved its problem most likely.

    Nearness is the mean of two cosines, of all that is compared and of the general words; what came next in the same
    session counts a little more.
    """
    near = reader.worked_near(seen, failed, limit=_NEAREST)
    if not near:
        return None
    vectors = session.vectors([_words(failed), *(_words(outcome) for outcome, _ in near)])
    following = _following(failed, [outcome for outcome, _ in near])
    best = max(
        (
            (cosine + sum(a * b for a, b in zip(vectors[0], vector, strict=True))) / 2
            + _SAME_SESSION * (outcome is following),
            outcome.id,
            outcome,
        )
        for (outcome, cosine), vector in zip(near, vectors[1:], strict=True)
    )
    same_words = [outcome for outcome, _ in near if outcome.task_key == failed.task_key]
    if same_words:
        return same_words[0]
    return best[2] if best[0] >= _NEAR_ENOUGH else None


def _words(outcome: Outcome) -> str:
    return ", ".join(filter(None, (outcome.when, outcome.do))) or f"{outcome.task[:200]}, {outcome.strategy[:200]}"


def _following(failed: Outcome, outcomes: Sequence[Outcome]) -> Outcome | None:
    """The first of the outcomes that came after the failed one in its session."""
    session = failed.labels.get(SESSION_LABEL)
    later = [one for one in outcomes if session and one.labels.get(SESSION_LABEL) == session and one.at > failed.at]
    return min(later, key=lambda outcome: outcome.at, default=None)
