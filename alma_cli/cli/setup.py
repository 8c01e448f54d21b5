"""`alma setup`: connect ALMA with all that is found here, or take that out again."""

from typing import Annotated

from alma_cli.cli.inputs import open_alma
from alma_cli.cli.install import change_word, known_target, shown_change
from alma_cli.cli.options import Agent, Dir, Json, Yes, argument, option
from alma_cli.cli.output import Reply, confirmed, tell
from alma_cli.core.records import JsonValue
from alma_cli.core.text import counted
from alma_cli.errors import AlmaError
from alma_cli.hooks.install.changes import applied, difference, forget_overwritten
from alma_cli.hooks.install.parts import ConnectedProject
from alma_cli.hooks.install.program import warnings_of_agents
from alma_cli.hooks.install.setup import SETUP_TARGETS, Connection, connections, targets_here
from alma_cli.project import make_home


def setup(
    targets: Annotated[
        list[str] | None, argument("[TARGET ...]", f"{', '.join(SETUP_TARGETS)} [what is here].")
    ] = None,
    check: Annotated[bool, option("--check", "Change nothing; the exit code is 1 when something is missing.")] = False,
    dry_run: Annotated[bool, option("--dry-run", "Change nothing; print what would change, as a diff.")] = False,
    remove: Annotated[bool, option("--remove", "Take everything out again, byte for byte.")] = False,
    agent: Agent = None,
    directory: Dir = None,
    yes: Yes = False,
    json: Json = False,
) -> Reply:
    """Connect ALMA with the hosts that are found here: their hooks, MCP server, skill and a block of AGENTS.md.

    Shows what it would change, and asks on a terminal. Only marked parts of others' files are written, and a copy of
    each is kept. What is committed calls the alma on the PATH; hooks that name this machine's alma are not committed.

    \b
    Examples:
      alma setup
      alma setup claude git --yes
      alma setup --check
      alma setup --remove
    """
    alma = open_alma(directory)
    if agent is not None:
        alma.config.scope_for(agent)
    place = ConnectedProject(alma.project, agent)
    named = {name: known_target(name, SETUP_TARGETS) for name in targets or []}
    found = connections(place, named or (SETUP_TARGETS if remove else targets_here(place)), remove=remove)
    changes = [change for connection in found for change in connection.plan.changes]
    told = [line for connection in found for line in _state(connection, remove=remove)]
    lines = difference(changes) if dry_run else []
    if remove and not changes:
        told.append("nothing is connected here")
    if not (check or dry_run):
        if remove:
            forget_overwritten(alma.project.backup_dir)
        else:
            make_home(alma.project)  # its .gitignore may be missing, as in a clone
    made = False
    if changes and not (check or dry_run):
        if not (json or yes):
            for line in told:
                tell(line)
            told = []
        made = confirmed(f"make {counted(len(changes), 'change', 'changes')}?", yes=yes)
        if made:
            applied(changes, alma.project.backup_dir)
        told.append(f"made {counted(len(changes), 'change', 'changes')}" if made else "nothing was changed")
    notes = [note for connection in found for note in connection.plan.notes]
    data: dict[str, JsonValue] = {"targets": [_to_json(connection) for connection in found], "changed": made}
    return Reply(
        data=data,
        lines=lines,
        warnings=[] if remove else warnings_of_agents(alma.config, agent, changes),
        told=[*told, *notes] if found else ["no host was found here; name one: " + ", ".join(SETUP_TARGETS)],
        error=_error(found, check=check and bool(changes), remove=remove),
    )


def _state(connection: Connection, *, remove: bool) -> list[str]:
    """A line for a target that is as it should be, or a line for each change."""
    if connection.trouble:
        return [f"{connection.target}: {connection.trouble.message}"]
    if connection.plan.changes:
        return [f"{connection.target}: {shown_change(change)}" for change in connection.plan.changes]
    return [] if remove or connection.plan.notes else [f"{connection.target}: connected"]


def _error(found: list[Connection], *, check: bool, remove: bool) -> AlmaError | None:
    troubles = [connection.trouble for connection in found if connection.trouble]
    if troubles:
        return AlmaError("not everything could be planned", hint=troubles[0].hint)
    if check:
        return AlmaError("something is still there" if remove else "something is missing", hint="alma setup")
    return None


def _to_json(connection: Connection) -> dict[str, JsonValue]:
    return {
        "target": connection.target,
        "here": connection.is_here,
        "changes": [{"path": change.path, "change": change_word(change)} for change in connection.plan.changes],
        "trouble": connection.trouble.message if connection.trouble else None,
    }
