"""Finds what overcame an error before: an outcome that met it, or what worked after one that met it and failed."""

from collections.abc import Collection, Sequence

from alma_cli.api.session import Session
from alma_cli.core.error_words import ALIKE, error_words, overlap
from alma_cli.core.records import Outcome
from alma_cli.core.scopes.visibility import View, views
from alma_cli.store import Reader

SESSION_LABEL = "session"
"""The label of an outcome that names the session in which it was learned."""

_NEAR_ENOUGH = 0.4
_TAKES_PLACE = 0.6
"""The nearness from which a success takes the place of the one before it in the session: that one didn't last."""
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
            (max(overlap(words, error_words(one)) for one in outcome.error.split("\n")), outcome.at, outcome)
            for outcome in reader.with_errors(seen, words, limit=_LOOKED_AT)
        ]
        for met, _, outcome in sorted(alike, key=lambda item: item[:2], reverse=True):
            if met < ALIKE:
                break
            known = _best_way(session, reader, seen, outcome)
            if known is not None and known.id not in without:
                return known
    return None


def _best_way(session: Session, reader: Reader, seen: Sequence[View], met: Outcome) -> Outcome | None:
    """The outcome that solved the problem of one that met an error: itself, unless it failed or another followed it.

    Of the successes nearest to it that is the one that came next in its session, or has its situation, or is near
    enough. Nearness is the mean of two cosines, of all that is compared and of the general words.
    """
    near = reader.worked_near(seen, met, limit=_NEAREST)
    following = _following(met, [outcome for outcome, _ in near])
    if met.outcome != "failure":  # only the one that came next can take its place
        near = [(outcome, cosine) for outcome, cosine in near if outcome is following]
    if not near:
        return None if met.outcome == "failure" else met
    vectors = session.vectors([_words(met), *(_words(outcome) for outcome, _ in near)])
    nearness = {
        outcome.id: (cosine + sum(a * b for a, b in zip(vectors[0], vector, strict=True))) / 2
        + _SAME_SESSION * (outcome is following)
        + (outcome.task_key == met.task_key)
        for (outcome, cosine), vector in zip(near, vectors[1:], strict=True)
    }
    if met.outcome != "failure":
        takes_its_place = following is not None and nearness[following.id] >= _TAKES_PLACE
        return following if takes_its_place else met
    best = max((outcome for outcome, _ in near), key=lambda outcome: (nearness[outcome.id], outcome.id))
    return best if nearness[best.id] >= _NEAR_ENOUGH else None


def _words(outcome: Outcome) -> str:
    return ", ".join(filter(None, (outcome.when, outcome.do))) or f"{outcome.task[:200]}, {outcome.strategy[:200]}"


def _following(met: Outcome, outcomes: Sequence[Outcome]) -> Outcome | None:
    """The first of the outcomes that came after one in its session."""
    session = met.labels.get(SESSION_LABEL)
    later = [one for one in outcomes if session and one.labels.get(SESSION_LABEL) == session and one.at > met.at]
    return min(later, key=lambda outcome: outcome.at, default=None)
