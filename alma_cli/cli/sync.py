"""`alma sync` and `alma sync status`: the shared copy."""

from typing import Annotated

from alma_cli.api.sync import SyncStatus
from alma_cli.cli.filters import unknown_agents
from alma_cli.cli.inputs import Memory
from alma_cli.cli.options import Json, Yes, option
from alma_cli.cli.output import Reply, Table, agreed, confirmed, progress, tell
from alma_cli.core.codec import format_time
from alma_cli.core.text import counted, enumerated
from alma_cli.errors import InvalidInput, InvalidUsage, JoinNeeded
from alma_cli.sync.report import Synced

_MEMORY = ("memory", "memories")


def sync(
    alma: Memory,
    dry_run: Annotated[bool, option("--dry-run", "Only show what would be done.")] = False,
    push: Annotated[bool, option("--push", "Only push.")] = False,
    pull: Annotated[bool, option("--pull", "Only pull.")] = False,
    agent: Annotated[
        list[str] | None, option("--agent -a NAME", "Push only this agent's; several times for several.")
    ] = None,
    timeout: Annotated[float | None, option("--timeout SECONDS", "Stop after so long [no limit].")] = None,
    check: Annotated[
        bool, option("--check", "Compare all ids: what is gone from the shared copy is pushed again.")
    ] = False,
    join: Annotated[bool, option("--join", "Merge with a shared copy that this store, not empty, never met.")] = False,
    reseed: Annotated[
        bool, option("--reseed", "Fill a shared copy that was emptied; or pin this model and these rules.")
    ] = False,
    restamp: Annotated[bool, option("--restamp", "Stamp what waits anew, after this clock was set right.")] = False,
    yes: Yes = False,
    json: Json = False,
) -> Reply:
    """Reconcile with the project's shared copy, both ways: Cosmos DB, or a folder (docs/sync.md).

    The newest version of a memory holds, and what was forgotten stays so; what didn't hold is in `alma log ID`. What
    can't be exchanged now is kept for the next time. `alma sync status` shows how it stands.

    \b
    Examples:
      alma sync
      alma sync --dry-run
      alma sync --push --agent helena --timeout 60
    """
    if push and pull:
        raise InvalidUsage("--push and --pull exclude each other", hint="leave both out to do both")
    if timeout is not None and not 0 < timeout <= 86_400:
        raise InvalidInput(f"--timeout: expected more than 0 seconds, and at most 86,400, got {timeout:g}")
    asked = "Fill or change the shared copy for everybody from this store?"
    if reseed and not dry_run and not confirmed(asked, yes=yes):
        return Reply(data={"cancelled": True}, told=["nothing was done"])

    def run(*, joins: bool) -> Synced:
        with progress("syncing", total=None, quiet=json) as advance:
            return alma.sync(
                pull=not push,
                push=not pull,
                agents=agent,
                timeout_s=timeout,
                check=check,
                join=joins,
                reseed=reseed,
                restamp=restamp,
                dry_run=dry_run,
                advance=advance,
                tell=None if json else tell,
            )

    try:
        report = run(joins=join)
    except JoinNeeded as error:
        if json or not agreed(f"{error.message}. Are both one project, and shall they be merged?"):
            raise
        report = run(joins=True)
    return Reply(
        data=report.to_json(),
        tables=_tables(report),
        told=_told(report),
        warnings=[*report.warnings, *unknown_agents(alma, agent or ())],
    )


def status(alma: Memory) -> Reply:
    """Show what waits to be pushed, when this store last met its shared copy, and whether that answers now.

    \b
    Examples:
      alma sync status
      alma sync status --json
    """
    found = alma.sync_status()
    return Reply(
        data=found.to_json(),
        tables=[Table(headings=("what", "how it stands"), rows=_rows(found), flexible=[1])],
        told=[found.hint] if found.hint else [],
    )


def _tables(report: Synced) -> list[Table]:
    tables = []
    if report.plan:
        rows = [(one.action, one.id, one.kind, one.agent) for one in report.plan]
        tables.append(Table(headings=("would", "id", "kind", "agent"), rows=rows, flexible=[3], id_column=1))
    if report.conflicts:
        clashed = [("conflict", one.id, one.kind, one.agent, f"kept {one.kept}") for one in report.conflicts]
        headings = ("", "id", "kind", "agent", "what holds")
        tables.append(Table(headings=headings, rows=clashed, flexible=[3], id_column=1))
    return tables


def _told(report: Synced) -> list[str]:
    """The summary. The notes were told while it went on."""
    if report.busy:
        return [f"another `alma sync` of this store is running with {report.remote}; nothing was done here"]
    would = "would be " if report.dry_run else ""
    parts = [f"{report.pulled:,} {would}pulled", f"{report.pushed:,} {would}pushed"]
    parts += [f"{report.merged:,} {would}merged"] if report.merged else []
    parts += [f"{report.forgotten:,} {would}forgotten"] if report.forgotten else []
    parts += [f"{counted(report.conflict_count, 'conflict', 'conflicts')}"] if report.conflict_count else []
    parts += [f"{report.set_aside:,} set aside"] if report.set_aside else []
    parts += [f"{report.missing:,} {would}restored there"] if report.missing else []
    parts += [f"{report.vectors_written:,} vectors filled in"] if report.vectors_written else []
    parts += [f"{report.derived_written:,} derived written"] if report.derived_written else []
    parts += [f"{report.pending:,} pending"] if report.pending else []
    charge = f", {report.request_charge:,.1f} RU" if report.request_charge else ""
    summary = f"{report.remote}: {', '.join(parts)} ({report.seconds:.1f} s{charge})"
    if report.conflict_count:
        return [summary, "`alma log ID` shows the versions that didn't hold"]
    return [summary]


def _rows(found: SyncStatus) -> list[tuple[str, str]]:
    waiting = sum(found.pending.values())
    by_agent = enumerated(f"{agent} {count:,}" for agent, count in found.pending.items())
    rows = [
        ("remote", found.remote),
        ("answers", "yes" if found.answers else f"no: {found.trouble}"),
        ("last sync", format_time(found.synced_at)[:19].replace("T", " ") if found.synced_at else "never"),
        ("pending", f"{counted(waiting, *_MEMORY)} ({by_agent})" if waiting else "nothing"),
        ("conflicts", f"{found.conflicts:,}"),
        ("set aside", f"{len(found.set_aside):,}"),
    ]
    rows += [("", f"{one.name}: {one.reason}") for one in found.set_aside]
    if found.blocked:
        rows.append(("blocked", f"{counted(found.blocked, *_MEMORY)}, whose documents are set aside"))
    if found.pinned_model and found.pinned_model != found.model:
        rows.append(("vectors", f"the remote's are by {found.pinned_model}, ours by {found.model}"))
    if found.same_rules is False:
        rows.append(("rules", "learning is configured otherwise than for the remote's derived memories"))
    return rows
