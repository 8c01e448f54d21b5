"""Claude Code's hooks in `.claude/settings.json`. JSON has no comments, so our entries have a mark inside."""

import json
import os
from pathlib import Path
from typing import Any

from alma_cli.core.records import JsonValue
from alma_cli.errors import AlmaError
from alma_cli.hooks.events import AGENT_EVENTS
from alma_cli.hooks.install.changes import Plan, Remove, Write, content_of, original_of
from alma_cli.hooks.install.json_text import container, with_part, without_part
from alma_cli.hooks.install.program import agent_words, found_or_nothing, program

_MARK = "# alma hook"
_TIMEOUT_S = 10
"""After which Claude Code gives up; ALMA does after 2."""


def settings_path(folder: str) -> str:
    """The settings of the project in this folder."""
    return os.path.join(folder, ".claude", "settings.json")


def plan_claude(folder: str, agent: str | None) -> Plan:
    """What makes sessions of Claude Code in this folder use ALMA. Raises `AlmaError` for settings that aren't JSON."""
    path = settings_path(folder)
    before, bom, text = _read(path)
    for event, name in AGENT_EVENTS.items():
        text = _with_hook(path, text, name, _command(event, agent))
    after = bom + text.encode()
    return Plan([Write(path, after)] if after != before else [])


def plan_claude_removal(folder: str, backup_dir: Path) -> Plan:
    """What gives the settings back as they were or, if they were edited since, without our entries."""
    path = settings_path(folder)
    if (original := original_of(path, backup_dir)) is not None:
        return Plan([original])
    before, bom, text = _read(path)
    if before is None or not before.strip():
        return Plan()
    for name in AGENT_EVENTS.values():
        text = _without_hooks(path, text, name)
    if text.strip() == "{}" and bom + text.encode() != before:
        return Plan([Remove(path)])
    after = bom + text.encode()
    return Plan([Write(path, after)] if after != before else [])


def _command(event: str, agent: str | None) -> str:
    return f'{found_or_nothing(program())}; "$alma" hook {event}{agent_words(agent)} {_MARK}'


def _with_hook(path: str, text: str, name: str, command: str) -> str:
    entry: JsonValue = {"hooks": [{"type": "command", "command": command, "timeout": _TIMEOUT_S}]}
    settings = _checked(path, text)
    root_start = text.index("{")
    if "hooks" not in settings:
        return with_part(text, root_start, {name: [entry]}, key="hooks", depth=0)
    hooks_start = container(text, root_start).parts["hooks"].value_start
    if name not in settings["hooks"]:
        return with_part(text, hooks_start, [entry], key=name, depth=1)
    if any(_is_ours(group) and group == entry for group in settings["hooks"][name]):
        return text
    text = _without_hooks(path, text, name, keep_empty=True)
    hooks_start = container(text, root_start).parts["hooks"].value_start
    return with_part(text, container(text, hooks_start).parts[name].value_start, entry, depth=2)


def _without_hooks(path: str, text: str, name: str, *, keep_empty: bool = False) -> str:
    """The text without our entries of an event and, unless they are to be kept, what that leaves empty."""
    _checked(path, text)
    root_start = text.index("{")
    removed = False
    while True:
        groups = _checked(path, text).get("hooks", {}).get(name, [])
        ours = [number for number, group in enumerate(groups) if _is_ours(group)]
        hooks = container(text, root_start).parts.get("hooks")
        if not ours or hooks is None:
            break
        text = without_part(text, container(text, hooks.value_start).parts[name].value_start, str(ours[0]))
        removed = True
    if not removed or keep_empty or groups or hooks is None:
        return text
    text = without_part(text, hooks.value_start, name)
    is_last = not _checked(path, text)["hooks"]
    return without_part(text, root_start, "hooks") if is_last else text


def _is_ours(group: Any) -> bool:
    hooks = group.get("hooks") if isinstance(group, dict) else None
    return isinstance(hooks, list) and any(
        isinstance(hook, dict) and str(hook.get("command", "")).endswith(_MARK) for hook in hooks
    )


def _checked(path: str, text: str) -> dict[str, Any]:
    """The settings, whose form is what Claude Code's is. Raises `AlmaError`."""
    hint = "repair it, or move it away, and run `alma install claude` again; nothing was changed"
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AlmaError(f"{path} is not JSON: {error}", hint=hint) from error
    hooks = value.get("hooks", {}) if isinstance(value, dict) else None
    if (
        not isinstance(value, dict)
        or not isinstance(hooks, dict)
        or not all(isinstance(groups, list) for groups in hooks.values())
    ):
        raise AlmaError(f"{path} has not the form of Claude Code's settings", hint=hint)
    return value


def _read(path: str) -> tuple[bytes | None, bytes, str]:
    """The bytes of the settings, a byte order mark, and the text; of none, that of empty ones."""
    content = content_of(path)
    if content is None or not content.strip():
        return content, b"", "{}\n"
    bom = b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b""
    try:
        return content, bom, content.removeprefix(bom).decode()
    except UnicodeDecodeError as error:
        raise AlmaError(f"{path} is not UTF-8", hint="save it as UTF-8; nothing was changed") from error
