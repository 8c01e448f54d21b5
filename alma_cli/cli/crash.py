"""An exception that nobody expected is a bug, whose trace goes into a file, unless it is what the machine refuses."""

import errno
import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime

from alma_cli.core.text import one_line
from alma_cli.errors import AlmaError
from alma_cli.files import current_folder, make_folder, to_write_it, write_whole

_OF_THE_MACHINE = frozenset(
    (
        *(errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.ESTALE),
        *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN),
    )
)
_LIBRARIES = (".so", ".dylib", ".pyd")


def report_crash(error: Exception, arguments: list[str], directory: str | None = None) -> AlmaError:
    """The error to show instead, which says where the trace is. Memory text in the arguments is not kept."""
    import traceback

    if refused := _refused_by_the_machine(error):
        return refused
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


def _refused_by_the_machine(error: Exception) -> AlmaError | None:
    """The error to show where memory, a disk or open files came to an end, a disk fails, or the folder here is gone."""
    if isinstance(error, MemoryError):
        return AlmaError("there is too little memory", hint="end other programs, or give this one more (`ulimit -v`)")
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        where = f"{one_line(str(error.filename), 200)}: " if error.filename else ""
        return AlmaError(f"{where}{error.strerror}", hint=to_write_it(error))
    if isinstance(error, FileNotFoundError) and not current_folder():
        return AlmaError("the current folder is gone", hint="change to a folder that exists")
    for found in _causes(error):
        if isinstance(found, ImportError) and str(found.path).endswith(_LIBRARIES):
            return AlmaError(
                f"{found.path} can't be loaded: {one_line(str(found), 200)}",
                hint="is there too little memory (`ulimit -v`)? Else installing ALMA again may mend it",
            )
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, and those that it came of."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def _places(error: BaseException) -> Iterator[str]:
    """Where an error came from, without its message, which may quote a memory; then the one that it came of."""
    import traceback

    for each in _causes(error):
        yield type(each).__name__
        for frame in traceback.extract_tb(each.__traceback__):
            yield f"  {frame.filename}:{frame.lineno} in {frame.name}"


def _folders(directory: str | None) -> list[str]:
    """Where a trace may be kept: the project's log, else the temporary folder."""
    from alma_cli.project import find_project

    try:
        return [os.fspath(find_project(directory=directory).log_dir), tempfile.gettempdir()]
    except Exception:  # the bug may be in there
        return [tempfile.gettempdir()]
