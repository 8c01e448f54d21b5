"""Claude Code's hooks in its settings. JSON has no comments, so our entries have a mark inside."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alma_cli.core.records import JsonValue
from alma_cli.errors import AlmaError
from alma_cli.hooks.events import AGENT_EVENTS
from alma_cli.hooks.install.changes import Plan, RemoveFile, WriteFile, original_of, text_of
from alma_cli.hooks.install.json_files import parsed, written
from alma_cli.hooks.install.program import agent_words, program

_MARK = "# alma hook"
_MATCHERS: Mapping[str, dict[str, JsonValue]] = {"post-tool-use": {"matcher": "Bash|mcp__.*alma.*__learn"}}
"""Commands tell how work is judged; other tools don't."""

_TIMEOUT_S = 10
"""The seconds after which Claude Code gives up; ALMA gives up after 2."""


SHARED = "settings.json"
LOCAL = "settings.local.json"
"""The settings of everybody who works on the project, which are committed, and those of one person, which aren't."""


def settings_path(folder: str, file: str = SHARED) -> str:
    """The path of the settings of the project in this folder."""
    return os.path.join(folder, ".claude", file)


def plan_claude(folder: str, agent: str | None, file: str = SHARED) -> Plan:
    """The plan that makes Claude Code's sessions here use ALMA. Raises `AlmaError` for settings that aren't JSON."""
    path = settings_path(folder, file)
    text = text_of(path)
    settings = _parsed(path, text)
    changed = False
    for event, name in AGENT_EVENTS.items():
        entry: JsonValue = {
            **_MATCHERS.get(event, {}),
            "hooks": [{"type": "command", "command": _command(event, agent), "timeout": _TIMEOUT_S}],
        }
        groups = settings.setdefault("hooks", {}).setdefault(name, [])
        if entry not in groups:
            groups[:] = [*(group for group in groups if not _is_ours(group)), entry]
            changed = True
    return Plan([WriteFile(path, written(settings, text))] if changed else [])


def plan_claude_removal(folder: str, backup_dir: Path, file: str = SHARED) -> Plan:
    """The plan that restores the settings or, if they were edited since, takes our entries out."""
    path = settings_path(folder, file)
    if (original := original_of(path, backup_dir)) is not None:
        return Plan([original])
    text = text_of(path)
    settings = _parsed(path, text)
    hooks = settings.get("hooks", {})
    changed = False
    for name in AGENT_EVENTS.values():
        kept = [group for group in hooks.get(name, []) if not _is_ours(group)]
        if kept != hooks.get(name, []):
            changed = True
            hooks[name] = kept
            if not kept:
                del hooks[name]
    if not changed:
        return Plan()
    if not hooks:
        del settings["hooks"]
    return Plan([WriteFile(path, written(settings, text)) if settings else RemoveFile(path)])


def _command(event: str, agent: str | None) -> str:
    """A line of shell that asks the alma of the installation or, where that can't start, the one on the PATH.

    `alma hook` itself always ends with 0, so any other end means that it didn't start.
    """
    words = f"hook {event}{agent_words(agent)} 2>/dev/null"
    return f"{shlex.quote(program())} {words} || alma {words} || : {_MARK}"


def _is_ours(group: Any) -> bool:
    hooks = group.get("hooks") if isinstance(group, dict) else None
    return isinstance(hooks, list) and any(
        isinstance(hook, dict) and str(hook.get("command", "")).endswith(_MARK) for hook in hooks
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
