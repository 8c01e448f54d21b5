"""What readers without a store need besides the records: vectors by the remote's model, and derived memories.

Only after a sync that left nothing pending, so that what is derived here is derived from all that is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from alma_cli.core.replication.documents import encode_derived, encode_retired
from alma_cli.core.replication.merge import content_hash
from alma_cli.remote.protocol import Write
from alma_cli.store.replication.known_documents import Remembered
from alma_cli.store.replication.outgoing import (
    Pending,
    PendingDerived,
    pending_derived,
    records_without_vector,
    retired_derived,
)
from alma_cli.store.replication.remote_state import note_synced
from alma_cli.sync.exchange import PORTION, Prepared, exchange_all, wanted_of, write_of

if TYPE_CHECKING:
    from alma_cli.store.database.duckdb import Connection
    from alma_cli.sync.report import Context


def complete(context: Context) -> None:
    """Write what of that is missing, and note that this sync came to its end."""
    same_rules = context.derivation == context.pinned_derivation
    if not same_rules:
        context.report.note(
            "derived memories weren't written for `retrieve --remote`: the rules of learning here aren't the remote's "
            "(`alma sync --reseed` makes them so)"
        )
    with context.store.writing() as connection:
        if not _is_wanting(context, connection, same_rules=same_rules):
            note_synced(connection, context.now())
            return
    _fill(context)
    if same_rules:
        _publish(context)
    with context.store.writing() as connection:
        note_synced(connection, context.now())


def _is_wanting(context: Context, connection: Connection, *, same_rules: bool) -> bool:
    """Whether anything has to be written."""
    wanted = wanted_of(context)
    if context.vectors_go_over and records_without_vector(connection, wanted, after=-1, limit=1)[0]:
        return True
    if not same_rules:
        return False
    derived, _ = pending_derived(connection, wanted, after=-1, limit=PORTION)
    return bool(derived or retired_derived(connection, limit=1))


def _fill(context: Context) -> None:
    """Give the remote the vectors that it lacks, where ours are by its model."""
    if not context.vectors_go_over:
        return
    wanted = wanted_of(context)
    after = -1

    def find(connection: Connection) -> Sequence[Pending]:
        nonlocal after
        found, after = records_without_vector(connection, wanted, after=after, limit=PORTION)
        return found

    def count(written: int) -> None:
        context.report.vectors_written += written

    exchange_all(context, find, lambda found: [write_of(context, one) for one in found], count)


def _publish(context: Context) -> None:
    """Write the derived memories that the remote has otherwise, then what isn't derived any more."""
    wanted = wanted_of(context)
    after, retired_left = -1, True

    def find(connection: Connection) -> Sequence[PendingDerived]:
        nonlocal after, retired_left
        found, after = pending_derived(connection, wanted, after=after, limit=PORTION)
        if not found and retired_left:
            retired_left = False
            return retired_derived(connection, limit=PORTION)
        return found

    def count(written: int) -> None:
        context.report.derived_written += written

    exchange_all(context, find, lambda found: [_write_of(context, one) for one in found], count)


def _write_of(context: Context, one: PendingDerived) -> Prepared:
    if one.record is None:
        digest = ""
        body = encode_retired(
            one.id, kind=one.kind, agent=one.agent, project_id=context.project_id, deleted_at=context.now()
        )
    else:
        digest = content_hash(one.record)
        body = encode_derived(one.record, embedding=one.embedding)
    write = Write(agent=one.agent, id=one.id, body=body, etag=one.etag)

    def noted(etag: str) -> Remembered:
        has_vector = "embedding" in body or one.record is None
        return Remembered(
            id=one.id, agent=one.agent, kind=one.kind, etag=etag, has_vector=has_vector, content_hash=digest
        )

    return write, noted
