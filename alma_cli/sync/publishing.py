"""Writes what only readers without a store need: vectors by the remote's model, and derived memories.

That happens after a sync that left nothing pending, so that the memories are derived from all outcomes.
"""

from alma_cli.core.replication.documents import encode_derived, encode_retired
from alma_cli.core.replication.merge import content_hash
from alma_cli.remote.protocol import Write
from alma_cli.store import KnownDocument, PendingDerived, Position, Writer
from alma_cli.sync.exchange import Prepared, exchange_all, write_of
from alma_cli.sync.report import Context


def complete(context: Context) -> None:
    """Write whatever of that is missing, and note that this sync came to its end."""
    has_readers = context.remote.has_readers
    publishes = has_readers and context.derivation == context.pinned_derivation
    if has_readers and not publishes:
        context.explain(
            "derived memories weren't written for `retrieve --remote`: the rules of learning here aren't the remote's "
            "(`alma sync --reseed` makes them so)"
        )
    with context.store.writing() as writer:
        if not _is_wanting(context, writer, publishes=publishes):
            writer.remote.note_synced(context.now())
            return
    wanted = context.push_filter()
    if context.vectors_go_over:
        exchange_all(
            context,
            lambda writer, after: writer.outgoing.lacking_vectors(wanted, after),
            lambda found: [write_of(context, one) for one in found],
            "vectors_written",
        )
    if publishes:  # those that differ there; then those that aren't derived any more
        exchange_all(
            context,
            lambda writer, after: writer.outgoing.derived(wanted, after),
            lambda found: [_write_of(context, one) for one in found],
            "derived_written",
        )
    with context.store.writing() as writer:
        writer.remote.note_synced(context.now())


def _is_wanting(context: Context, writer: Writer, *, publishes: bool) -> bool:
    """True when anything has to be written."""
    wanted, start = context.push_filter(), Position()
    if context.vectors_go_over and writer.outgoing.lacking_vectors(wanted, start, limit=1)[0]:
        return True
    return publishes and bool(writer.outgoing.derived(wanted, start)[0])


def _write_of(context: Context, one: PendingDerived) -> Prepared:
    if one.record is None:
        digest = ""
        body = encode_retired(
            one.id, kind=one.kind, agent=one.agent, project_id=context.project_id, deleted_at=context.now()
        )
    else:
        digest = content_hash(one.record)
        body = encode_derived(one.record, embedding_model=context.model if one.vector else "")
    known = KnownDocument(
        id=one.id,
        agent=one.agent,
        kind=one.kind,
        etag="",
        has_vector=bool(one.vector) or one.record is None,
        content_hash=digest,
    )
    return Write(agent=one.agent, id=one.id, body=body, vector=one.vector, etag=one.etag), known
