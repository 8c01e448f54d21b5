"""Finds what no change tells of: documents that are gone from the remote, and those set aside that can be used now."""

from collections.abc import Collection
from datetime import timedelta

from alma_cli.core.replication.documents import MARKER_ID, Received, Unreadable, read
from alma_cli.remote.protocol import Place
from alma_cli.sync.pulling import absorb, pull
from alma_cli.sync.report import Context

_COMPARED_EVERY = timedelta(days=30)


def find_missing(context: Context, *, dry_run: bool = False) -> None:
    """Make pending again what the remote had and doesn't have any more, by comparing ids.

    That is done where it costs nothing (a folder that changed), when told to, and once a month.
    """
    name = context.remote.name
    with context.store.writing() as writer:
        compared_at = writer.remote.compared_at()
    is_due = context.options.check or compared_at is None or abs(context.now() - compared_at) > _COMPARED_EVERY
    ids = context.remote.ids(if_free=not is_due)
    if ids is None:
        return
    with context.store.writing() as writer:
        placeless = [one for one in writer.remote.quarantined() if not one.id]
    there = context.remote.again([Place(name=one.name, agent="", id="") for one in placeless])
    with context.store.writing() as writer:
        missing = writer.remote.missing(ids)
        if not dry_run:
            if missing:
                writer.remote.lose(missing)
            writer.remote.drop_quarantined_but(ids)
            writer.remote.drop_quarantined([one.name for one in placeless if one.name not in there])
            if is_due:
                writer.remote.note_compared(context.now())
    if is_due and not dry_run:
        _read_what_was_missed(context, ids - {MARKER_ID})
    context.report.missing = len(missing)
    if missing:
        context.explain(f"{len(missing):,} documents that {name} had are missing there; what they say is pushed again")


def _read_what_was_missed(context: Context, ids: Collection[str]) -> None:
    """Read all anew where there are documents that never came here: the position was ahead of what was taken in.

    A copy of the store that was put back, or a container that was restored, leaves it so. What others wrote since the
    changes were read comes first, by itself.
    """
    for is_anew in (False, True):
        with context.store.writing() as writer:
            if writer.remote.knows_all(ids):
                return
            start = None if is_anew else writer.remote.sync_state().checkpoint
        pull(context, start)


def look_again(context: Context) -> bool:
    """Take in documents that were set aside and can be used now, and forget those that are gone. True if any was.

    Only those are asked for that may be of use, all at once; with the option `check`, all.
    """
    with context.store.writing() as writer:
        if context.options.check:
            aside = writer.remote.quarantined()
        else:
            aside = writer.incoming.worth_another_look(context.project_id)
    if not aside:
        return False
    context.check_time()
    now = context.remote.again([Place(name=one.name, agent=one.agent, id=one.id) for one in aside])
    readings = {name: read(found, context.project_id) for name, found in now.items()}
    absorb(context, list(readings.values()))
    gone = [one.name for one in aside if one.name not in readings or _name_of(readings[one.name]) != one.name]
    with context.store.writing() as writer:
        writer.remote.drop_quarantined(gone)
        left = {one.name for one in writer.remote.quarantined()}
    return any(one.name not in left for one in aside)


def _name_of(reading: Received) -> str:
    """The name under which this would be set aside."""
    return reading.name if isinstance(reading, Unreadable) else reading.document.name
