"""The durable inbox: one file for each operation that is not yet in the store.

A file is written beside its place, flushed to disk and renamed into it, so it is there whole or not at all. Names sort
by the time of writing. What can't be read is set aside, never deleted.
"""

import os
from collections.abc import Iterator
from time import time_ns

from alma_cli.errors import AlmaError, StoreUnwritable
from alma_cli.store.operations import Operation, decode, encode

_SUFFIX = ".json"
_DAMAGED = "damaged"


class Journal:
    """The operations waiting in one folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def write(self, operation: Operation) -> str:
        """Make the operation durable and return its file's name; `StoreUnwritable` when there is no space or right."""
        name = f"{time_ns():020d}-{operation.op_id}{_SUFFIX}"
        path = os.path.join(self.folder, name)
        unfinished = os.path.join(self.folder, f".{name}.tmp")
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            try:
                _write_flushed(unfinished, encode(operation))
                os.rename(unfinished, path)
            except OSError:
                _unlink(unfinished)
                raise
            _flush_folder(self.folder)
        except OSError as error:
            raise StoreUnwritable(
                f"cannot write {path}: {error.strerror}; nothing was recorded",
                hint="free some space on this disk, or give its owner the right to write there",
            ) from error
        return name

    def names(self) -> list[str]:
        """The names of the files that wait, oldest first."""
        try:
            return sorted(
                name for name in os.listdir(self.folder) if name.endswith(_SUFFIX) and not name.startswith(".")
            )
        except (FileNotFoundError, PermissionError):
            return []

    def read(self, name: str) -> Operation | None:
        """The operation in a file; None when it is gone, or was unreadable and has been set aside."""
        try:
            with open(os.path.join(self.folder, name), "rb") as file:
                content = file.read()
            return decode(content)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, AlmaError):
            self.set_aside(name)
            return None

    def remove(self, names: list[str]) -> None:
        """Delete files whose operations are in the store."""
        for name in names:
            _unlink(os.path.join(self.folder, name))

    def set_aside(self, name: str) -> None:
        """Move a file that can't be folded in where it is kept and no longer tried."""
        damaged = os.path.join(self.folder, _DAMAGED)
        os.makedirs(damaged, mode=0o700, exist_ok=True)
        os.replace(os.path.join(self.folder, name), os.path.join(damaged, name))

    def damaged(self) -> Iterator[str]:
        """The paths of the files that were set aside."""
        folder = os.path.join(self.folder, _DAMAGED)
        if os.path.isdir(folder):
            yield from (os.path.join(folder, name) for name in sorted(os.listdir(folder)))


def _write_flushed(path: str, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _flush_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
