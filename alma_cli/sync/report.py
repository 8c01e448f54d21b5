"""The options of a sync, its report, and the context that its parts share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Literal

from alma_cli.core.records import JsonValue, Record, Vector
from alma_cli.core.replication.documents import Unreadable
from alma_cli.core.replication.merge import Tombstone, Version
from alma_cli.core.replication.plan import Action, Keep, Take, is_erased_by
from alma_cli.errors import SyncTimeout
from alma_cli.store import Clashed, PushFilter, Store

if TYPE_CHECKING:
    from alma_cli.remote.protocol import Remote

_LISTED = 200
"""The most conflicts and planned actions that a report lists; all are counted."""

_WARNED = 3
"""The most lines that warn of documents that were set aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a sync. `agents` limits the push (None: all), `timeout_s` the whole sync (None: no limit).

    `check` compares all ids with those that the remote has, and looks again at all that is set aside.
    """

    pull: bool = True
    push: bool = True
    agents: Sequence[str] | None = None
    timeout_s: float | None = None
    check: bool = False
    join: bool = False
    reseed: bool = False
    restamp: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A memory that had changed on both sides; the version that didn't hold is in history (`alma log ID`)."""

    id: str
    kind: str
    agent: str
    kept: Literal["ours", "theirs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One thing that a sync would do."""

    action: str
    id: str
    kind: str
    agent: str


@dataclass(slots=True, kw_only=True)
class Synced:
    """The report of a sync (or, as a `dry_run`, of its plan). A memory counts each time that it was exchanged.

    `missing` counts documents that were gone from the remote, and are pushed again.
    `pulled` and `pushed` count forgetting too; `merged` counts memories that met another version on the way in.
    `pending` ones wait for the next sync. `notes` explain unusual things, `warnings` those that need somebody.
    """

    remote: str = ""
    busy: bool = False
    dry_run: bool = False
    pulled: int = 0
    pushed: int = 0
    merged: int = 0
    forgotten: int = 0
    conflict_count: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    set_aside: int = 0
    missing: int = 0
    vectors_written: int = 0
    derived_written: int = 0
    pending: int = 0
    requests: int = 0
    request_charge: float = 0.0
    seconds: float = 0.0
    plan: list[Planned] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    aside: list[Unreadable] = field(default_factory=list)
    """The first of the documents that were set aside now, which `tell_aside` warns of."""

    @property
    def written(self) -> int:
        """The number of documents that were written: memories, vectors, and what is derived."""
        return self.pushed + self.vectors_written + self.derived_written

    def count(self, actions: Sequence[Action]) -> None:
        """Count the actions for documents that arrived."""
        for action in actions:
            if isinstance(action, Take):
                self.pulled += 1
                self.forgotten += is_erased_by(action)
                self.merged += action.replaced is not None
            if isinstance(action, Keep):
                self.merged += 1
            if isinstance(action, Take | Keep) and action.is_conflict:
                self.conflict_count += 1
                if len(self.conflicts) < _LISTED:
                    state = action.state
                    kept: Literal["ours", "theirs"] = "ours" if isinstance(action, Keep) else "theirs"
                    self.conflicts.append(Conflict(id=state.id, kind=state.kind, agent=state.agent, kept=kept))

    def tell_conflicts(self, clashed: Sequence[Clashed]) -> None:
        """List the conflicts that weren't told yet, those of a sync that failed among them."""
        self.conflict_count = len(clashed)
        self.conflicts = [
            Conflict(id=one.id, kind=one.kind, agent=one.agent, kept="ours" if one.kept else "theirs")
            for one in clashed[:_LISTED]
        ]

    def count_aside(self, documents: Sequence[Unreadable]) -> None:
        """Count documents that were set aside."""
        self.set_aside += len(documents)
        self.aside += documents[: _WARNED - len(self.aside)]

    def tell_aside(self) -> None:
        """Warn of the documents that were set aside, in a few lines."""
        shown = self.aside if self.set_aside <= _WARNED else self.aside[: _WARNED - 1]
        for one in shown:
            self.warn(f"{one.name} was set aside, and won't be overwritten: {one.reason}")
        if self.set_aside > len(shown):
            self.warn(f"{self.set_aside - len(shown):,} more were set aside: `alma sync status` lists them")

    def plan_action(self, action: str, state: Version | Tombstone) -> None:
        """List an action of the plan."""
        if len(self.plan) < _LISTED:
            self.plan.append(Planned(action=action, id=state.id, kind=state.kind, agent=state.agent))

    def note(self, text: str) -> None:
        """Add an explanation, once."""
        if text and text not in self.notes:
            self.notes.append(text)

    def warn(self, text: str) -> None:
        """Add a warning, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def to_json(self) -> dict[str, JsonValue]:
        """The report as a JSON object, without the warnings, which stand beside it."""
        told = {name: value for name, value in asdict(self).items() if name not in ("aside", "warnings")}
        return {**told, "request_charge": round(self.request_charge, 2), "seconds": round(self.seconds, 3)}


@dataclass(slots=True, kw_only=True)
class Context:
    """The context of one sync, which its parts share. `embed` gives a vector for each text, or nothing if it can't.

    `draw` gives a random id of 32 hex digits. `advance` is called with the number of memories that were exchanged,
    `tell` with lines to show meanwhile. `redact` takes credentials out of the stored texts of these records, and gives
    the ids of those that had any.
    """

    store: Store
    remote: Remote
    project_id: str
    model: str
    derivation: str
    options: Options
    embed: Callable[[Sequence[str]], dict[str, Vector]]
    now: Callable[[], datetime]
    draw: Callable[[], str]
    report: Synced
    advance: Callable[[int], None] = lambda _: None
    tell: Callable[[str], None] = lambda _: None
    redact: Callable[[Sequence[Record]], Collection[str]] = lambda _: ()
    clock: Callable[[], float] = monotonic
    started: float = 0.0
    pinned_model: str = ""
    pinned_derivation: str = ""

    @property
    def vectors_go_over(self) -> bool:
        """True when our vectors are by the remote's model, so that they are exchanged."""
        return self.model == self.pinned_model

    def push_filter(self, *, everything: bool = False) -> PushFilter:
        """The filter for the records to push; `everything` assumes that the remote is empty."""
        return PushFilter(
            project_id=self.project_id,
            agents=self.options.agents,
            model=self.model if self.vectors_go_over else "",
            everything=everything,
        )

    def explain(self, text: str) -> None:
        """Explain something unusual, at once and in the report."""
        if text:
            self.report.note(text)
            self.tell(text)

    def check_time(self) -> None:
        """Raise `SyncTimeout` when the sync has had its time."""
        limit = self.options.timeout_s
        if limit is not None and self.clock() - self.started > limit:
            raise SyncTimeout(
                f"the sync was stopped after {limit:g} s",
                hint="run `alma sync` again: it goes on from here; --timeout SECONDS gives it longer",
            )
