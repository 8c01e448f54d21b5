"""What a sync has to do about each record, as values: the same decisions whether they are carried out or only shown.

What arrived is compared with what the store has. `acked` is the stamp that the remote is known to have of the record;
a record whose own stamp is another one is pending, and will be pushed.
"""

from dataclasses import dataclass
from typing import TypeAlias

from alma_cli.core.replication.hlc import HLC
from alma_cli.core.replication.merge import State, Tombstone, merged, says_the_same


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the store has of a record, and the stamp that the remote is known to have (None: nothing)."""

    state: State
    acked: HLC | None

    @property
    def is_pending(self) -> bool:
        """Whether the remote has to be told."""
        return self.acked != self.state.hlc


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """It is what the store has: nothing changes, save that the remote is known to have it."""

    state: State
    is_news: bool
    """Whether the store didn't know yet that the remote has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """What arrived holds: it is stored in the place of `replaced` (None: it is new here).

    `is_conflict`: both had changed, and what the store had is only in history from now on.
    """

    state: State
    replaced: State | None
    is_conflict: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """What the store has holds, and has to be pushed over what arrived (`lost`).

    `acked` is what the remote is known to have from now on. `is_conflict`: both had changed, and what arrived is
    only in history from now on.
    """

    state: State
    lost: State
    acked: HLC | None
    is_conflict: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """It can't be a state of the record that the store has by this id: it is kept aside, and changes nothing."""

    state: State
    reason: str


Action: TypeAlias = Echo | Take | Keep | Refuse


def on_arrival(arrived: State, held: Held | None) -> Action:
    """What to do about a record's state that came from the remote."""
    if held is None:
        return Take(state=arrived, replaced=None, is_conflict=False)
    mine = held.state
    if (mine.kind, mine.agent) != (arrived.kind, arrived.agent):
        return Refuse(
            state=arrived,
            reason=f"this id is a memory of kind {mine.kind} of {mine.agent} here, which never changes",
        )
    if mine.hlc == arrived.hlc and says_the_same(mine, arrived):
        return Echo(state=mine, is_news=held.is_pending)
    both_changed = held.is_pending and arrived.hlc != held.acked and not says_the_same(mine, arrived)
    if merged(mine, arrived) == arrived:
        return Take(state=arrived, replaced=mine, is_conflict=both_changed)
    # Of two contents with one stamp, the one that lost is what the remote has: it has to be pushed over all the same.
    acked = None if arrived.hlc == mine.hlc else arrived.hlc
    return Keep(state=mine, lost=arrived, acked=acked, is_conflict=both_changed)


def is_erased_by(action: Action) -> bool:
    """Whether a memory that was here is forgotten by this."""
    return isinstance(action, Take) and isinstance(action.state, Tombstone) and action.replaced is not None
