"""Notes in `.alma/log/hooks.log` why a hook did nothing: the only place where it may say so."""

import re
from datetime import UTC, datetime, timedelta

from alma_cli.core.text import one_line
from alma_cli.files import append_line
from alma_cli.project import Project, find_project, make_log

_FILE = "hooks.log"
_MAX_BYTES = 256 * 1024
_MAX_LINE = 600
_LISTENED = re.compile(r" [\w-]+: (?:[\d.]+ ms )?(?:INFO|DEBUG) ")


def note(event: str, text: str, *, directory: str | None = None) -> None:
    """Add a line to the log of the project here (or in `directory`); without a project, or space, do nothing.

    Credentials must have been taken out of the text.
    """
    line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {one_line(event, 40)}: {one_line(text, _MAX_LINE)}"
    try:
        project = find_project(directory=directory)
        make_log(project)
        append_line(project.log_dir / _FILE, line, max_bytes=_MAX_BYTES)
    except Exception:  # whatever it is, there is nobody to tell
        return


def lately(project: Project, *, days: int) -> list[str]:
    """The lines that tell of trouble in the last days, oldest first; what was listened to (`--verbose`) is left out."""
    since, until = (f"{datetime.now(UTC) + timedelta(days=each):%Y-%m-%dT%H:%M:%SZ}" for each in (-days, 1))
    try:
        with open(project.log_dir / _FILE, encoding="utf-8", errors="replace") as file:
            lines = file.read(2 * _MAX_BYTES).splitlines()
    except OSError:
        return []
    return [line for line in lines if since <= line < until and not _LISTENED.search(line[:80])]
