"""pre-commit's configuration: a marked block at the start of its `repos`, whose hooks start ALMA in the background."""

import os
import re
from pathlib import Path
from typing import Any

from alma_cli.errors import AlmaError
from alma_cli.hooks.events import GIT_EVENTS
from alma_cli.hooks.install.changes import Plan, RemoveFile, WriteFile, original_of, text_of
from alma_cli.hooks.install.program import agent_words

_FILE = ".pre-commit-config.yaml"
_BLOCK = re.compile(r"^ *# >>> alma >>>[^\n]*\n.*?^ *# <<< alma <<<\r?\n", re.MULTILINE | re.DOTALL)
_REPOS = re.compile(
    r"^repos:[ \t]*(?:#[^\n]*)?\r?\n(?P<between>(?:[ \t]*(?:#[^\n]*)?\r?\n)*)(?P<indent>[ \t]*)- ", re.MULTILINE
)
_NEW = "repos:\n"


def plan_pre_commit(folder: str, agent: str | None) -> Plan:
    """The plan that adds ALMA's hooks to the configuration. Raises `AlmaError` unless `repos` is a list we can read."""
    path = os.path.join(folder, _FILE)
    text = text_of(path)
    found = _BLOCK.search(text)
    indent = ""
    if found is None and text.strip():
        repos = _REPOS.search(text)
        if repos is None:
            raise AlmaError(
                f"{path} has no `repos:` with a list below it",
                hint="write `repos:` and below it a `- repo: ...` on a line of its own; nothing was changed",
            )
        indent = repos["indent"]
        place = repos.start("indent")
        after = text[:place] + _block(indent, agent) + text[place:]
    elif found is None:
        after = _NEW + _block("  ", agent)
    else:
        indent = found.group()[: len(found.group()) - len(found.group().lstrip(" "))]
        after = text[: found.start()] + _block(indent, agent) + text[found.end() :]
    if "\r\n" in text:
        after = after.replace("\r\n", "\n").replace("\n", "\r\n")
    _check_the_rest_is_kept(path, text, after)
    stages = " ".join(f"--hook-type {event}" for event in GIT_EVENTS)
    note = f"git calls pre-commit for these once you run: pre-commit install {stages}"
    return Plan([WriteFile(path, after.encode())], [note]) if after != text else Plan()


def plan_pre_commit_removal(folder: str, backup_dir: Path) -> Plan:
    """The plan that restores the configuration or, if it was edited since, takes our block out."""
    path = os.path.join(folder, _FILE)
    if (original := original_of(path, backup_dir)) is not None:
        return Plan([original])
    text = text_of(path)
    after = _BLOCK.sub("", text, count=1)
    if after == text:
        return Plan()
    return Plan([RemoveFile(path) if after.strip() == _NEW.strip() else WriteFile(path, after.encode())])


def _block(indent: str, agent: str | None) -> str:
    lines = [
        "# >>> alma >>> `alma uninstall pre-commit` takes this out",
        "- repo: local",
        "  hooks:",
    ]
    for event in GIT_EVENTS:
        commits = {"post-commit": ' "$(git rev-parse HEAD)"'}.get(event, "")
        if event == "post-merge":
            commits = ' "$(git rev-parse ORIG_HEAD)..$(git rev-parse HEAD)"'
        command = f"alma hook {event}{commits}{agent_words(agent)} --deadline 120"
        script = f"(command -v alma && {command} &) </dev/null >/dev/null 2>&1"
        lines += [
            f"    - id: alma-{event}",
            f"      name: alma ({event})",
            "      entry: sh",
            f"      args: [-c, {_yaml_text(script)}]",
            "      language: system",
            f"      stages: [{event}]",
            "      always_run: true",
            "      pass_filenames: false",
        ]
    lines.append("# <<< alma <<<")
    return "".join(f"{indent}{line}\n" for line in lines)


def _yaml_text(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


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
