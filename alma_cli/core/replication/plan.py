"""The decisions of a sync about each record, as values: the same whether they are carried out or only shown.

The state that arrived is compared with the one in the store. `acked` is the stamp that the remote is known to have of
the record; a record with another stamp is pending, and will be pushed. `base` is the stamp that both had when they last
met: who still has it changed nothing since.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from alma_cli.core.codec import format_time
from alma_cli.core.records import TIME_FIELDS, Record
from alma_cli.core.replication.hlc import HLC
from alma_cli.core.replication.merge import State, Tombstone, Version, merged, says_the_same

MOST_AHEAD = timedelta(days=1)
"""How far the clocks of two machines may be apart before what one records counts as still to come for the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The store's state of a record, and the stamp that the remote is known to have (None: none).

    `base` is known besides when all is compared anew: the stamp that the remote had before.
    """

    state: State
    acked: HLC | None
    base: HLC | None = None

    @property
    def is_pending(self) -> bool:
        """True when the state has to be pushed."""
        return self.acked != self.state.hlc


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """The store has the same state: the remote is now known to have it, and nothing else changes."""

    state: State
    is_news: bool
    """True when the store didn't know yet that the remote has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """The state that arrived holds: it is stored in the place of `replaced` (None: it is new here).

    `is_conflict`: both had changed, and the store's state is only in history from now on.
    """

    state: State
    replaced: State | None
    is_conflict: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """The store's state holds, and has to be pushed over the one that arrived (`lost`).

    `acked` is the stamp that the remote is known to have from now on. `is_conflict`: both had changed, and the state
    that arrived is only in history from now on.
    """

    state: State
    lost: State
    acked: HLC | None
    is_conflict: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """It can't be a state of the record with this id in the store: it is set aside, and changes nothing."""

    state: State
    reason: str


Action: TypeAlias = Echo | Take | Keep | Reject


def plan(
    arrived: Iterable[State],
    held: Mapping[str, Held],
    *,
    derived: Collection[str] = frozenset(),
    now: datetime | None = None,
) -> list[Action]:
    """The plan for states in the order in which they came: each action counts for the later ones.

    `held` is what the store has by id, `derived` the ids of its derived memories. What is new and has a time that is
    after `now` has to wait for it: for as long it would be the newest there is.
    """
    present = dict(held)
    actions: list[Action] = []
    for state in arrived:
        if state.id in derived:
            action: Action = Reject(state=state, reason="this id is derived here, so nobody can have recorded it")
        elif now is not None and state.id not in present and (still := to_come(state, now)):
            action = Reject(state=state, reason=still)
        else:
            action = on_arrival(state, present.get(state.id))
        if not isinstance(action, Reject):
            acked = action.acked if isinstance(action, Keep) else action.state.hlc
            present[state.id] = Held(state=action.state, acked=acked)
        actions.append(action)
    return actions


def on_arrival(arrived: State, held: Held | None) -> Action:
    """The decision about a record's state that came from the remote.

    The same content under another stamp, as an import makes it, takes the remote's stamp: nobody has seen ours.
    """
    if held is None:
        return Take(state=arrived, replaced=None, is_conflict=False)
    mine = held.state
    if (mine.kind, mine.agent) != (arrived.kind, arrived.agent):
        return Reject(
            state=arrived,
            reason=f"this id is a memory of kind {mine.kind} of {mine.agent} here, which never changes",
        )
    if mine.hlc == arrived.hlc and says_the_same(mine, arrived):
        return Echo(state=mine, is_news=held.is_pending)
    base = held.acked or held.base
    both_changed = held.is_pending and base not in (mine.hlc, arrived.hlc) and not says_the_same(mine, arrived)
    is_pushed_in_vain = held.acked is None and says_the_same(mine, arrived)
    if merged(mine, arrived) == arrived or is_pushed_in_vain:
        return Take(state=arrived, replaced=mine, is_conflict=both_changed)
    # Of two contents with one stamp, the one that lost is what the remote has: it has to be pushed over all the same.
    acked = None if arrived.hlc == mine.hlc else arrived.hlc
    return Keep(state=mine, lost=arrived, acked=acked, is_conflict=both_changed)


def to_come(state: State | Record, now: datetime) -> str:
    """Why a state or record can't be taken in before its time has come; empty when it has."""
    record = state.record if isinstance(state, Version) else state
    for name in TIME_FIELDS:
        at = getattr(record, name, None)
        if isinstance(at, datetime) and at > now + MOST_AHEAD:
            return (
                f"its {name} is {format_time(at.replace(microsecond=0))}, which is still to come: is this machine's "
                "clock behind, or was that of the other one ahead? (there `alma sync --restamp` mends it)"
            )
    return ""


def is_erased_by(action: Action) -> bool:
    """True when this action forgets a memory that was here."""
    return isinstance(action, Take) and isinstance(action.state, Tombstone) and action.replaced is not None
