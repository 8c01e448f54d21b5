"""Shows what a sync would do: it makes the same decisions about the same portions."""

from collections.abc import Sequence

from alma_cli.core.replication.documents import Received, Unreadable
from alma_cli.core.replication.marker import Create, Membership
from alma_cli.core.replication.merge import State, Tombstone
from alma_cli.core.replication.plan import Keep, Reject, Take
from alma_cli.store import Position
from alma_cli.sync.agreement import look, settled
from alma_cli.sync.comparing import find_missing
from alma_cli.sync.pulling import follow
from alma_cli.sync.report import Context


def preview(context: Context, ours: Membership, checkpoint: str | None) -> None:
    """Fill the report with the actions of a sync; neither store nor remote is changed."""
    _, _, decision = look(context, ours)
    shown = _Preview(context, is_new=not settled(decision))
    if shown.is_new:
        checkpoint = None
        why = getattr(decision, "why", "")
        context.explain(why and f"{why}: everything would be compared")
    if isinstance(decision, Create):
        context.explain("the marker would be written")
    if context.options.pull:
        follow(context, checkpoint, shown.arrived, shown.start_over)
    if context.options.check:
        find_missing(context, dry_run=True)
        context.report.pushed += context.report.missing
    if context.options.push:
        shown.departing()


class _Preview:
    """Lists the actions of a sync; with `is_new` nothing is assumed to be known of the remote."""

    def __init__(self, context: Context, *, is_new: bool) -> None:
        self.is_new = is_new
        self._context = context
        self._seen: set[str] = set()

    def start_over(self) -> None:
        """Go on as if nothing were known of the remote."""
        self.is_new = True

    def arrived(self, documents: Sequence[Received], _checkpoint: str) -> None:
        """List the actions for these documents."""
        report = self._context.report
        report.set_aside += sum(isinstance(one, Unreadable) for one in documents)
        with self._context.store.writing() as writer:
            planned = writer.incoming.planned(documents, is_new=self.is_new)
        for _, _, action in planned:
            self._seen.add(action.state.id)
            match action:
                case Take(state=state):
                    report.plan_action("forget" if isinstance(state, Tombstone) else "pull", state)
                case Keep(state=state):
                    self._push(state)
                case Reject(state=state):
                    report.plan_action("set aside", state)
        report.count([action for _, _, action in planned])

    def departing(self) -> None:
        """List the records that would be pushed, besides those that arrived."""
        wanted = self._context.push_filter(everything=self.is_new)
        after = Position()
        while True:
            with self._context.store.writing() as writer:
                pending, after = writer.outgoing.pending(wanted, after)
            if not pending:
                return
            for one in pending:
                if one.state.id not in self._seen:
                    self._push(one.state)

    def _push(self, state: State) -> None:
        if self._context.options.push:
            self._context.report.pushed += 1
            self._context.report.plan_action("push", state)
