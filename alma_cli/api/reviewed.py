"""The ids of memories that somebody reviewed: one a line in `.alma/reviewed`, which status reads too."""

import os

from alma_cli.project import Project


def seen_path(project: Project) -> str:
    """The path of the file."""
    return os.path.join(project.home, "reviewed")


def seen_ids(project: Project) -> set[str]:
    """The ids in the file; none without one."""
    try:
        with open(seen_path(project), encoding="ascii", errors="replace") as file:
            return set(file.read().split())
    except FileNotFoundError:
        return set()
