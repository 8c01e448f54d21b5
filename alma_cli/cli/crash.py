"""An exception that nobody expected is a bug: its trace goes into a file, and the user learns where."""

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime

from alma_cli.errors import AlmaError
from alma_cli.files import make_folder, write_whole


def report_crash(error: Exception, arguments: list[str], directory: str | None = None) -> AlmaError:
    """The error to show instead, which says where the trace is. Memory text in the arguments is not kept."""
    import traceback

    trace = "".join(traceback.format_exception(error))
    content = "\n".join([f"alma {arguments[0] if arguments else ''}", *_places(error), "", trace])
    name = f"crash-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{os.getpid()}.log"
    for folder in _folders(directory):
        path = os.path.join(folder, name)
        try:
            make_folder(folder)
            write_whole(path, content.encode("utf-8", "backslashreplace"))
        except OSError:
            continue
        hint = f"this is a bug in ALMA; the trace is in {path}"
        break
    else:
        hint = f"this is a bug in ALMA; its trace could not be kept: {trace.splitlines()[-2].strip()}"
    return AlmaError(f"unexpected {type(error).__name__}: {error}", hint=hint)


def _places(error: BaseException | None) -> Iterator[str]:
    """Where an error came from, without its message, which may quote a memory; then the one that it came of."""
    import traceback

    while error is not None:
        yield type(error).__name__
        for frame in traceback.extract_tb(error.__traceback__):
            yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
        error = error.__cause__ or error.__context__


def _folders(directory: str | None) -> list[str]:
    """Where a trace may be kept: the project's log, else the temporary folder."""
    from alma_cli.project import find_project

    try:
        return [os.fspath(find_project(directory=directory).log_dir), tempfile.gettempdir()]
    except Exception:  # the bug may be in there
        return [tempfile.gettempdir()]
