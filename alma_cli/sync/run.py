"""Runs one sync from beginning to end: agree, pull, push, and publish for readers without a store."""

from contextlib import suppress

from alma_cli.errors import AlmaError, RemoteError
from alma_cli.logs import info
from alma_cli.store import PendingCounts, SyncState
from alma_cli.sync.agreement import agree, check_project
from alma_cli.sync.comparing import find_missing, look_again
from alma_cli.sync.preview import preview
from alma_cli.sync.publishing import complete
from alma_cli.sync.pulling import pull
from alma_cli.sync.pushing import push, restamp, tell_left
from alma_cli.sync.report import Context, Synced

_READ_BACK = 100
"""The most documents of our own that are read back at once; after more of them the next sync does it."""
_ROUNDS = 3


def run(context: Context, *, dry_run: bool = False) -> Synced:
    """Reconcile the store with the remote, and return the report.

    After an error everything that was exchanged before stays in place, and the message says how much that was.
    Conflicts are told by the first sync that comes to its end.
    """
    report = context.report
    context.started = context.clock()
    report.remote, report.dry_run = context.remote.name, dry_run
    info("synchronising with %s", report.remote)
    try:
        _run(context, dry_run=dry_run)
    except AlmaError as error:
        if (report.pulled or report.pushed or report.conflict_count) and not dry_run:
            error.message += f"; before that {report.pulled:,} were pulled and {report.pushed:,} pushed, which is kept"
            if report.conflict_count:
                error.message += " (there were conflicts: the next sync lists them)"
            error.args = (error.message,)
        raise
    finally:
        usage = context.remote.usage
        report.requests, report.request_charge = usage.requests, usage.request_charge
        report.seconds = context.clock() - context.started
        info("pulled %d, pushed %d; requests: %d", report.pulled, report.pushed, report.requests)
    return report


def _run(context: Context, *, dry_run: bool) -> None:
    with context.store.writing() as writer:
        state = writer.remote.sync_state()
        others = writer.remote.other_projects(context.project_id)
    check_project(others, context.project_id)
    if dry_run:
        preview(context, state.membership, state.checkpoint)
        return
    _exchange(context, state)
    with context.store.writing() as writer:
        clashed = writer.remote.untold_conflicts()
        context.report.tell_conflicts(clashed)
        if clashed:
            writer.remote.note_told(context.now())
    context.report.tell_aside()


def _exchange(context: Context, state: SyncState) -> None:
    is_new = agree(context, state.membership)
    options = context.options
    if options.pull:
        pull(context, None if is_new else state.checkpoint)
    if options.pull or options.check:
        find_missing(context)
    if not options.push:
        look_again(context)
        with context.store.writing() as writer:
            context.report.pending = writer.outgoing.counts(context.project_id).total
        return
    if options.restamp:
        restamp(context)
    written = 0
    for _ in range(_ROUNDS):
        left = _send(context)
        just, written = context.report.written - written, context.report.written
        if not (0 < just <= _READ_BACK and options.pull and context.remote.has_readers and _read_back(context)):
            break
    tell_left(context, left)


def _send(context: Context) -> PendingCounts:
    """Push what is pending and write what is for readers; return what is left."""
    left = push(context)
    if context.options.pull and look_again(context):
        left = push(context)
    if context.options.pull and not left.total and not left.blocked:
        complete(context)
    return left


def _read_back(context: Context) -> bool:
    """Read what was just written, so that the next sync is idle; return True if others had written meanwhile.

    Where that fails, the next sync reads it. In a folder it has to, since times can't tell what is so new apart.
    """
    report = context.report
    before = report.pulled + report.merged
    with context.store.writing() as writer:
        checkpoint = writer.remote.sync_state().checkpoint
    with suppress(RemoteError):
        pull(context, checkpoint)
    return report.pulled + report.merged > before
