"""Notes why a hook did nothing in `.alma/log/hooks.log`, the only place where it may say so."""

from datetime import UTC, datetime

from alma_cli.core.text import one_line
from alma_cli.files import append_line
from alma_cli.project import find_project

_FILE = "hooks.log"
_MAX_BYTES = 256 * 1024
_MAX_LINE = 600


def note_trouble(event: str, reason: str, *, directory: str | None = None) -> None:
    """Add a line to the log of the project here (or in `directory`); without a project, or space, do nothing.

    Credentials must have been taken out of the reason.
    """
    line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {one_line(event, 40)}: {one_line(reason, _MAX_LINE)}"
    try:
        append_line(find_project(directory=directory).log_dir / _FILE, line, max_bytes=_MAX_BYTES)
    except Exception:  # whatever it is, there is nobody to tell
        return
