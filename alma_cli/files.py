"""Writes files whole or not at all, and flushes them to the disk where that is promised."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import time
from typing import Any, BinaryIO, TypeAlias

from alma_cli.errors import AlmaError
from alma_cli.ownership import give_to_owner

Path: TypeAlias = str | os.PathLike[str]

_UNFINISHED = ".tmp"
_UNSUPPORTED = frozenset({errno.EPERM, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EBADF})
"""How a file system says that it doesn't do a thing at all: links, rights, flushing a folder."""
_ABANDONED_AFTER_S = 3600.0
"""No process takes this long to write one file: the one that began it was killed."""


@contextmanager
def writing_whole(
    path: Path, *, mode: int = 0o600, at_least: int = 0, flushed: bool = False, exclusive: bool = False
) -> Iterator[BinaryIO]:
    """A new file to write, which takes its place at `path` when the block ends well.

    All others find the old content or all of the new content, after a crash too. A new file gets `mode` as far as the
    umask allows, and `at_least` the other rights, where the file system has any. With `flushed` the content is on the
    disk before it takes its place (`flush_folder` does the same for the name). With `exclusive` nothing is replaced:
    `FileExistsError` is raised if there is a file by then.
    """
    unfinished = f"{os.fspath(path)}.{os.urandom(6).hex()}{_UNFINISHED}"
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        allow(unfinished, at_least)
        with open(descriptor, "wb") as file:
            yield file
            if flushed:
                file.flush()
                os.fsync(descriptor)
        give_to_owner(unfinished)
        if exclusive:
            _take_free_place(unfinished, path)
        else:
            os.replace(unfinished, path)
    except BaseException as error:
        if isinstance(error, OSError) and error.filename in (None, unfinished):  # writing doesn't say where
            error.filename = os.fspath(path)
        with suppress(OSError):
            os.unlink(unfinished)
        raise


def allow(path: Path, rights: int) -> None:
    """Add these rights to those of a file or folder of ours, where the file system has any."""
    present = stat.S_IMODE(os.stat(path).st_mode)
    if present | rights != present:
        with suppress(OSError):
            os.chmod(path, present | rights)


def to_write_it(error: OSError) -> str:
    """What may help where a file can't be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "free some space there"
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "too many files are open: `ulimit -n` allows more"
    if error.errno in (errno.EIO, errno.ESTALE):
        return "does the disk still answer?"
    is_read_only = error.errno == errno.EROFS
    return "it can only be read here: does a sandbox see to that?" if is_read_only else "is it yours to write?"


def _take_free_place(unfinished: str, path: Path) -> None:
    try:
        os.link(unfinished, path)
        os.unlink(unfinished)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))  # a file system without links
        os.replace(unfinished, path)


def write_whole(
    path: Path,
    content: bytes,
    *,
    mode: int = 0o600,
    at_least: int = 0,
    flushed: bool = False,
    exclusive: bool = False,
) -> None:
    """Put the content into the file at `path`, whole or not at all (see `writing_whole`)."""
    with writing_whole(path, mode=mode, at_least=at_least, flushed=flushed, exclusive=exclusive) as file:
        file.write(content)


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file that is kept as well as can be; an empty one where none can be read."""
    import json

    try:
        with open(path, "rb") as file:
            found = json.load(file)
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def open_file(path: str) -> BinaryIO:
    """Open a regular file for reading; nothing is waited for, as opening a pipe would. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return open(descriptor, "rb")
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is no regular file", path)


def append_line(path: Path, line: str, *, max_bytes: int) -> None:
    """Add a line to a log, which is made with its folder if need be, without waiting for the disk.

    A log that grew past `max_bytes` gets the name `path.old`, in place of the one before.
    """
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    give_to_owner(folder)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    give_to_owner(os.fspath(path))
    with open(descriptor, "ab") as file:
        file.write(line.encode("utf-8", "replace") + b"\n")
        if file.tell() > max_bytes:
            os.replace(path, f"{os.fspath(path)}.old")


def current_folder() -> str:
    """The path of the current folder, with no links in it; empty where it is gone."""
    try:
        return os.path.realpath(os.getcwd())
    except FileNotFoundError:
        return ""


def home_folder() -> str:
    """The user's home. Raises `AlmaError` where there is none, as for a user of a container without a name."""
    home = os.path.expanduser("~")
    if home == "~":
        raise AlmaError("there is no home folder", hint="set HOME")
    return home


@contextmanager
def kept_temporarily(what: str) -> Iterator[None]:
    """Explain an error of the block about the temporary files that keep something. Raises `AlmaError`."""
    try:
        yield
    except OSError as error:
        raise AlmaError(
            f"cannot keep {what} in a temporary file: {error.strerror or error}",
            hint="free some space where temporary files are, or set TMPDIR",
        ) from error


def make_folder(folder: str) -> None:
    """Make a folder, for its owner only, unless it is there, and flush its name to the disk."""
    if not os.path.isdir(folder):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        give_to_owner(folder)
        flush_folder(os.path.dirname(folder))


def make_folders(folder: str) -> None:
    """Make a folder, and those above it that are missing, each for the owner of the one around it."""
    if folder and not os.path.isdir(folder):
        make_folders(os.path.dirname(folder))
        with suppress(FileExistsError):
            os.mkdir(folder)
        give_to_owner(folder)


def own(path: str) -> None:
    """Make a file readable by its owner only, who is the folder's if root made it, as far as the file system can."""
    with suppress(OSError):
        os.chmod(path, 0o600)
    give_to_owner(path)


def flush_file(path: str) -> None:
    """Flush a file's content to the disk."""
    _flush(path, os.O_RDONLY)


def flush_folder(folder: str) -> None:
    """Flush the names in a folder to the disk, where the file system can do so."""
    try:
        _flush(folder or ".", os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise


def remove_if_there(path: str) -> None:
    """Remove a file that may be gone."""
    with suppress(FileNotFoundError):
        os.unlink(path)


def remove_abandoned(folder: str) -> None:
    """Remove the files in a folder that were never finished, because their processes were killed long ago."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        with suppress(FileNotFoundError):
            if name.endswith(_UNFINISHED) and time() - os.stat(path).st_mtime > _ABANDONED_AFTER_S:
                os.unlink(path)


def _flush(path: str, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
