"""The remote's changes, portion by portion: what they call for and the new checkpoint are stored together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from itertools import repeat
from types import MappingProxyType
from typing import TYPE_CHECKING

from alma_cli.core.replication.documents import TheMarker
from alma_cli.errors import AlmaError, CheckpointLost
from alma_cli.pipeline import made_ahead
from alma_cli.remote.protocol import Found
from alma_cli.store.replication.incoming import Document, Readable, TakenIn, take_in, texts_wanted
from alma_cli.store.replication.known_documents import Remembered
from alma_cli.store.replication.quarantine import Quarantined, drop_quarantined
from alma_cli.store.replication.remote_state import compare_all
from alma_cli.sync.incoming import read_all

if TYPE_CHECKING:
    from alma_cli.embedding import Vector
    from alma_cli.store.database.duckdb import Connection
    from alma_cli.sync.report import Context

_PORTION = 1000
"""Documents that are taken in together, at least where there are so many: each opening of the store costs."""


def pull(context: Context, checkpoint: str | None, aside: Sequence[Quarantined]) -> None:
    """Take in all that changed since the checkpoint, and what was set aside before and can be read now."""
    _retry(context, aside)
    try:
        _pull_from(context, checkpoint)
    except CheckpointLost as lost:
        context.explain(f"{lost.message}: comparing everything instead, nothing is lost by it")
        with context.store.writing() as connection:
            compare_all(connection)
        _pull_from(context, None)


def absorb(context: Context, documents: Sequence[Document], *, checkpoint: str | None = None) -> None:
    """Store what these documents call for, with vectors that are made while the store isn't held."""
    vectors: dict[str, Vector] = {}
    asked: set[str] = set()
    while True:
        with context.store.writing(more_follows=True) as connection:
            texts = [text for text in texts_wanted(connection, documents, context.model) if text not in asked]
            if not texts:
                done = take_in_with(context, connection, documents, vectors=vectors, checkpoint=checkpoint)
                break
        vectors |= context.embed(texts)
        asked.update(texts)
    context.report.count(done.actions)
    context.report.set_aside += len(done.set_aside)
    for one in done.set_aside:
        context.report.warn(f"{one.name} was set aside, and won't be overwritten: {one.reason}")


def take_in_with(
    context: Context,
    connection: Connection,
    documents: Sequence[Document],
    *,
    vectors: Mapping[str, Vector] = MappingProxyType({}),
    pushed: Sequence[Remembered] = (),
    checkpoint: str | None = None,
) -> TakenIn:
    """`take_in` by this context's model, clock and rules of learning."""
    return take_in(
        connection,
        documents,
        vectors=vectors,
        model=context.model,
        pushed=pushed,
        checkpoint=checkpoint,
        now_ms=context.store.now_ms(),
        learning=context.store.learning,
    )


def portions(context: Context, checkpoint: str | None) -> Iterator[tuple[list[Found], str]]:
    """The remote's changes in portions that are worth a transaction, each with the checkpoint after it.

    What came before an error is given too, so that a sync that is often interrupted gets on.
    """
    gathered: list[Found] = []
    latest = checkpoint
    try:
        for page in context.remote.changes(checkpoint):
            gathered += page.found
            latest = page.checkpoint
            if len(gathered) >= _PORTION:
                yield gathered, latest
                gathered = []
            context.check_time()
    except AlmaError:
        if latest is not None and gathered:
            yield gathered, latest
        raise
    if latest is not None and (gathered or latest != checkpoint):
        yield gathered, latest


def _pull_from(context: Context, checkpoint: str | None) -> None:
    """Take in portion after portion; the next one is fetched and read while the store is at work."""
    fetched = portions(context, checkpoint)
    with closing(made_ahead(repeat(fetched), partial(_next_portion, context))) as ahead:
        for portion in ahead:
            if portion is None:
                return
            documents, latest, count = portion
            absorb(context, documents, checkpoint=latest)
            context.advance(count)
            context.check_time()


def _next_portion(
    context: Context, fetched: Iterator[tuple[list[Found], str]]
) -> tuple[list[Document], str, int] | None:
    """The next documents, the checkpoint after them, and how many came; None when that was all."""
    for found, latest in fetched:
        return _read(context, found), latest, len(found)
    return None


def _read(context: Context, found: Sequence[Found]) -> list[Document]:
    documents = read_all(found, context.project_id)
    return [one for one in documents if not (isinstance(one, Readable) and isinstance(one.content, TheMarker))]


def _retry(context: Context, aside: Sequence[Quarantined]) -> None:
    """Look again at what could not be read: it may have been put right, or this ALMA may know more now."""
    found: list[Found] = []
    gone: list[str] = []
    for one in aside:
        if not one.id:
            continue
        now = context.remote.read(one.agent, one.id)
        if now is None:
            gone.append(one.name)
        else:
            found.append(now)
    if gone:
        with context.store.writing() as connection:
            drop_quarantined(connection, gone)
    if found:
        absorb(context, _read(context, found))
