"""Giving memories vectors by the configured model, and the index of nearest neighbours anew."""

from collections.abc import Callable

from alma_cli.api.session import Session
from alma_cli.project import make_home

_REINDEXED_TOGETHER = 2048


def reindex(
    session: Session,
    *,
    everything: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Give memories vectors by the configured model (see `ALMA.reindex`); what was done before an error is kept."""
    make_home(session.project)
    store = session.store()
    dimension = len(session.vectors(["dimension"])[0])
    with store.writing() as writer:
        writer.vectors.fit(dimension)
        if everything:
            writer.vectors.drop()
    done = 0
    while True:
        with store.reading() as reader:
            records = reader.outdated(session.model, limit=_REINDEXED_TOGETHER)
        if not records:
            break
        topics = list(dict.fromkeys(topic for record in records for topic in record.topics))
        vectors = session.vectors(topics, on_progress=on_progress)
        with store.writing() as writer:
            writer.vectors.set(records, dict(zip(topics, vectors, strict=True)), session.model)
        done += len(records)
    with store.writing() as writer:
        writer.vectors.give_to_derived()
    _rebuild_index(session)
    return done


def _rebuild_index(session: Session) -> None:
    """Make the index of nearest neighbours anew, if one is configured and can be had; the store is free meanwhile."""
    index = session.index()
    if index is None or not index.is_possible:
        return
    with session.store().writing() as writer:
        writer.copy_vectors(index)
    index.finish()
