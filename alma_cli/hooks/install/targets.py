"""The targets of `alma install`, by name."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from alma_cli.hooks.install.changes import Plan
from alma_cli.hooks.install.claude import plan_claude, plan_claude_removal
from alma_cli.hooks.install.git import plan_git, plan_git_removal
from alma_cli.hooks.install.github import Job, plan_github, plan_github_removal
from alma_cli.hooks.install.pre_commit import plan_pre_commit, plan_pre_commit_removal

Target = Literal["claude", "git", "pre-commit", "github"]
TARGETS: tuple[Target, ...] = get_args(Target)


class Planners(NamedTuple):
    """The plans that install, for an agent (None for the default one) and a job, and that remove again.

    Both get the project's folder. Both raise `AlmaError` when something is in the way, or can't be read.
    """

    install: Callable[[str, str | None, Job], Plan]
    remove: Callable[[str, Path], Plan]


PLANNERS: Mapping[Target, Planners] = {
    "claude": Planners(lambda folder, agent, _: plan_claude(folder, agent), plan_claude_removal),
    "git": Planners(lambda folder, agent, _: plan_git(folder, agent), plan_git_removal),
    "pre-commit": Planners(lambda folder, agent, _: plan_pre_commit(folder, agent), plan_pre_commit_removal),
    "github": Planners(plan_github, lambda folder, _: plan_github_removal(folder)),
}
