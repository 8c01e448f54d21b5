"""`alma stats`: how much is remembered."""

from dataclasses import asdict
from typing import Annotated

from alma_cli.cli.inputs import Memory
from alma_cli.cli.options import option
from alma_cli.cli.output import Reply, Table
from alma_cli.core.learning.effect import Effect
from alma_cli.core.text import counted


def stats(
    alma: Memory,
    effect: Annotated[
        bool, option("--effect", "How turns ended with memories, and without (retrieval.holdout).")
    ] = False,
) -> Reply:
    """Count what is remembered, by agent, domain and kind; or tell what remembering changes.

    \b
    Examples:
      alma stats
      alma stats --json | jq .data.total
      alma stats --effect
    """
    if effect:
        return _effect(alma.effect())
    found = alma.stats()
    total = sum(tally.count for tally in found.tallies)
    rows = [
        (tally.agent, tally.domain, tally.kind.replace("_", "-"), f"{tally.count:,}", f"{tally.archived:,}")
        for tally in found.tallies
    ]
    headings = ("agent", "domain", "kind", "count", "archived")
    told = [f"{counted(total, 'record', 'records')}, {found.forgotten:,} forgotten, {found.store_bytes / 1e6:.1f} MB"]
    if found.waiting:
        told.append(f"{counted(found.waiting, 'write waits', 'writes wait')} in the journal")
    return Reply(
        data={
            "total": total,
            "forgotten": found.forgotten,
            "waiting": found.waiting,
            "store_bytes": found.store_bytes,
            "models": dict(found.models),
            "outcomes": {agent: dict(results) for agent, results in found.results.items()},
            "tallies": [asdict(tally) for tally in found.tallies],
        },
        tables=[Table(headings=headings, rows=rows, flexible=[0, 1])] if rows else [],
        told=told,
        warnings=found.warnings,
    )


def _effect(effect: Effect) -> Reply:
    """How turns ended that were shown memories, and those from which fitting ones were withheld."""
    rows = [
        (
            name,
            f"{one.outcomes:,}",
            f"{one.worked:g}",
            _share(one.rate),
            f"{_share(one.bounds.lower)} to {_share(one.bounds.upper)}",
        )
        for name, one in (("shown", effect.shown), ("withheld", effect.withheld))
        if one.outcomes
    ]
    if effect.difference is None:
        told = "nothing to compare yet: set retrieval.holdout to 0.1, and a tenth of the sessions go without memories"
    else:
        points, low, high = (100 * number for number in effect.difference)
        told = f"with memories {points:+.1f} points ({low:+.1f} to {high:+.1f}, 95%)"
    headings = ("memories", "turns", "worked", "share", "95%")
    return Reply(
        data=effect.to_json(),
        tables=[Table(headings=headings, rows=rows, flexible=[0])] if rows else [],
        told=[told],
    )


def _share(rate: float | None) -> str:
    return "" if rate is None else f"{100 * rate:.0f}%"
