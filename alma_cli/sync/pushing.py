"""What the remote lacks: pending records and tombstones, then vectors, then derived memories for its readers.

Every write is conditional. What clashes is read, merged and tried again; the remote's answer is stored last, so a crash
costs a repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alma_cli.core.documents import encode, encode_derived, encode_retired
from alma_cli.core.merge import content_hash
from alma_cli.errors import AlmaError, ClockAhead
from alma_cli.remote.base import Clash, Result, TooLarge, Write, Written
from alma_cli.store.arrivals import Document, Pushed
from alma_cli.store.membership import latest_stamp, restamp
from alma_cli.store.pending import (
    Pending,
    PendingCounts,
    PendingDerived,
    Wanted,
    pending_counts,
    pending_derived,
    pending_records,
    pending_tombstones,
    records_without_vector,
    retired_derived,
)
from alma_cli.store.remembered import forget_documents
from alma_cli.sync.incoming import read
from alma_cli.sync.pulling import absorb

if TYPE_CHECKING:
    from alma_cli.sync.report import Context

_PORTION = 500
_ROUNDS = 5
"""How often what clashed is tried again: more only helps against writers that never rest."""

_MOST_AHEAD_S = 300
_SHOWN_AHEAD_S = 60


def push(context: Context) -> PendingCounts:
    """Push all that is pending (of the agents asked for), and return what is left."""
    wanted = _wanted(context)
    with context.store.writing() as connection:
        if context.options.restamp:
            given = restamp(connection, now_ms=context.store.now_ms())
            context.explain(f"{given:,} pending memories were stamped anew by the present clock")
        counts = pending_counts(connection, context.project_id)
    if counts.total:
        _check_clock(context)
    left = counts
    for _ in range(_ROUNDS):
        if not _of_agents(left, wanted):
            break
        for portion in _pending(context, wanted):
            _send(context, portion)
        with context.store.writing() as connection:
            left = pending_counts(connection, context.project_id)
    _tell_left(context, left, wanted)
    return left


def fill(context: Context) -> None:
    """Give the remote the vectors that it lacks, where ours are by its model."""
    if not context.vectors_go_over:
        return
    wanted = _wanted(context)
    after = -1
    while True:
        with context.store.writing() as connection:
            found, after = records_without_vector(connection, wanted, after=after, limit=_PORTION)
        if not found:
            return
        context.report.vectors_written += _exchange(context, [_write_of(context, one) for one in found])


def publish(context: Context) -> None:
    """Write the derived memories that readers of the remote don't see as they are."""
    if context.derivation != context.pinned_derivation:
        context.report.note(
            "derived memories weren't written for `retrieve --remote`: the rules of learning here aren't the remote's "
            "(`alma sync --reseed` makes them so)"
        )
        return
    wanted = _wanted(context)
    after: int | None = -1
    while after is not None:
        with context.store.writing() as connection:
            found, after = pending_derived(connection, wanted, after=after, limit=_PORTION)
        if found:
            context.report.derived_written += _exchange(context, [_derived_write(context, one) for one in found])
    with context.store.writing() as connection:
        retired = retired_derived(connection, limit=_PORTION)
    if retired:
        context.report.derived_written += _exchange(context, [_derived_write(context, one) for one in retired])


def _wanted(context: Context) -> Wanted:
    return Wanted(
        project_id=context.project_id,
        agents=context.options.agents,
        model=context.model if context.vectors_go_over else "",
    )


def _of_agents(counts: PendingCounts, wanted: Wanted) -> int:
    return sum(count for agent, count in counts.by_agent.items() if wanted.agents is None or agent in wanted.agents)


def _pending(context: Context, wanted: Wanted) -> Iterator[list[Pending]]:
    """What is pending now, in portions; tombstones last, so that what they are about is there before."""
    after = -1
    while True:
        with context.store.writing() as connection:
            records, after = pending_records(connection, wanted, after=after, limit=_PORTION)
        if not records:
            break
        yield records
    last = ""
    while True:
        with context.store.writing() as connection:
            tombstones = pending_tombstones(connection, wanted, after=last, limit=_PORTION)
        if not tombstones:
            break
        last = tombstones[-1].state.id
        yield tombstones


