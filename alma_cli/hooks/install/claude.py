"""Claude Code's hooks in its settings. JSON has no comments, so our entries have a mark inside."""

import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alma_cli.core.records import JsonValue
from alma_cli.errors import AlmaError
from alma_cli.files import read_object
from alma_cli.hooks.events import AGENT_EVENTS
from alma_cli.hooks.install.changes import Plan, RemoveFile, WriteFile, original_of, text_of
from alma_cli.hooks.install.json_files import parsed, written
from alma_cli.hooks.install.parts import ConnectedProject, Part
from alma_cli.hooks.install.program import agent_words, fleeting, program
from alma_cli.hooks.install.repository import committed_without
from alma_cli.tracked import program_on_path
from alma_cli.worktrees import top_of

_MARK = "# alma hook"
_MATCHERS: Mapping[str, dict[str, JsonValue]] = {"post-tool-use": {"matcher": "Bash|mcp__.*alma.*__learn"}}
"""Commands tell how work is judged; other tools don't."""

_CALLS_TOOLS = (2, 1, 118)
"""The first version of Claude Code whose hooks can call a server's tools."""
_COMMON_INPUT = {"session_id": "${session_id}"}
_TOOL_INPUT: Mapping[str, dict[str, JsonValue]] = {
    "user-prompt-submit": {"prompt": "${prompt}"},
    "post-tool-use": {
        "tool_name": "${tool_name}",
        "command": "${tool_input.command}",
        "output": "${tool_response.stdout}",
    },
    "post-tool-use-failure": {
        "tool_name": "${tool_name}",
        "command": "${tool_input.command}",
        "error": "${error}",
    },
    "stop": {"message": "${last_assistant_message}"},
}
"""The input of the tool `hook` at each event. A session starts before its servers: that is left to a command."""

_TIMEOUT_S = 10
"""The seconds after which Claude Code gives up; ALMA gives up after 2."""


_NEEDED = {"command": "command", "prompt": "prompt", "agent": "prompt", "http": "url"}
"""The text that a hook of each type needs; Claude Code passes over a whole file for one hook without it."""

_DENYING = ("mcp__alma", "mcp__alma__*", "Bash(alma:*)", "Bash(alma *)", "Bash(alma)")

SHARED = "settings.json"
LOCAL = "settings.local.json"
"""The settings of everybody who works on the project, which are committed, and those of one person, which aren't."""


MANAGED = "/etc/claude-code/managed-settings.json"
"""The settings of who manages the machine, which come before all others."""


def settings_path(folder: str, file: str = SHARED) -> str:
    """The path of the settings of the project in this folder."""
    return os.path.join(folder, ".claude", file)


def can_call_tools() -> bool:
    """True where the Claude Code on the PATH can call a server's tools from its hooks, and start that server."""
    program = program_on_path("claude")
    if program is None or program_on_path("alma") is None:
        return False
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=10, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    version = re.match(r"(\d+)\.(\d+)\.(\d+)", done.stdout)
    return version is not None and tuple(map(int, version.groups())) >= _CALLS_TOOLS


def plan_claude(place: ConnectedProject, file: str = SHARED, *, by_server: bool = False) -> Plan:
    """The plan that makes Claude Code's sessions here use ALMA: by commands or, where there is a tool, `by_server`.

    Raises `AlmaError` for settings that aren't JSON.
    """
    path = settings_path(place.folder, file)
    text = text_of(path)
    settings = _parsed(path, text)
    if fault := _fault(settings):
        raise AlmaError(_passed_over(path, fault), hint="mend that entry, and do this again; nothing was changed")
    agent, changed = place.agent or _agent_in(settings), False
    for event, name in AGENT_EVENTS.items():
        asked: dict[str, JsonValue] = {"type": "command", "command": _command(event, agent)}
        if by_server and event in _TOOL_INPUT:
            given: JsonValue = {"event": event, **_COMMON_INPUT, **_TOOL_INPUT[event]}
            asked = {"type": "mcp_tool", "server": "alma", "tool": "hook", "input": given}
        entry: JsonValue = {**_MATCHERS.get(event, {}), "hooks": [{**asked, "timeout": _TIMEOUT_S}]}
        groups = settings.setdefault("hooks", {}).setdefault(name, [])
        if entry not in groups:
            groups[:] = [*(group for group in groups if not _is_ours(group)), entry]
            changed = True
    return Plan([WriteFile(path, written(settings, text))], fleeting()) if changed else Plan()


