"""A project that is connected with hosts, and the parts that do it: each is installed, and removed, by a plan."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from alma_cli.hooks.install.changes import Plan
from alma_cli.project import Project


@dataclass(frozen=True, slots=True)
class Job:
    """What GitHub runs: the place of ALMA's action (OWNER/REPO@REF), the command, and where its test reports are."""

    action: str = ""
    command: str = "make test"
    junit: Sequence[str] = ()


class ConnectedProject(NamedTuple):
    """The project to connect, its agent (None for the default one), and its job at GitHub."""

    project: Project
    agent: str | None = None
    job: Job = Job()

    @property
    def folder(self) -> str:
        """The project's folder."""
        return str(self.project.root)

    def path(self, *names: str) -> str:
        """The path of a file in the project's folder."""
        return os.path.join(self.folder, *names)


Planner: TypeAlias = Callable[[ConnectedProject], Plan]


@dataclass(frozen=True, slots=True)
class Part:
    """One thing to install: the plan that does it where it is missing, the plan that takes it out, and its files.

    Both plans raise `AlmaError` when something is in the way, or can't be read. In one file at least there is a mark of
    ours when it is installed; where the part `is_one`, it may be in any of them.
    """

    install: Planner
    remove: Planner
    files: Callable[[ConnectedProject], Sequence[str]]
    is_one: bool = False
