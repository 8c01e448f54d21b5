"""Pushes what the remote lacks: pending records, then tombstones.

Every write is conditional. A document that clashes is read, merged and tried again; the remote's answer is stored last,
so a crash costs a repeat.
"""

from collections.abc import Sequence
from functools import partial

from alma_cli.core.replication.merge import Version
from alma_cli.core.text import counted
from alma_cli.errors import ClockAhead
from alma_cli.store import Pending, PendingCounts, Position, PushFilter, Writer
from alma_cli.sync.exchange import Prepared, exchange_all, write_of
from alma_cli.sync.report import Context

_ROUNDS = 5
"""The number of tries after a clash: more would help only against writers that never rest."""

_MOST_AHEAD_S = 300
_SHOWN_AHEAD_S = 60


def push(context: Context) -> PendingCounts:
    """Push all that is pending (of the agents asked for), and return what is left."""
    wanted = context.push_filter()
    with context.store.writing() as writer:
        counts = writer.outgoing.counts(context.project_id)
    if counts.total:
        _check_clock(context)
    left = counts
    for _ in range(_ROUNDS):
        if not _of_agents(left, wanted):
            break
        left = _push_once(context, wanted)
    return left


def restamp(context: Context) -> None:
    """Stamp anew what a clock that was ahead stamped, and give it the present time."""
    with context.store.writing() as writer:
        given = writer.outgoing.restamp(now_ms=context.store.now_ms())
        if given:
            writer.derive_all()
    context.explain(f"{counted(given, 'memory was', 'memories were')} stamped anew by the present clock")


def _push_once(context: Context, wanted: PushFilter) -> PendingCounts:
    """Push everything that is pending now, and return what is left."""
    left: list[PendingCounts] = []

    def next_pending(writer: Writer, after: Position) -> tuple[list[Pending], Position]:
        writer.outgoing.end_grace()
        return writer.outgoing.pending(wanted, after)

    exchange_all(
        context,
        next_pending,
        partial(_prepared, context),
        "pushed",
        at_end=lambda writer: left.append(writer.outgoing.counts(context.project_id)),
    )
    return left[0]


def _of_agents(counts: PendingCounts, wanted: PushFilter) -> int:
    return sum(count for agent, count in counts.by_agent.items() if wanted.agents is None or agent in wanted.agents)


def _prepared(context: Context, portion: Sequence[Pending]) -> list[Prepared]:
    """The writes. Records with a credential are left out, and come again once it has been taken out of them."""
    records = [one.state.record for one in portion if isinstance(one.state, Version)]
    redacted = context.redact(records)
    return [write_of(context, one) for one in portion if one.state.id not in redacted]


def _check_clock(context: Context) -> None:
    """Raise `ClockAhead` when a stamp of ours lies in the future of the remote's clock."""
    server = context.remote.server_time
    if server is None:
        return
    with context.store.writing() as writer:
        ours_ms = writer.outgoing.latest_stamp().wall_ms
    ahead_s = ours_ms / 1000 - server.timestamp()
    if ahead_s <= _MOST_AHEAD_S:
        return
    own_ahead_s = context.store.now_ms() / 1000 - server.timestamp()
    remedy = "run `alma sync --restamp`, which stamps what waits by the present clock"
    if own_ahead_s > _SHOWN_AHEAD_S:
        remedy = f"set this machine's clock right (it is {own_ahead_s:,.0f} s ahead), then {remedy}"
    raise ClockAhead(
        f"nothing was pushed: what was recorded here is stamped {ahead_s:,.0f} s in the future, "
        f"by the clock of {context.remote.name}",
        hint=remedy,
    )


def tell_left(context: Context, left: PendingCounts) -> None:
    """Tell what is still pending, and why."""
    report, wanted = context.report, context.push_filter()
    report.pending = left.total
    if left.blocked:
        report.warn(
            f"{counted(left.blocked, 'memory was', 'memories were')} not pushed, "
            "because the remote's documents of them can't be read: "
            "see `alma sync status`"
        )
    if _of_agents(left, wanted):
        report.warn(
            f"{counted(_of_agents(left, wanted), 'memory is', 'memories are')} still to be pushed: "
            "run `alma sync` again"
        )
