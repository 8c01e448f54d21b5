"""Takes in the remote's changes, portion by portion: each is stored together with its checkpoint."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import repeat

from alma_cli.core.records import Vector
from alma_cli.core.replication.documents import Readable, Received, TheMarker, read
from alma_cli.errors import AlmaError, CheckpointLost
from alma_cli.logs import info
from alma_cli.pipeline import prefetched
from alma_cli.remote.protocol import Found
from alma_cli.sync.report import Context

_PORTION = 1000
"""The fewest documents that are taken in together, if there are so many: each transaction costs."""


def pull(context: Context, checkpoint: str | None) -> None:
    """Take in all changes since the checkpoint."""
    follow(context, checkpoint, partial(absorb, context), partial(_start_over, context))


def follow(
    context: Context,
    checkpoint: str | None,
    take: Callable[[list[Received], str], None],
    start_over: Callable[[], None],
) -> None:
    """Give `take` all documents that changed since the checkpoint, in portions, each with the checkpoint after it.

    When the remote can't continue from the checkpoint, `start_over` is called, and `take` is given all documents.
    """
    try:
        _follow_from(context, checkpoint, take)
    except CheckpointLost as lost:
        context.explain(f"{lost.message}: comparing everything instead, nothing is lost by it")
        start_over()
        _follow_from(context, None, take)


def absorb(context: Context, documents: Sequence[Received], checkpoint: str | None = None) -> None:
    """Carry out what these documents call for. Vectors are made while the store isn't held."""
    vectors: dict[str, Vector] = {}
    asked: set[str] = set()
    while True:
        with context.store.writing() as writer:
            texts = [text for text in writer.incoming.texts_wanted(documents, context.model) if text not in asked]
            if not texts:
                done = writer.incoming.take_in(documents, vectors=vectors, model=context.model, checkpoint=checkpoint)
                break
        vectors |= context.embed(texts)
        asked.update(texts)
    context.report.count(done.actions)
    context.report.count_aside(done.set_aside)


def _start_over(context: Context) -> None:
    with context.store.writing() as writer:
        writer.remote.compare_all()
        writer.remote.note_compared(context.now())


def _follow_from(context: Context, checkpoint: str | None, take: Callable[[list[Received], str], None]) -> None:
    """Give `take` portion after portion; the next one is fetched and read meanwhile."""
    fetched = _portions(context, checkpoint)
    with closing(prefetched(repeat(fetched), partial(_next_portion, context))) as portions:
        for portion in portions:
            if portion is None:
                return
            documents, latest, count = portion
            take(documents, latest)
            context.advance(count)
            context.check_time()


def _portions(context: Context, checkpoint: str | None) -> Iterator[tuple[list[Found], str]]:
    """The remote's changes in portions that are worth a transaction, each with the checkpoint after it.

    Documents that came before an error are given too, so that a sync that is often interrupted makes progress.
    """
    gathered: list[Found] = []
    latest = checkpoint
    try:
        for page in context.remote.changes(checkpoint):
            gathered += page.found
            info("a page came; changes in it: %d", len(page.found))
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


def _next_portion(
    context: Context, fetched: Iterator[tuple[list[Found], str]]
) -> tuple[list[Received], str, int] | None:
    """The next documents, the checkpoint after them, and their number; None when there are no more."""
    for found, latest in fetched:
        return _read(context, found), latest, len(found)
    return None


def _read(context: Context, found: Iterable[Found]) -> list[Received]:
    """The documents and the records in them; the marker is left out, since it is read separately."""
    readings = [read(one, context.project_id) for one in found]
    return [one for one in readings if not (isinstance(one, Readable) and isinstance(one.content, TheMarker))]
