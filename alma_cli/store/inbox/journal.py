"""The durable inbox: one file for each operation that is not yet in the store.

A file is written beside its place, flushed to disk and renamed into it, so it is there whole or not at all. Names sort
by the time of writing. A file that can't be read is set aside, never deleted.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from time import time_ns
from typing import TYPE_CHECKING

from alma_cli.errors import StoreUnwritable
from alma_cli.files import flush_folder, make_folder, remove_abandoned, remove_if_there, to_write_it, write_whole

if TYPE_CHECKING:
    from alma_cli.store.inbox.operations import Operation

_SUFFIX = ".json"
_DAMAGED = "damaged"


class Journal:
    """The operations waiting in one folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.damaged_folder = os.path.join(folder, _DAMAGED)

    def write(self, operation: Operation) -> str:
        """Make the operation durable and return its file's name; `StoreUnwritable` when there is no space or right."""
        from alma_cli.store.inbox.operations import encode

        name = f"{time_ns():020d}-{operation.op_id}{_SUFFIX}"
        path = os.path.join(self.folder, name)
        try:
            make_folder(self.folder)
            try:
                write_whole(path, encode(operation), flushed=True)
                flush_folder(self.folder)
            except BaseException:
                self.remove([name])
                raise
        except OSError as error:
            is_left = os.path.exists(path)  # a disk that fails may not let it go either
            recorded = "it may be recorded once that is mended" if is_left else "nothing was recorded"
            raise StoreUnwritable(
                f"cannot write {path}: {error.strerror}; {recorded}",
                hint=to_write_it(error),
            ) from error
        return name

    def names(self) -> list[str]:
        """The names of the files that wait, oldest first."""
        return sorted(name for name in _listed(self.folder) if name.endswith(_SUFFIX) and not name.startswith("."))

    def read(self, name: str) -> Operation | None:
        """The operation in a file; None when it is gone.

        Raises `OSError` when it can't be read, `NewerFormatError` when a newer ALMA wrote it, and `MalformedError` for
        anything else.
        """
        from alma_cli.store.inbox.operations import decode

        try:
            with open(os.path.join(self.folder, name), "rb") as file:
                content = file.read()
        except FileNotFoundError:
            return None
        return decode(content)

    def remove(self, names: Iterable[str]) -> None:
        """Delete files whose operations are in the store; one that can't be deleted is skipped when it is folded."""
        for name in names:
            try:
                remove_if_there(os.path.join(self.folder, name))
            except OSError:
                continue

    def set_aside(self, name: str) -> str:
        """Set aside a file that can't be folded in: it is kept and no longer tried. Return its new path."""
        make_folder(self.damaged_folder)
        path = os.path.join(self.damaged_folder, name)
        os.replace(os.path.join(self.folder, name), path)
        return path

    def damaged_among(self, names: Iterable[str]) -> list[str]:
        """The paths of these files, as far as they were set aside."""
        paths = (os.path.join(self.damaged_folder, name) for name in names)
        return [path for path in paths if os.path.exists(path)]

    def damaged(self) -> list[str]:
        """The paths of the files that were set aside."""
        return [os.path.join(self.damaged_folder, name) for name in sorted(_listed(self.damaged_folder))]

    def sweep(self) -> None:
        """Delete unfinished files of processes that were killed long ago."""
        if os.path.isdir(self.folder):
            remove_abandoned(self.folder)


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:  # not made yet, or not ours to read
        return []
