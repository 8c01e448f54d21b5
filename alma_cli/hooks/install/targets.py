"""The targets of `alma install`, by name."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from alma_cli.hooks.install.changes import Plan
from alma_cli.hooks.install.claude import plan_claude, plan_claude_removal
from alma_cli.hooks.install.git import plan_git, plan_git_removal
from alma_cli.hooks.install.github import Job, plan_github, plan_github_removal
from alma_cli.hooks.install.pre_commit import plan_pre_commit, plan_pre_commit_removal
from alma_cli.project import Project

Target = Literal["claude", "git", "pre-commit", "github"]
TARGETS: tuple[Target, ...] = get_args(Target)


@dataclass(frozen=True, slots=True)
class InstallOptions:
    """An installation: for an agent (None for the default one) and, for github, of a job."""

    target: Target
    agent: str | None = None
    job: Job = field(default_factory=Job)


def plan_install(project: Project, wanted: InstallOptions) -> Plan:
    """The plan that installs what is missing. Raises `AlmaError` when something is in the way."""
    folder = str(project.root)
    match wanted.target:
        case "claude":
            return plan_claude(folder, wanted.agent)
        case "git":
            return plan_git(folder, wanted.agent)
        case "pre-commit":
            return plan_pre_commit(folder, wanted.agent)
        case "github":
            return plan_github(folder, wanted.agent, wanted.job)


def plan_uninstall(project: Project, target: Target) -> Plan:
    """The plan that removes what is installed. Raises `AlmaError` when something can't be read."""
    folder = str(project.root)
    match target:
        case "claude":
            return plan_claude_removal(folder, project.backup_dir)
        case "git":
            return plan_git_removal(folder, project.backup_dir)
        case "pre-commit":
            return plan_pre_commit_removal(folder, project.backup_dir)
        case "github":
            return plan_github_removal(folder)
