"""GitHub: a workflow of our own, which runs a command through ALMA's composite action (`action.yml`)."""

import json
import re

from alma_cli.errors import AlmaError, InvalidUsage
from alma_cli.hooks.install.changes import Plan, RemoveFile, WriteFile, plain, text_of
from alma_cli.hooks.install.parts import ConnectedProject, Job, Part
from alma_cli.worktrees import top_of

_MARK = "# >>> alma >>> this file is ALMA's: `alma uninstall github` removes it\n"
_ACTION = re.compile(r"[\w.-]+/[\w.-]+(?:/[\w./-]+)?@[\w./-]+|\./[\w./-]*")

_AGENT = re.compile(r'^ {10}agent: ("[^"\\]*")$', re.MULTILINE)
"""The agent of a workflow, which stays unless another one is given."""


def workflow_path(place: ConnectedProject) -> str:
    """The path of the workflow's file."""
    return place.path(".github", "workflows", "alma.yml")


def plan_github(place: ConnectedProject) -> Plan:
    """The plan that makes the workflow. Raises `InvalidUsage` without the action, and `AlmaError`."""
    path, job = workflow_path(place), place.job
    if job.action and (why := unread(place)[0]):
        raise AlmaError(f"{why}; nothing was changed", hint="`alma init` there makes a project for it")
    before = plain(text_of(path))
    if before and not before.startswith(_MARK):
        raise AlmaError(f"{path} is not ALMA's", hint="give that workflow another name; nothing was changed")
    if not job.action:
        if before:
            return Plan()
        raise InvalidUsage(
            "--action is missing",
            hint="say where ALMA's action is: alma install github --action OWNER/REPO@REF --command 'make test'",
        )
    if not _ACTION.fullmatch(job.action):
        raise InvalidUsage(f"--action {job.action[:60]!r}: expected OWNER/REPO@REF, or ./PATH")
    named = _AGENT.search(before)
    after = _workflow(place.agent or (json.loads(named[1]) if named else None), job)
    return Plan([WriteFile(path, after.encode())] if after != before else [])


def plan_github_removal(place: ConnectedProject) -> Plan:
    """The plan that removes the workflow, if it is ours."""
    path = workflow_path(place)
    return Plan([RemoveFile(path)] if plain(text_of(path)).startswith(_MARK) else [])


def unread(place: ConnectedProject) -> tuple[str, str]:
    """The reason why GitHub doesn't read a workflow in the project's folder, and what mends it; empty where it does."""
    top = top_of(place.folder)
    if top is None or top == place.folder:
        return "", ""
    return f"GitHub reads workflows at the top of a repository only, {top}", "alma uninstall github"


def _workflow(agent: str | None, job: Job) -> str:
    given = {"command": job.command, "junit": "\n".join(job.junit), "agent": agent or ""}
    lines = "".join(f"          {name}: {json.dumps(value)}\n" for name, value in given.items() if value)
    return f"""{_MARK}name: alma
on: [push, pull_request]
permissions:
  contents: read
jobs:
  learn:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: {job.action}
        with:
{lines}# <<< alma <<<
"""


GITHUB = Part(plan_github, plan_github_removal, lambda place: [workflow_path(place)])
