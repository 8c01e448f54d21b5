"""Codex's MCP servers, in the user's own configuration: a marked block at its end, all else byte for byte as it was."""

import os
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from alma_cli.errors import AlmaError
from alma_cli.hooks.install.blocks import first_and_last
from alma_cli.hooks.install.changes import Plan, RemoveFile, WriteFile, content_of, original_of, text_of
from alma_cli.hooks.install.parts import ConnectedProject, Part
from alma_cli.hooks.install.servers import unused_server

_BLOCK = re.compile(
    r"(?:^\r?\n)?^# >>> alma >>>[^\n]*\n.*?^# <<< alma <<<\r?\n?"
    r"|(?:^\r?\n)?^\[mcp_servers\.alma\]\s*^command = \"alma\"\s*^args = \[\"mcp\"\][^\S\n]*+\n?+"
    r"(?!\w|\[mcp_servers\.alma)",
    re.MULTILINE | re.DOTALL,
)
"""Our block, or what is left of it where Codex or somebody wrote the file anew without comments."""

_TEXT = """\
# >>> alma >>> `alma setup codex --remove` takes this out, for all projects
[mcp_servers.alma]
command = "alma"
args = ["mcp"]
# <<< alma <<<
"""
_MOST_READ = 32 * 1024
"""The bytes of AGENTS.md that Codex reads unless its configuration says another number."""
_REPAIR = "repair it, and do this again; nothing was changed"
_SHARED = "it serves all your projects; where there is no .alma/ the server ends with an error"


def _codex_file() -> str:
    """The path of Codex's configuration; empty where Codex keeps none."""
    folder = os.environ.get("CODEX_HOME") or os.path.join(os.path.expanduser("~"), ".codex")
    return os.path.abspath(os.path.join(folder, "config.toml")) if os.path.isdir(folder) else ""


def _is_writable(path: str) -> bool:
    """False where the file's folder can only be read, as in a sandbox: the rest is connected all the same."""
    return os.access(os.path.dirname(os.path.realpath(path)), os.W_OK)


def _plan(_: ConnectedProject) -> Plan:
    """The plan that names ALMA's server there; a server called `alma` of somebody's own stays.

    Raises `AlmaError` for what isn't TOML, or can't get a table at its end.
    """
    path = _codex_file()
    text = text_of(path) if path else ""
    if not path or "alma" in _servers(path, _settings(path, text)):
        return Plan()
    if not _is_writable(path):
        return Plan(notes=[f'{path} can\'t be written: add [mcp_servers.alma] with command = "alma", args = ["mcp"]'])
    newline = "\r\n" if "\r\n" in text else "\n"
    between = "" if not text else newline if text.endswith("\n") else newline * 2
    after = text + between + _TEXT.replace("\n", newline)
    try:
        tomllib.loads(after.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise AlmaError(
            f"{path} has its servers within one line, or a value, so that no table can follow",
            hint="write them as tables, [mcp_servers.NAME], and do this again; nothing was changed",
        ) from error
    return Plan([WriteFile(path, after.encode())], [f"{path}: {_SHARED}"])


def _plan_removal(place: ConnectedProject) -> Plan:
    """The plan that restores the configuration or, if it was edited since, takes our block out."""
    path = _codex_file()
    text = text_of(path) if path else ""
    if not _BLOCK.search(text):
        return Plan()
    if not _is_writable(path):
        return Plan(notes=[f"{path} can't be written: take ALMA's block out there"])
    if (original := original_of(path, place.project.backup_dir)) is not None:
        return Plan([original])
    after = _BLOCK.sub("", text, count=1)
    return Plan([WriteFile(path, after.encode()) if after else RemoveFile(path)])


def unused(place: ConnectedProject) -> tuple[str, str]:
    """The reason why Codex doesn't use what is installed, and what mends it; both are empty where it does."""
    path = _codex_file()
    settings = _settings(path, text_of(path)) if path else {}
    found = unused_server(path, _servers(path, settings))
    if found[0]:
        return found
    page, instead = place.path("AGENTS.md"), place.path("AGENTS.override.md")
    section, instead_of_it = (content_of(one) or b"" for one in (page, instead))
    last = first_and_last("alma")[1].encode()
    if last in section and instead_of_it.strip() and last not in instead_of_it:
        return f"Codex reads {instead} in the place of AGENTS.md, where ALMA's block is", "copy the block there"
    most = settings.get("project_doc_max_bytes", _MOST_READ)
    if isinstance(most, int) and section.find(last) >= most:
        why = f"Codex reads the first {most:,} bytes of {page}, and ALMA's block comes after them"
        return why, f"move the block up, or set project_doc_max_bytes in {path or 'its config.toml'}"
    return "", ""


def _settings(path: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise AlmaError(f"{path} is not TOML: {error}", hint=_REPAIR) from error


def _servers(path: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    servers = settings.get("mcp_servers", {})
    if not isinstance(servers, dict):
        raise AlmaError(f"{path} has no servers under mcp_servers", hint=_REPAIR)
    return servers


CODEX = Part(_plan, _plan_removal, lambda _: [path] if (path := _codex_file()) else [])
