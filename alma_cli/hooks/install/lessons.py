"""The rules as files that other agents and people read: an Agent Skill, or a block in AGENTS.md."""

import os
from collections.abc import Sequence

from alma_cli.core.learning.lessons import SKILL_MARK, Lessons
from alma_cli.errors import AlmaError
from alma_cli.hooks.install.blocks import with_block
from alma_cli.hooks.install.changes import FileChange, Plan, WriteFile, text_of

BLOCK = "alma lessons"


def plan_skill(folder: str, lessons: Lessons, out: str | None) -> Plan:
    """The plan that makes the skill current: in `out`, else where hosts look for skills in this folder.

    Raises `AlmaError` for a file in its place that isn't ALMA's, and where lessons would be lost.
    """
    places = [out] if out else [os.path.join(folder, ".agents", "skills")]
    if not out and os.path.isdir(os.path.join(folder, ".claude")):
        places.append(os.path.join(folder, ".claude", "skills"))
    return Plan([change for place in places for change in _skill_changes(place, lessons)])


def plan_section(folder: str, lessons: Lessons, out: str | None) -> Plan:
    """The plan that makes the block of AGENTS.md current, in `out`, else in this folder.

    Raises `AlmaError` for half a block, and where lessons would be lost.
    """
    path = os.path.join(out or folder, "AGENTS.md")
    before = text_of(path)
    return _plan(path, before, with_block(path, before, BLOCK, lessons.to_section()), lessons)


def _skill_changes(place: str, lessons: Lessons) -> Sequence[FileChange]:
    path = os.path.join(place, lessons.name, "SKILL.md")
    before = text_of(path)
    if before and f"\n{SKILL_MARK}\n" not in before:
        raise AlmaError(f"{path} is not ALMA's", hint="move it away, or give --out another folder; nothing was changed")
    return _plan(path, before, lessons.to_skill(), lessons).changes


def _plan(path: str, before: str, after: str, lessons: Lessons) -> Plan:
    if before == after:
        return Plan()
    if not lessons.rules:  # more often a memory that isn't here than one in which all was forgotten
        raise AlmaError(
            f"{path} has lessons, and no rule is known here",
            hint="is the memory on this machine? `alma sync` brings a shared one; else remove them by hand",
        )
    return Plan([WriteFile(path, after.encode())])
