"""What a sync would do: the same decisions about the same documents, carried out by nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from alma_cli.core.replication.documents import Arrived
from alma_cli.core.replication.marker import Create, Membership
from alma_cli.core.replication.merge import State, Tombstone
from alma_cli.core.replication.plan import Keep, Refuse, Take, on_arrival
from alma_cli.errors import CheckpointLost
from alma_cli.remote.protocol import Found
from alma_cli.store.replication.incoming import Readable, held
from alma_cli.store.replication.outgoing import Wanted, pending_records, pending_tombstones
from alma_cli.sync.agreement import look, settled
from alma_cli.sync.incoming import read_all
from alma_cli.sync.pulling import portions

if TYPE_CHECKING:
    from alma_cli.sync.report import Context

_PORTION = 1000


def preview(context: Context, ours: Membership, checkpoint: str | None) -> None:
    """Fill the report with what would be done; neither store nor remote is changed."""
    _, _, decision = look(context, ours)
    is_new = not settled(decision)
    if is_new:
        checkpoint = None
        why = getattr(decision, "why", "")
        context.report.note(why and f"{why}: everything would be compared")
    if isinstance(decision, Create):
        context.report.note("the marker would be written")
    seen: set[str] = set()
    if context.options.pull:
        try:
            _arrivals(context, checkpoint, seen, is_new=is_new)
        except CheckpointLost as lost:
            context.report.note(f"{lost.message}: everything would be compared")
            is_new = True
            _arrivals(context, None, seen, is_new=True)
    if context.options.push:
        _departures(context, seen, is_new=is_new)


def _arrivals(context: Context, checkpoint: str | None, seen: set[str], *, is_new: bool) -> None:
    for found, _ in portions(context, checkpoint):
        _one_portion(context, found, seen, is_new=is_new)


def _one_portion(context: Context, found: Sequence[Found], seen: set[str], *, is_new: bool) -> None:
    documents = [one for one in read_all(found, context.project_id) if isinstance(one, Readable)]
    context.report.set_aside += len(found) - len(documents)
    with context.store.writing() as connection:
        present = held(connection, [one.id for one in documents])
    actions = []
    for document in documents:
        if not isinstance(document.content, Arrived):
            continue
        mine = present.get(document.id)
        if mine is not None and is_new:
            mine = replace(mine, acked=None)
        action = on_arrival(document.content.state, mine)
        actions.append(action)
        match action:
            case Take(state=state):
                seen.add(state.id)
                context.report.plan_action("forget" if isinstance(state, Tombstone) else "pull", state)
            case Keep(state=state):
                seen.add(state.id)
                _push(context, state)
            case Refuse(state=state):
                context.report.plan_action("set aside", state)
            case _:
                seen.add(action.state.id)
    context.report.count(actions)


def _departures(context: Context, seen: set[str], *, is_new: bool) -> None:
    wanted = Wanted(project_id=context.project_id, agents=context.options.agents, everything=is_new)
    after, last = -1, ""
    while True:
        with context.store.writing() as connection:
            records, after = pending_records(connection, wanted, after=after, limit=_PORTION)
        if not records:
            break
        for one in records:
            if one.state.id not in seen:
                _push(context, one.state)
    while True:
        with context.store.writing() as connection:
            tombstones = pending_tombstones(connection, wanted, after=last, limit=_PORTION)
        if not tombstones:
            break
        last = tombstones[-1].state.id
        for one in tombstones:
            if one.state.id not in seen:
                _push(context, one.state)


def _push(context: Context, state: State) -> None:
    if context.options.push:
        context.report.pushed += 1
        context.report.plan_action("push", state)