def _send(context: Context, portion: Sequence[Pending]) -> None:
    context.check_time()
    done = _exchange(context, [_write_of(context, one) for one in portion])
    context.report.pushed += done
    context.advance(done)


_Prepared = tuple[Write, Callable[[str], Pushed]]
"""A write, and what to note when the remote has taken it, given its version there."""


def _write_of(context: Context, one: Pending) -> _Prepared:
    state = one.state
    body = encode(state, project_id=context.project_id, embedding=one.embedding)
    write = Write(agent=state.agent, id=state.id, body=body, etag=one.etag)
    has_vector = "embedding" in body or "deleted_at" in body or state.kind == "credit"

    def noted(etag: str) -> Pushed:
        return Pushed(id=state.id, agent=state.agent, kind=state.kind, etag=etag, has_vector=has_vector, hlc=state.hlc)

    return write, noted


def _derived_write(context: Context, one: PendingDerived) -> _Prepared:
    if one.record is None:
        digest = ""
        body = encode_retired(
            one.id, kind=one.kind, agent=one.agent, project_id=context.project_id, deleted_at=context.now()
        )
    else:
        digest = content_hash(one.record)
        body = encode_derived(one.record, embedding=one.embedding)
    write = Write(agent=one.agent, id=one.id, body=body, etag=one.etag)

    def noted(etag: str) -> Pushed:
        has_vector = "embedding" in body or one.record is None
        return Pushed(id=one.id, agent=one.agent, kind=one.kind, etag=etag, has_vector=has_vector, content_hash=digest)

    return write, noted


@dataclass(slots=True)
class _Answers:
    """What the remote said to a number of writes."""

    noted: dict[tuple[str, str], Callable[[str], Pushed]]
    pushed: list[Pushed] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    def add(self, context: Context, result: Result) -> None:
        """Note one answer."""
        write = result.write
        match result:
            case Written(etag=etag):
                self.pushed.append(self.noted[write.agent, write.id](etag))
            case Clash(present=None):
                self.gone.append(write.id)
            case Clash(present=present) if present is not None:
                self.documents.append(read(present, context.project_id))
            case TooLarge(reason=reason):
                context.report.warn(f"{write.id} of {write.agent} is too large for {context.remote.name}: {reason}")

    def store(self, context: Context) -> None:
        """Acknowledge what was written, and merge what clashed."""
        if self.gone:
            with context.store.writing() as connection:
                forget_documents(connection, self.gone)
        if self.pushed or self.documents:
            absorb(context, self.documents, pushed=self.pushed)


def _exchange(context: Context, prepared: Sequence[_Prepared]) -> int:
    """Write, and take in the answers, those too that came before an error; how many were written."""
    answers = _Answers({(write.agent, write.id): note for write, note in prepared})
    try:
        for result in context.remote.write([write for write, _ in prepared]):
            answers.add(context, result)
    except AlmaError:
        answers.store(context)
        context.report.pushed += len(answers.pushed)
        raise
    answers.store(context)
    return len(answers.pushed)


def _check_clock(context: Context) -> None:
    """Raise `ClockAhead` when what we stamped lies in the future of the remote's clock."""
    server = context.remote.server_time
    if server is None:
        return
    with context.store.writing() as connection:
        ours_ms = latest_stamp(connection).wall_ms
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


def _tell_left(context: Context, left: PendingCounts, wanted: Wanted) -> None:
    report = context.report
    report.pending = left.total
    if left.foreign:
        report.warn(
            f"{left.foreign:,} memories are of another project than {context.project_id!r}, and were not pushed"
        )
    if left.blocked:
        report.warn(
            f"{left.blocked:,} memories were not pushed, because the remote's documents of them can't be read: "
            "see `alma sync status`"
        )
    if _of_agents(left, wanted):
        report.warn(f"{_of_agents(left, wanted):,} memories are still to be pushed: run `alma sync` again")
