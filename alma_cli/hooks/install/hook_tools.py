"""Programs that write git's hooks: husky, lefthook, simple-git-hooks, each asked in its own way to keep ALMA's.

What they read is committed, so it calls the `alma` on the PATH.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from alma_cli.core.records import JsonValue
from alma_cli.errors import AlmaError
from alma_cli.hooks.install.changes import Plan, RemoveFile, WriteFile, original_of, plain, text_of
from alma_cli.hooks.install.git_script import others_in, projects_in, script
from alma_cli.hooks.install.json_files import parsed, written

_LEFTHOOK = [
    f"{folder}{dot}lefthook{end}"
    for folder, dot in (("", ""), ("", "."), (".config/", ""))
    for end in (".yml", ".yaml", ".json", ".toml")
]
_LOCAL = "lefthook-local.yml"
_FIRST = "# >>> alma >>> this file is ALMA's: `alma uninstall git` removes it\n"
_SIMPLE = ((".simple-git-hooks.json", ""), ("simple-git-hooks.json", ""), ("package.json", "simple-git-hooks"))
_KEPT = "preserveUnused"
_PROGRAMS = [f"{dot}simple-git-hooks{end}" for dot in (".", "") for end in (".js", ".cjs", ".mjs")]
"""Configurations of simple-git-hooks that are programs."""


def husky_folder(hooks: str) -> str:
    """The folder in which husky looks for a repository's own hooks; empty where git's folder of hooks isn't husky's.

    Husky makes git's folder anew, `.husky/_`, whenever packages are installed, and calls what is beside it.
    """
    is_huskys = os.path.basename(hooks) == "_" and os.path.isfile(os.path.join(hooks, "h"))
    return os.path.dirname(hooks) if is_huskys else ""


# lefthook


def lefthook_events(top: str, events: tuple[str, ...]) -> list[str]:
    """Those of these events whose hooks lefthook writes. Raises `AlmaError` for a configuration that can't be read."""
    path = next((path for name in _LEFTHOOK if os.path.isfile(path := os.path.join(top, name))), None)
    if path is None:
        return []
    text = text_of(path)
    return [event for event in events if event in _keys(path, text)]


def lefthook_file(top: str) -> str:
    """The path of what lefthook reads besides the repository's configuration."""
    return os.path.join(top, _LOCAL)


def calls_alma(top: str) -> bool:
    """True where what lefthook reads besides, our file or somebody's own, calls ALMA."""
    others = [name.replace("lefthook", "lefthook-local") for name in _LEFTHOOK]
    return any("alma" in text_of(os.path.join(top, name)) for name in others)


def plan_lefthook(top: str, events: list[str], project: str, agent: str | None) -> Plan:
    """The plan that has lefthook call ALMA for these events: a file of ours, which lefthook merges with its own."""
    path = lefthook_file(top)
    text = plain(text_of(path))
    others = [name.replace("lefthook", "lefthook-local") for name in _LEFTHOOK]  # lefthook reads the first of all
    own = [other for name in others if os.path.isfile(other := os.path.join(top, name)) and other != path]
    if own or (text and not text.startswith(_FIRST)):
        there, names = own[0] if own else path, ", ".join(events)
        return Plan(
            notes=[f"{there} is there already, so lefthook was not asked to call ALMA for {names}"] if events else []
        )
    projects = projects_in(text)
    projects[project] = agent or projects.get(project)
    after = _lefthook_text(events, projects) if events else ""
    if after == text:
        return Plan()
    note = "git calls lefthook for these once you run `lefthook install`; keep lefthook-local.yml out of git"
    return Plan([WriteFile(path, after.encode()) if after else RemoveFile(path)], [note] if after else [])


def plan_lefthook_removal(top: str, project: str) -> Plan:
    """The plan that takes a project out of our file, which goes with the last one."""
    path = lefthook_file(top)
    text = plain(text_of(path))
    projects = projects_in(text) if text.startswith(_FIRST) else {}
    others = others_in(projects, project, top)
    if not projects or (others and project not in projects):
        return Plan()
    events = _keys(path, text)
    return Plan([WriteFile(path, _lefthook_text(events, others).encode()) if others else RemoveFile(path)])


def _lefthook_text(events: list[str], projects: Mapping[str, str | None]) -> str:
    lines = [_FIRST]
    for event in events:
        lines += [f"{event}:\n  commands:\n    alma:\n      run: |\n"]
        lines += [f"        {line}\n" for line in script(event, projects, "alma")]
    return "".join(lines)


def _keys(path: str, text: str) -> list[str]:
    """The names at the top of a configuration, in YAML (as JSON is) or TOML."""
    if path.endswith(".toml"):
        import tomllib

        try:
            return list(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise AlmaError(f"{path} is not TOML: {error}", hint="nothing was changed") from error
    import yaml

    try:
        return list(yaml.safe_load(text) or {})
    except (yaml.YAMLError, TypeError) as error:
        raise AlmaError(f"{path} is not YAML", hint="nothing was changed") from error


# simple-git-hooks, which removes every hook that its configuration doesn't name


def plan_simple_git_hooks(top: str, events: tuple[str, ...]) -> tuple[Plan, list[str]]:
    """The plan that has simple-git-hooks keep the hooks of these events, and those whose hooks it writes itself."""
    for name, key in _SIMPLE:
        path = os.path.join(top, name)
        text = text_of(path)
        settings = parsed(path, text) if text else {}
        config = settings.get(key) if key else settings
        if not isinstance(config, dict) or not config:
            continue
        own = [event for event in events if event in config]
        kept = config.get(_KEPT)
        unkept = [
            event for event in events if event not in own and event not in (kept if isinstance(kept, list) else ())
        ]
        if kept is True or not unkept:
            return Plan(), own
        config[_KEPT] = [*(kept if isinstance(kept, list) else ()), *unkept]
        return Plan([WriteFile(path, written(settings, text))]), own
    program = next((path for name in _PROGRAMS if os.path.isfile(path := os.path.join(top, name))), None)
    if program and _KEPT not in text_of(program):
        note = f"simple-git-hooks removes hooks that {program} doesn't name: add `{_KEPT}: {list(events)}` to it"
        return Plan(notes=[note]), []
    return Plan(), []


def plan_simple_git_hooks_removal(top: str, backup_dir: Path, events: tuple[str, ...]) -> Plan:
    """The plan that restores its configuration or, if it was edited since, takes these events out of what is kept."""
    for name, key in _SIMPLE:
        path = os.path.join(top, name)
        text = text_of(path)
        settings = parsed(path, text) if text else {}
        config: JsonValue = settings.get(key) if key else settings
        kept = config.get(_KEPT) if isinstance(config, dict) else None
        if not isinstance(config, dict) or not isinstance(kept, list) or not set(kept) & set(events):
            continue
        original = original_of(path, backup_dir)
        if isinstance(original, WriteFile):
            return Plan([original])
        config[_KEPT] = [event for event in kept if event not in events]
        if not config[_KEPT]:
            del config[_KEPT]
        return Plan([WriteFile(path, written(settings, text))])
    return Plan()
