"""`alma install` and `alma uninstall`: let other tools call ALMA, and stop that again."""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, TypeVar

from alma_cli.cli.inputs import open_alma
from alma_cli.cli.options import Agent, Dir, Yes, argument, option
from alma_cli.cli.output import Reply
from alma_cli.core.records import JsonValue
from alma_cli.core.text import did_you_mean
from alma_cli.errors import AlmaError, InvalidUsage, ProjectUntrusted
from alma_cli.hooks.install.changes import (
    FileChange,
    MoveFile,
    Plan,
    WriteFile,
    applied,
    difference,
    forget_overwritten,
)
from alma_cli.hooks.install.git import hooks_folder
from alma_cli.hooks.install.parts import ConnectedProject, Job
from alma_cli.hooks.install.program import warnings_of_agents
from alma_cli.hooks.install.setup import INSTALL_TARGETS
from alma_cli.project import Project, make_home

_Target = TypeVar("_Target")

TargetName = Annotated[str, argument("TARGET", f"{', '.join(INSTALL_TARGETS)}.")]
Check = Annotated[bool, option("--check", "Change nothing; the exit code is 1 when something would change.")]
DryRun = Annotated[bool, option("--dry-run", "Change nothing; print what would change, as a diff.")]


def install(
    target: TargetName,
    agent: Agent = None,
    check: Check = False,
    dry_run: DryRun = False,
    action: Annotated[str, option("--action OWNER/REPO@REF", "For github: where ALMA's action is.")] = "",
    command: Annotated[str, option("--command TEXT", "For github: what to run, and learn from.")] = "make test",
    junit: Annotated[
        list[str] | None,
        option("--junit PATH", "For github: its test reports; may be repeated."),
    ] = None,
    directory: Dir = None,
    yes: Yes = False,
) -> Reply:
    """Let Claude Code, git, pre-commit or GitHub call ALMA.

    Only marked parts of their files are written; hooks of others go on working, and a copy of each file that is changed
    is kept in .alma/backup/. Doing it again changes nothing. `alma uninstall` gives the files back as they were.

    \b
    Examples:
      alma install claude
      alma install git --agent helena --dry-run
      alma install github --action OWNER/REPO@REF --command "make test"
    """
    try:
        alma = open_alma(directory)
    except ProjectUntrusted:
        if target == "git":
            hooks_folder(os.getcwd())  # git doesn't trust it either, and says how to change that
        raise
    if agent is not None:
        alma.config.scope_for(agent)
    place = ConnectedProject(alma.project, agent, Job(action, command, junit or ()))
    plan = known_target(target, INSTALL_TARGETS).install(place)
    reply = _done(alma.project, target, plan, check=check, dry_run=dry_run, word="installed")
    return replace(reply, warnings=warnings_of_agents(alma.config, agent, plan.changes))


def uninstall(
    target: TargetName,
    check: Check = False,
    dry_run: DryRun = False,
    directory: Dir = None,
    yes: Yes = False,
) -> Reply:
    """Take out what `alma install` put in, byte for byte.

    A file that was edited since keeps those edits.

    \b
    Examples:
      alma uninstall git
      alma uninstall claude --dry-run
    """
    alma = open_alma(directory)
    plan = known_target(target, INSTALL_TARGETS).remove(ConnectedProject(alma.project))
    reply = _done(alma.project, target, plan, check=check, dry_run=dry_run, word="uninstalled")
    if not (check or dry_run):
        forget_overwritten(alma.project.backup_dir)
    return reply


def known_target(name: str, targets: Mapping[str, _Target]) -> _Target:
    """The target of this name. Raises `InvalidUsage`, with the one most like it."""
    if name not in targets:
        hint = did_you_mean(name, targets, shown_as="`{}`") or f"the targets are {', '.join(targets)}"
        raise InvalidUsage(f"there is no target {name[:40]!r}", hint=hint)
    return targets[name]


def _done(project: Project, target: str, plan: Plan, *, check: bool, dry_run: bool, word: str) -> Reply:
    """Make the changes, unless only to look, and tell of them."""
    lines = difference(plan.changes) if dry_run else []
    made = bool(plan.changes) and not (check or dry_run)
    if made:
        make_home(project)
        applied(plan.changes, project.backup_dir)
    if not plan.changes:
        told = [f"{target} is {word}; nothing to change"]
    else:
        told = [f"{'' if made else 'would '}{shown_change(change)}" for change in plan.changes]
    data: dict[str, JsonValue] = {
        "target": target,
        "changes": [{"path": change.path, "change": change_word(change)} for change in plan.changes],
        "changed": made,
        "notes": list(plan.notes),
    }
    missing = AlmaError(f"{target} is not {word}", hint=f"alma {word.removesuffix('ed')} {target}")
    return Reply(
        data=data,
        lines=lines,
        told=[*told, *plan.notes],
        error=missing if check and plan.changes else None,
    )


def change_word(change: FileChange) -> str:
    """The kind of a change, in a word."""
    return "write" if isinstance(change, WriteFile) else "move" if isinstance(change, MoveFile) else "remove"


def shown_change(change: FileChange) -> str:
    """A change in a line."""
    return (
        f"move {change.path} to {change.to}" if isinstance(change, MoveFile) else f"{change_word(change)} {change.path}"
    )
