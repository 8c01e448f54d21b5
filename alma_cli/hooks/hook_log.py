"""Notes in `.alma/log/hooks.log` why a hook did nothing: the only place where it may say so."""

from datetime import UTC, datetime

from alma_cli.core.text import one_line
from alma_cli.files import append_line
from alma_cli.project import find_project

_FILE = "hooks.log"
_MAX_BYTES = 256 * 1024
_MAX_LINE = 600


def note(event: str, text: str, *, directory: str | None = None) -> None:
    """Add a line to the log of the project here (or in `directory`); without a project, or space, do nothing.

    Credentials must have been taken out of the text.
    """
    line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {one_line(event, 40)}: {one_line(text, _MAX_LINE)}"
    try:
        append_line(find_project(directory=directory).log_dir / _FILE, line, max_bytes=_MAX_BYTES)
    except Exception:  # whatever it is, there is nobody to tell
        return
