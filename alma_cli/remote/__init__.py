"""The shared copy of a project: Cosmos DB, or a folder of JSON files. Neither is imported before it is opened."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from alma_cli.errors import InvalidConfig

if TYPE_CHECKING:
    from pathlib import Path

    from alma_cli.config import Config
    from alma_cli.remote.protocol import Remote, SearchableRemote


def open_remote(config: Config, root: Path, *, patience_s: float) -> Remote:
    """The shared copy that the configuration names; nothing is sent to it yet.

    `root` is the project's folder, and `patience_s` the seconds after which a call gives up. Raises `InvalidConfig`,
    naming the key, when the configuration names none.
    """
    match config.storage:
        case "file":
            return _open_folder(config, root, patience_s)
        case "azure":
            return open_searchable(config, patience_s=patience_s)
    raise InvalidConfig(
        "storage: local has nothing to synchronise with",
        hint="set `storage: azure` or `storage: file` in .alma/config.yaml; docs/sync.md shows both",
    )


def open_searchable(config: Config, *, patience_s: float) -> SearchableRemote:
    """The shared copy that the configuration names, to be searched by `retrieve --remote`.

    Raises `InvalidConfig`, with the next step, when there is none or it is a folder.
    """
    if config.storage == "azure":
        from alma_cli.remote.cosmos import open_cosmos

        return open_cosmos(config.azure, config.project_id, patience_s=patience_s)
    raise InvalidConfig(
        f"storage: {config.storage} has nothing to search remotely: only `storage: azure` has",
        hint="run `alma sync`, then `alma retrieve` without --remote"
        if config.storage == "file"
        else "run `alma retrieve` without --remote; docs/sync.md shows how to share memories",
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
