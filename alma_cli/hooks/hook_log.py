"""Why a hook did nothing, in `.alma/log/hooks.log`: the only place where it may say so."""

import os
from datetime import UTC, datetime

from alma_cli.core.text import one_line
from alma_cli.project import find_project

_FILE = "hooks.log"
_MAX_BYTES = 256 * 1024
_MAX_LINE = 600


def note_trouble(event: str, reason: str, *, directory: str | None = None) -> None:
    """Add a line to the log of the project here (or in `directory`); where there is none, or no space, do nothing.

    The reason must have no credential in it any more.
    """
    line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {one_line(event, 40)}: {one_line(reason, _MAX_LINE)}\n"
    try:
        folder = find_project(directory=directory).log_dir
        os.makedirs(folder, mode=0o700, exist_ok=True)
        path = folder / _FILE
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with open(descriptor, "ab") as file:
            file.write(line.encode("utf-8", "replace"))
            if file.tell() > _MAX_BYTES:
                os.replace(path, f"{path}.old")
    except Exception:  # whatever it is, there is nobody to tell
        return