def plan_claude_removal(place: ConnectedProject, file: str = SHARED) -> Plan:
    """The plan that restores the settings or, if they were edited since, takes our entries out.

    A clone has no copy of them as they were; git may have.
    """
    path = settings_path(place.folder, file)
    if (original := original_of(path, place.project.backup_dir)) is not None:
        return Plan([original])
    text = text_of(path)
    settings = _parsed(path, text)
    if not any(_is_ours(group) for groups in settings.get("hooks", {}).values() for group in groups):
        return Plan()
    without = _without_ours(settings)
    committed = committed_without(path, _MARK.encode())
    if committed is None:
        return Plan([WriteFile(path, written(without, text)) if without else RemoveFile(path)])
    before = committed.decode("utf-8", "replace")
    try:
        is_the_same = _meaning(parsed(path, before)) == _meaning(without)
    except AlmaError:
        is_the_same = False
    return Plan([WriteFile(path, committed if is_the_same else written(without, text))])


def switched_off(place: ConnectedProject) -> tuple[str, str]:
    """The setting by which Claude Code runs no hooks, or not our server, and what mends it; empty without one."""
    users, menus = _of_user()
    paths = [settings_path(place.folder, LOCAL), settings_path(place.folder), users]
    found = {path: parsed(path, text_of(path)) for path in (MANAGED, *paths)}
    if found[MANAGED].get("allowManagedHooksOnly"):
        return f"{MANAGED} lets no other hooks run (allowManagedHooksOnly)", "ask whoever manages this machine"
    for path in paths[:2]:
        fault = _fault(found[path])
        if fault and any(mark in text_of(path) for mark in (_MARK, '"alma"')):
            return _passed_over(path, fault), "mend that entry"
    told = [(path, settings["disableAllHooks"]) for path, settings in found.items() if "disableAllHooks" in settings]
    if told and told[0][1]:
        return f"{told[0][0]} switches all hooks off (disableAllHooks)", f"take that out of {told[0][0]}"
    for path, settings in found.items():
        if rule := _denied(settings):
            return f"{path} denies agents what ALMA offers (permissions.deny: {rule})", f"take that out of {path}"
    for path, settings in (*found.items(), (menus, _said_before(place, menus))):
        for key in ("disabledMcpjsonServers", "disabledMcpServers", "deniedMcpServers"):
            servers = settings.get(key)
            if isinstance(servers, list) and ("alma" in servers or {"serverName": "alma"} in servers):
                return f"{path} switches the server alma off ({key})", f"take it out of {path}"
    return "", ""


def _denied(settings: Mapping[str, Any]) -> str:
    """The rule of permissions that denies all tools of the server `alma`, or the command; empty without one."""
    permissions = settings.get("permissions")
    rules = permissions.get("deny") if isinstance(permissions, dict) else None
    strings = [rule for rule in rules if isinstance(rule, str)] if isinstance(rules, list) else []
    return next((rule for rule in strings if rule in _DENYING), "")


def _of_user() -> tuple[str, str]:
    """The files of the user: the settings, and what was said to Claude Code's questions and in its menus."""
    folder = os.environ.get("CLAUDE_CONFIG_DIR")
    home = folder or os.path.expanduser("~")
    return os.path.join(folder or os.path.join(home, ".claude"), SHARED), os.path.join(home, ".claude.json")


