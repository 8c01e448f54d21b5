"""The rules as files that other agents and people read: an Agent Skill, or a block in AGENTS.md."""

import os
from collections.abc import Sequence

from alma_cli.core.learning.lessons import SKILL_MARK, Lessons
from alma_cli.errors import AlmaError
from alma_cli.hooks.install.blocks import with_block
from alma_cli.hooks.install.changes import FileChange, InstallRecord, Plan, RemoveFile, WriteFile, plain, text_of
from alma_cli.project import Project

BLOCK = "alma lessons"


def plan_skill(project: Project, lessons: Lessons, out: str | None) -> Plan:
    """The plan that makes the skill current: in `out`, else where hosts look for skills in the project's folder.

    There it takes the place of what was published before the project got another name.

    Raises `AlmaError` for a file in its place that isn't ALMA's, and where lessons would be lost.
    """
    folder = str(project.root)
    places = [out] if out else [os.path.join(folder, ".agents", "skills")]
    if not out and os.path.isdir(os.path.join(folder, ".claude")):
        places.append(os.path.join(folder, ".claude", "skills"))
    changes = [change for place in places for change in _skill_changes(place, lessons)]
    record = InstallRecord.load(project.backup_dir)
    named = [] if out else [place for place in map(record.path_of, record.files) if _is_other(place, lessons)]
    return Plan([*changes, *map(RemoveFile, named)])


def _is_other(path: str, lessons: Lessons) -> bool:
    """True for a file of lessons under another name."""
    is_named = os.path.basename(os.path.dirname(path)) == lessons.name
    return os.path.basename(path) == "SKILL.md" and not is_named and f"\n{SKILL_MARK}\n" in plain(text_of(path))


def plan_section(project: Project, lessons: Lessons, out: str | None) -> Plan:
    """The plan that makes the block of AGENTS.md current, in `out`, else in the project's folder.

    Raises `AlmaError` for half a block, and where lessons would be lost.
    """
    path = os.path.join(out or str(project.root), "AGENTS.md")
    before = text_of(path)
    return _plan(path, before, with_block(path, before, BLOCK, lessons.to_section()), lessons)


def _skill_changes(place: str, lessons: Lessons) -> Sequence[FileChange]:
    path = os.path.join(place, lessons.name, "SKILL.md")
    before = text_of(path)
    if before and f"\n{SKILL_MARK}\n" not in plain(before):
        raise AlmaError(f"{path} is not ALMA's", hint="move it away, or give --out another folder; nothing was changed")
    return _plan(path, before, lessons.to_skill(), lessons).changes


def _plan(path: str, before: str, after: str, lessons: Lessons) -> Plan:
    if plain(before) == plain(after):
        return Plan()
    if not lessons.rules:  # more often a memory that isn't here than one in which all was forgotten
        raise AlmaError(
            f"{path} has lessons, and no rule is known here",
            hint="is the memory on this machine? `alma sync` brings a shared one; else remove them by hand",
        )
    return Plan([WriteFile(path, after.encode())])
