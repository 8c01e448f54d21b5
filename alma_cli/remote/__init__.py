"""The shared copy of a project: Cosmos DB, or a folder of JSON files. Neither is imported before it is opened."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from alma_cli.errors import InvalidConfig

if TYPE_CHECKING:
    from pathlib import Path

    from alma_cli.config import Config
    from alma_cli.remote.protocol import Remote


def open_remote(config: Config, root: Path, *, patience_s: float) -> Remote:
    """The shared copy that the configuration names; nothing is sent to it yet.

    `root` is the project's folder, and `patience_s` the seconds after which a call gives up. Raises `InvalidConfig`,
    naming the key, when the configuration names none.
    """
    match config.storage:
        case "file":
            return _open_folder(config, root, patience_s)
        case "azure":
            from alma_cli.remote.cosmos import open_cosmos

            return open_cosmos(config.azure, config.project_id, patience_s=patience_s)
    raise InvalidConfig(
        "storage: local has nothing to synchronise with",
        hint="set `storage: azure` or `storage: file` in .alma/config.yaml; docs/sync.md shows both",
    )


def _open_folder(config: Config, root: Path, patience_s: float) -> Remote:
    from alma_cli.remote.folder import FolderRemote

    if not config.file.path:
        raise InvalidConfig(
            "file.path is missing: the folder of `storage: file` to synchronise with",
            hint="write `file: {path: ../shared-memories}` under `alma:`, or set ALMA_FILE_PATH",
        )
    path = os.path.normpath(os.path.join(root, os.path.expanduser(config.file.path)))
    if ".alma" in path.split(os.sep):
        raise InvalidConfig(
            f"file.path: {path} is in a .alma folder, which is private to this machine",
            hint="name a folder outside of it",
        )
    return FolderRemote(path, config.project_id, patience_s=patience_s)
