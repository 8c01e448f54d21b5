"""Reconciling a project's store with its shared copy, and how that stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING

from alma_cli.api.session import Session, new_id
from alma_cli.core.codec import format_time
from alma_cli.core.learning.corrections import changed_fields
from alma_cli.core.records import JsonValue, Record, Vector
from alma_cli.core.replication.marker import derivation_hash
from alma_cli.core.text import one_line
from alma_cli.errors import AlmaError, EmbeddingUnavailable, StoreBusy
from alma_cli.project import make_home
from alma_cli.remote import open_remote
from alma_cli.store import Shared, Store
from alma_cli.sync.report import Context, Options, Synced

if TYPE_CHECKING:
    from alma_cli.remote.protocol import Remote

PATIENCE_S = 10.0
"""How long the remote may leave one call unanswered: an offline machine is told so within 15 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncStatus(Shared):
    """How the store stands to its remote; `trouble` is why it doesn't answer."""

    remote: str
    answers: bool
    trouble: str
    hint: str
    model: str
    pinned_model: str
    same_rules: bool | None

    def to_json(self) -> dict[str, JsonValue]:
        """The status as a JSON object."""
        return {
            "remote": self.remote,
            "answers": self.answers,
            "trouble": self.trouble,
            "joined": self.joined,
            "synced_at": None if self.synced_at is None else format_time(self.synced_at),
            "pending": sum(self.pending.values()),
            "pending_by_agent": dict(self.pending),
            "blocked": self.blocked,
            "conflicts": self.conflicts,
            "set_aside": [
                {"name": one.name, "reason": one.reason, "since": format_time(one.since)} for one in self.set_aside
            ],
            "model": self.model,
            "remote_model": self.pinned_model,
            "same_rules": self.same_rules,
        }


def sync(
    session: Session,
    options: Options,
    *,
    dry_run: bool = False,
    advance: Callable[[int], None] | None = None,
    tell: Callable[[str], None] | None = None,
    remote: Remote | None = None,
) -> Synced:
    """Reconcile both ways with the project's remote (or with the one that is given); see `run`.

    One sync at a time: beside another one it does nothing, and says so (`busy`). Raises `InvalidConfig` without a
    remote, `InvalidInput` for an agent that isn't there, and `RemoteError`s.
    """
    from alma_cli.sync.run import run

    for agent in options.agents or ():
        session.config.scope_for(agent)
    with ExitStack() as ours:
        opened = remote or ours.enter_context(closing(_opened(session, options.timeout_s)))
        session.prepare()
        try:
            ours.enter_context(session.store().alone("sync"))
        except StoreBusy:
            return Synced(busy=True, remote=opened.name)
        context = _context(session, ours.enter_context(session.bulk()), opened, options)
        context.advance = advance or context.advance
        context.tell = tell or context.tell
        return run(context, dry_run=dry_run)


def sync_status(session: Session, *, remote: Remote | None = None) -> SyncStatus:
    """How the store stands to its remote, which is asked for its marker. Raises `InvalidConfig` without a remote.

    A remote that a sync would refuse, as one that is empty by now, doesn't answer.
    """
    from alma_cli.sync.agreement import check_project, look

    with ExitStack() as ours:
        opened = remote or ours.enter_context(closing(_opened(session, None)))
        make_home(session.project)
        context = _context(session, session.store(), opened, Options())
        with context.store.reading() as reader:
            shared = reader.shared(context.project_id)
        marker, trouble = None, None
        try:
            check_project(shared.other_projects, context.project_id)
            marker, _, _ = look(context, shared.membership)
        except AlmaError as error:
            trouble = error
    return SyncStatus(
        **{field.name: getattr(shared, field.name) for field in fields(shared)},
        remote=opened.name,
        answers=trouble is None,
        trouble=trouble.message if trouble else "",
        hint=trouble.hint if trouble else "",
        model=session.model,
        pinned_model=marker.model if marker else "",
        same_rules=marker.derivation == context.derivation if marker else None,
    )


def _redact_stored(session: Session, report: Synced, records: Sequence[Record]) -> set[str]:
    """Take credentials out of stored records, which may be from when nothing was redacted; the ids of those."""
    from alma_cli.store import Revise

    clean, _ = session.redacted(records)
    pairs = zip(records, clean, strict=True)
    found = [replace(record, updated_at=session.now()) for record, without in pairs if without is not record]
    if not found:
        return set()
    entries, told = session.entries(found)
    before = {record.id: record for record in records}
    changed = [changed_fields(before[entry.record.id], entry.record) for entry in entries]
    session.submit(
        [session.operation(Revise, entry=entry, changed=names) for entry, names in zip(entries, changed, strict=True)]
    )
    for warning in told:
        report.warn(f"before pushing, {warning}")
    return {record.id for record in found}


def _opened(session: Session, timeout_s: float | None) -> Remote:
    patience_s = PATIENCE_S if timeout_s is None else min(PATIENCE_S, max(0.1, timeout_s))
    return open_remote(session.config, session.project.root, patience_s=patience_s)


def _context(session: Session, store: Store, remote: Remote, options: Options) -> Context:
    report = Synced()

    def embed(texts: Sequence[str]) -> dict[str, Vector]:
        try:
            return dict(zip(texts, session.vectors(texts), strict=True))
        except EmbeddingUnavailable as error:
            report.warn(f"stored without vectors: {one_line(error.message)}; run `alma reindex` later")
            return {}

    return Context(
        store=store,
        remote=remote,
        project_id=session.config.project_id,
        model=session.model,
        derivation=_derivation(session),
        options=options,
        embed=embed,
        now=session.now,
        draw=new_id,
        report=report,
        redact=partial(_redact_stored, session, report),
    )


def _derivation(session: Session) -> str:
    """A digest of how this project learns."""
    least, scopes = session.config.learning.min_occurrences_for_heuristic, session.config.agents
    of_agents = {name: session.learning_rules(scope.min_occurrences_for_heuristic) for name, scope in scopes.items()}
    return derivation_hash(session.learning_rules(least), of_agents)