def _said_before(place: ConnectedProject, menus: str) -> dict[str, Any]:
    """What a user said of this project, which is kept by the repository's top or the folder that it was started in."""
    projects = read_object(Path(menus)).get("projects")
    said: dict[str, Any] = {}
    for folder in (top_of(place.folder), place.folder):
        of_folder = projects.get(folder) if isinstance(projects, dict) else None
        said |= of_folder if isinstance(of_folder, dict) else {}
    return said


def _passed_over(path: str, fault: str) -> str:
    return f"Claude Code passes over {path} as a whole: {fault} has not the form of a hook"


def _fault(settings: Mapping[str, Any]) -> str:
    """The place of the first hook that hasn't the form of one; empty without any."""
    hooks = settings.get("hooks", {})
    if not isinstance(hooks, dict):
        return "hooks"
    for name, groups in hooks.items():
        if not isinstance(groups, list):
            return f"hooks.{name}"
        for number, group in enumerate(groups):
            at = f"hooks.{name}.{number}"
            if not isinstance(group, dict) or not isinstance(group.get("hooks"), list):
                return at
            if not isinstance(group.get("matcher", ""), str):
                return f"{at}.matcher"
            for index, hook in enumerate(group["hooks"]):
                kind = hook.get("type") if isinstance(hook, dict) else None
                if not isinstance(kind, str) or (kind in _NEEDED and not isinstance(hook.get(_NEEDED[kind]), str)):
                    return f"{at}.hooks.{index}"
    return ""


def _command(event: str, agent: str | None) -> str:
    """A line of shell that asks the alma of the installation or, where that can't start, the one on the PATH.

    `alma hook` itself always ends with 0, so any other end means that it didn't start.
    """
    words = f"hook {event}{agent_words(agent)} 2>/dev/null"
    return f"{shlex.quote(program())} {words} || alma {words} || : {_MARK}"


def _agent_in(settings: Mapping[str, Any]) -> str | None:
    """The agent that our entries name, which stays unless another one is given."""
    groups = [group for groups in settings.get("hooks", {}).values() for group in groups if _is_ours(group)]
    commands = [str(hook.get("command", "")) for group in groups for hook in group["hooks"]]
    named = [re.search(r" --agent ('(?:[^']|'\"'\"')*'|[\w.@%+=:,/-]+) ", command) for command in commands]
    return next((shlex.split(found[1])[0] for found in named if found), None)


def _without_ours(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without our entries, and without the lists and the mapping that are empty for want of them."""
    hooks = {}
    for name, groups in settings.get("hooks", {}).items():
        kept = [group for group in groups if not _is_ours(group)]
        if kept or not groups:
            hooks[name] = kept
    return _with_hooks(settings, hooks)


def _meaning(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without lists of hooks that are empty: they mean the same."""
    return _with_hooks(settings, {name: groups for name, groups in settings.get("hooks", {}).items() if groups})


def _with_hooks(settings: Mapping[str, Any], hooks: dict[str, Any]) -> dict[str, Any]:
    return {key: hooks if key == "hooks" else value for key, value in settings.items() if key != "hooks" or hooks}


def _is_ours(group: Any) -> bool:
    hooks = group.get("hooks") if isinstance(group, dict) else None
    return isinstance(hooks, list) and any(
        isinstance(hook, dict)
        and (str(hook.get("command", "")).endswith(_MARK) or (hook.get("server"), hook.get("tool")) == ("alma", "hook"))
        for hook in hooks
    )


def _parsed(path: str, text: str) -> dict[str, Any]:
    """The settings, in the form that Claude Code gives them. Raises `AlmaError` for another form."""
    settings = parsed(path, text)
    hooks = settings.get("hooks", {})
    if not isinstance(hooks, dict) or not all(isinstance(groups, list) for groups in hooks.values()):
        raise AlmaError(
            f"{path} has not the form of Claude Code's settings",
            hint="repair it, or move it away, and do this again; nothing was changed",
        )
    return settings


CLAUDE = Part(plan_claude, plan_claude_removal, lambda place: [settings_path(place.folder)])
"""The hooks in the settings that are committed."""
