"""pre-commit's configuration: a marked block at the start of its `repos`, whose hooks start ALMA in the background.

It is the one at the top of the worktree, and its hooks serve all projects of the repository.
"""

import os
import re
from collections.abc import Mapping
from typing import Any

from alma_cli.errors import AlmaError
from alma_cli.hooks.events import GIT_EVENTS
from alma_cli.hooks.install.changes import Plan, RemoveFile, WriteFile, content_of, original_of, text_of
from alma_cli.hooks.install.git import hook_files, path_from_top, top_folder
from alma_cli.hooks.install.git_script import others_in, projects_in, script
from alma_cli.hooks.install.parts import ConnectedProject, Part

CONFIGURATION = ".pre-commit-config.yaml"
_BLOCK = re.compile(r"^ *# >>> alma >>>[^\n]*\n.*?^ *# <<< alma <<<\r?\n", re.MULTILINE | re.DOTALL)
_REPOS = re.compile(
    r"^\ufeff?repos:[ \t]*(?:#[^\n]*)?\r?\n(?P<between>(?:[ \t]*(?:#[^\n]*)?\r?\n)*)(?P<indent>[ \t]*)- ", re.MULTILINE
)
_NEW = "repos:\n"
_OF_PREK = ("prek.toml", ".pre-commit-config.yml")
"""The configurations that prek reads besides: the first before ours, the second only where ours isn't."""

PRE_COMMIT_EVENTS = tuple(event for event in GIT_EVENTS if event != "post-applypatch")
"""The events that pre-commit knows."""

_INSTALL = " ".join(("pre-commit install", *(f"--hook-type {event}" for event in PRE_COMMIT_EVENTS)))


def plan_pre_commit(place: ConnectedProject) -> Plan:
    """The plan that adds ALMA's hooks to the configuration. Raises `AlmaError` unless `repos` is a list we can read."""
    path = _file(place)
    text = text_of(path)
    projects, here = _projects(text), path_from_top(place.folder)
    projects[here] = place.agent or projects.get(here)
    if _BLOCK.search(text):
        after = _with_block(text, projects)
    elif text.strip():
        repos = _REPOS.search(text)
        if repos is None:
            raise AlmaError(
                f"{path} has no `repos:` with a list below it",
                hint="write `repos:` and below it a `- repo: ...` on a line of its own; nothing was changed",
            )
        at = repos.start("indent")
        after = _ends_like(text, text[:at] + _block(repos["indent"], projects) + text[at:])
    elif own := _of_prek(path):
        raise AlmaError(
            f"prek is configured by {own[0]}, which a new {CONFIGURATION} would hide, or be hidden by",
            hint="`alma install git` keeps ALMA's hooks beside prek's; nothing was changed",
        )
    else:
        after = _NEW + _block("  ", projects)
    _check_the_rest_is_kept(path, text, after)
    note = f"git calls pre-commit for these once you run: {_INSTALL}"
    notes = [note, *(f"prek, if that is what you use, reads {own} in its place" for own in _of_prek(path)[:1])]
    return Plan([WriteFile(path, after.encode())], notes) if after != text else Plan()


def _of_prek(path: str) -> list[str]:
    """The paths of prek's own configurations beside this one, that which it prefers first."""
    folder = os.path.dirname(path)
    return [own for name in _OF_PREK if os.path.exists(own := os.path.join(folder, name))]


def _file(place: ConnectedProject) -> str:
    """The path of the configuration that is for this folder."""
    return os.path.join(top_folder(place.folder) or place.folder, CONFIGURATION)


def plan_pre_commit_removal(place: ConnectedProject) -> Plan:
    """The plan that restores the configuration or, if it was edited since, takes our block out."""
    path = _file(place)
    text = text_of(path)
    projects = _projects(text)
    here = path_from_top(place.folder)
    if others := others_in(projects, here, os.path.dirname(path)):
        return Plan([WriteFile(path, _with_block(text, others).encode())]) if here in projects else Plan()
    if (original := original_of(path, place.project.backup_dir)) is not None:
        return Plan([original])
    after = _BLOCK.sub("", text, count=1)
    if after == text:
        return Plan()
    return Plan([RemoveFile(path) if after.strip() == _NEW.strip() else WriteFile(path, after.encode())])


def not_called(place: ConnectedProject) -> tuple[str, str]:
    """The reason why git calls neither pre-commit nor ALMA after a commit, and what mends it; empty where it does."""
    contents = [content_of(path) or b"" for path in hook_files(place) if os.path.basename(path) == "post-commit"]
    if any(name in content for content in contents for name in (b"pre-commit", b"prek", b">>> alma >>>")):
        return "", ""
    return "git doesn't call pre-commit after a commit yet", f"`{_INSTALL}`, or `alma setup git`"


def pre_commit_hooks(projects: Mapping[str, str | None]) -> list[str]:
    """The hooks for these projects, as lines of YAML that pre-commit understands."""
    lines = []
    for event in PRE_COMMIT_EVENTS:
        lines += [
            f"- id: alma-{event}",
            f"  name: alma ({event})",
            "  entry: sh",
            "  args:",
            "  - -c",
            "  - |",
            *(f"    {line}" for line in script(event, projects, "alma")),
            "  language: system",
            f"  stages: [{event}]",
            "  always_run: true",
            "  pass_filenames: false",
        ]
    return lines


def _projects(text: str) -> dict[str, str | None]:
    """The projects that our block serves, with their agents."""
    found = _BLOCK.search(text)
    return projects_in(found.group()) if found else {}


def _with_block(text: str, projects: Mapping[str, str | None]) -> str:
    """The text with a block for these projects in the place of the one that is there."""

    def block(found: re.Match[str]) -> str:
        return _block(found.group()[: -len(found.group().lstrip(" "))], projects)

    return _ends_like(text, _BLOCK.sub(block, text, count=1))


def _ends_like(text: str, after: str) -> str:
    return after.replace("\r\n", "\n").replace("\n", "\r\n") if "\r\n" in text else after


def _block(indent: str, projects: Mapping[str, str | None]) -> str:
    lines = [
        "# >>> alma >>> `alma uninstall pre-commit` takes this out",
        "- repo: local",
        "  hooks:",
        *(f"    {line}" for line in pre_commit_hooks(projects)),
        "# <<< alma <<<",
    ]
    return "".join(f"{indent}{line}\n" for line in lines)


def _check_the_rest_is_kept(path: str, before: str, after: str) -> None:
    """Raise `AlmaError` unless both texts mean the same, apart from our hooks."""
    import yaml

    def without_ours(text: str) -> Any:
        value = yaml.safe_load(text) or {"repos": []}
        value["repos"] = [repo for repo in value["repos"] or [] if not str(_first_id(repo)).startswith("alma-")]
        return value

    try:
        is_kept = without_ours(before) == without_ours(after)
    except (yaml.YAMLError, TypeError, KeyError, AttributeError) as error:
        raise AlmaError(f"{path} can't be read as YAML of pre-commit", hint="nothing was changed") from error
    if not is_kept:
        raise AlmaError(f"{path} is written in a way that can't be added to safely", hint="nothing was changed")


def _first_id(repo: Any) -> Any:
    hooks = repo.get("hooks") if isinstance(repo, dict) else None
    return hooks[0].get("id") if isinstance(hooks, list) and hooks and isinstance(hooks[0], dict) else ""


PRE_COMMIT = Part(plan_pre_commit, plan_pre_commit_removal, lambda place: [_file(place)])
