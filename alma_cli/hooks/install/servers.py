"""What keeps a host from starting ALMA's MCP server by the entry that it has for it."""

import os
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from alma_cli.project import FOLDER


def unused_server(path: str, servers: Mapping[str, Any]) -> tuple[str, str]:
    """The reason why the entry `alma` among a file's servers can't work, and what mends it; empty without one."""
    server = servers.get("alma")
    if not isinstance(server, dict):
        return "", ""
    for key, value in (("disabled", True), ("enabled", False)):
        if server.get(key) is value:
            return f"{path} has `{key} = {str(value).lower()}` for the server alma", "take that line out"
    command, words = server.get("command"), server.get("args")
    if isinstance(command, str) and os.path.isabs(command) and not os.access(command, os.X_OK):
        return f"{path} starts {command} as the server alma, which isn't there", "name an `alma` that is there"
    folders = [after for word, after in pairwise(words if isinstance(words, list) else []) if word == "--dir"]
    for folder in folders:
        if isinstance(folder, str) and os.path.isabs(folder) and not _has_project(folder):
            return f"{path} has the server alma work in {folder}, where no project is", "name this project's folder"
    return "", ""


def _has_project(folder: str) -> bool:
    return os.path.isdir(os.path.join(folder, FOLDER)) or (
        os.path.basename(os.path.normpath(folder)) == FOLDER and os.path.isdir(folder)
    )
