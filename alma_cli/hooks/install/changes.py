"""Changes to others' files: planned as values, shown as a diff, and made one by one, with a copy of each file kept.

`.alma/backup/installed.json` notes the folders that were made and the state of each file before, so that uninstalling
gives back the very bytes, unless the file was edited since. What is in the project or its repository is noted relative
to its folder, so that this holds after it was moved, and a copy leaves alone what it was copied from.
"""

from __future__ import annotations

import difflib
import json
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

from alma_cli.errors import AlmaError
from alma_cli.files import make_folder, open_file, read_object, to_write_it, write_whole, writing_whole
from alma_cli.flock import holding
from alma_cli.ownership import give_to_owner
from alma_cli.worktrees import is_submodule, top_of

_RECORD = "installed.json"
_COPIES = "before-install"
_MARKS = (
    *(b">>> alma >>>", b">>> alma lessons >>>", b"# alma hook", b'"alma"', b'"preserveUnused"', b"\nname: alma\n"),
    b"<!-- Written by `alma publish`",
)
"""One of these is in each file that has something of ours: blocks, hooks, servers, the skill, and lessons."""


@dataclass(frozen=True, slots=True)
class WriteFile:
    """A file gets this content, and a new one the rights `mode` (0644 without it), as far as the umask allows."""

    path: str
    content: bytes
    mode: int | None = None


@dataclass(frozen=True, slots=True)
class RemoveFile:
    """A file of ours is removed."""

    path: str


@dataclass(frozen=True, slots=True)
class MoveFile:
    """A file or link gets another name."""

    path: str
    to: str


FileChange: TypeAlias = WriteFile | RemoveFile | MoveFile


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes to make (none if all is as it should be), and lines to tell the user."""

    changes: Sequence[FileChange] = ()
    notes: Sequence[str] = ()


def content_of(path: str) -> bytes | None:
    """The file's content; None when there is no file. Raises `AlmaError` when it can't be read."""
    try:
        with open_file(path) as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AlmaError(f"cannot read {path}: {error.strerror}") from error


def text_of(path: str) -> str:
    """The file's text; empty when there is no file. Raises `AlmaError` when it can't be read."""
    try:
        return (content_of(path) or b"").decode()
    except UnicodeDecodeError as error:
        raise AlmaError(f"{path} is not UTF-8", hint="save it as UTF-8; nothing was changed") from error


def plain(text: str) -> str:
    """The text with plain line ends: git may have checked it out with those of Windows (`core.autocrlf`)."""
    return text.replace("\r\n", "\n")


def difference(changes: Iterable[FileChange]) -> list[str]:
    """The changes as the lines of a diff."""
    lines: list[str] = []
    for change in changes:
        match change:
            case MoveFile():
                lines.append(f"rename {change.path} to {change.to}")
            case _:
                before = _lines(content_of(change.path) or b"")
                after = _lines(change.content) if isinstance(change, WriteFile) else []
                is_new = isinstance(change, WriteFile) and content_of(change.path) is None
                names = ("/dev/null" if is_new else change.path, change.path if after else "/dev/null")
                lines += difflib.unified_diff(before, after, *names, lineterm="")
    return lines


def applied(changes: Sequence[FileChange], backup_dir: Path) -> None:
    """Make the changes, one after the other. Raises `AlmaError`; files that were changed before have their copies.

    Nothing is changed where a link leads out of the project: a repository may have brought it.
    """
    for change in changes:
        _check_links(change.path, backup_dir.parent.parent)
    with holding(os.path.dirname(backup_dir)):
        _apply(changes, InstallRecord.load(backup_dir))


def _check_links(path: str, root: Path) -> None:
    """Raise `AlmaError` for a path in the project or in its repository (but git's own folder) that leads out of it."""
    for base in (folder for folder in (root, *root.parents) if folder == root or (folder / ".git").exists()):
        if not Path(path).is_relative_to(base):
            continue
        leads_to = os.path.realpath(path)
        if ".git" not in Path(path).relative_to(base).parts and not Path(leads_to).is_relative_to(
            os.path.realpath(base)
        ):
            raise AlmaError(
                f"{path} is a link, or in one, that leads out of the project, to {leads_to}; nothing was changed",
                hint="put a file in its place, or remove it",
            )
        return


def _apply(changes: Sequence[FileChange], record: InstallRecord) -> None:
    try:
        for change in changes:
            match change:
                case MoveFile():
                    os.rename(change.path, change.to)
                case RemoveFile():
                    record.keep_copy(change.path)
                    os.unlink(change.path)
                    record.files.pop(record.name_of(change.path), None)
                case WriteFile():
                    record.note_before(change)
                    _replace(change)
        record.remove_empty_folders()
        record.save()
    except OSError as error:
        with suppress(OSError):  # what was done has to be undone to the byte
            record.files = record.marked()
            record.save()
        raise AlmaError(f"cannot change {error.filename}: {error.strerror}", hint=to_write_it(error)) from error


def original_of(path: str, backup_dir: Path) -> FileChange | None:
    """The changes that restore the file from before installing; None when that isn't known, or it was edited since."""
    record = InstallRecord.load(backup_dir)
    noted = record.files.get(record.name_of(path))
    if noted is None or _digest(content_of(path)) != noted["after"]:
        return None
    if not noted["copy"]:
        return RemoveFile(path)
    kept = content_of(str(backup_dir / _COPIES / str(noted["copy"])))
    return None if kept is None else WriteFile(path, kept)


def forget_overwritten(backup_dir: Path) -> None:
    """Forget the files that somebody wrote over: there is nothing of ours to take out of them."""
    with holding(os.path.dirname(backup_dir)):
        _forget_overwritten(InstallRecord.load(backup_dir))


def _forget_overwritten(record: InstallRecord) -> None:
    kept = record.marked()
    if kept != record.files:
        record.files = kept
        record.save()


@dataclass(slots=True)
class InstallRecord:
    """The notes on the files that were changed (`after`: a digest, `copy`: a file's name) and the folders made.

    Both are named relative to the project's folder, or in full where they are outside of its repository.
    """

    backup_dir: Path
    files: dict[str, dict[str, str]] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)

    @classmethod
    def load(cls, backup_dir: Path) -> InstallRecord:
        """The record that was kept; an empty one when there is none, or it can't be read."""
        try:
            kept, record = read_object(backup_dir / _RECORD), cls(backup_dir)
            record.files = {
                record.name_of(path): {"after": str(of["after"]), "copy": str(of["copy"])}
                for path, of in kept["files"].items()  # versions before noted whole paths
            }
            record.folders = [record.name_of(str(folder)) for folder in kept["folders"]]
        except (KeyError, TypeError, AttributeError):
            return cls(backup_dir)
        return record

    def save(self) -> None:
        """Keep the record."""
        content = json.dumps({"files": self.files, "folders": self.folders}, indent=2) + "\n"
        make_folder(os.fspath(self.backup_dir))
        write_whole(self.backup_dir / _RECORD, content.encode())

    def name_of(self, path: str) -> str:
        """The name by which a file or folder is noted."""
        return os.path.relpath(path, self._home) if path.startswith(f"{self._moves_with()}{os.sep}") else path

    def path_of(self, name: str) -> str:
        """The path of a file or folder that is noted by this name."""
        return os.path.normpath(os.path.join(self._home, name))

    @property
    def _home(self) -> str:
        return os.path.dirname(os.path.dirname(self.backup_dir))

    def _moves_with(self) -> str:
        """The folder that is moved, copied or cloned as a whole: the top of the outermost repository of the project."""
        folder = top_of(self._home) or self._home
        while is_submodule(folder) and (around := top_of(os.path.dirname(folder))):
            folder = around
        return folder

    def is_marked(self, path: str) -> bool:
        """True when a file has something of ours."""
        return _is_marked(content_of(path) or b"")

    def marked(self) -> dict[str, dict[str, str]]:
        """The notes on the files that have something of ours."""
        return {name: noted for name, noted in self.files.items() if self.is_marked(self.path_of(name))}

    def note_before(self, change: WriteFile) -> None:
        """Note the state of the file before the change, and make its folders; an earlier note on it stays.

        What is noted is kept before anything is changed, since this process may be killed, and what isn't noted any
        more is kept so afterwards.
        """
        before, name = content_of(change.path), self.name_of(change.path)
        noted = self.files.get(name)
        if not _is_marked(change.content):
            self.keep_copy(change.path)
            self.files.pop(name, None)  # nothing of ours is left in it
        elif noted and _digest(before) == noted["after"]:
            if noted["copy"] and change.content == self._original(noted):
                del self.files[name]  # it is as it was before installing
            else:
                noted["after"] = _digest(change.content)
        elif noted and before != self._original(noted):
            self.keep_copy(change.path)
            del self.files[name]  # somebody edited it, so its old content can't be restored
        else:
            self.files[name] = {"after": _digest(change.content), "copy": self.keep_copy(change.path)}
        missing = _missing(os.path.dirname(change.path))
        self.folders += map(self.name_of, missing)
        if name in self.files:
            self.save()
        for folder in missing:
            os.mkdir(folder)
            give_to_owner(folder)

    def _original(self, noted: Mapping[str, str]) -> bytes | None:
        """The content of a file from before installing; None where there was none."""
        return content_of(str(self.backup_dir / _COPIES / noted["copy"])) if noted["copy"] else None

    def keep_copy(self, path: str) -> str:
        """Keep a copy of a file, and return the copy's name; empty when there is no such file."""
        content = content_of(path)
        if content is None:
            return ""
        name = f"{os.path.basename(path)}-{_digest(content)[:12]}"
        make_folder(os.fspath(self.backup_dir / _COPIES))
        write_whole(self.backup_dir / _COPIES / name, content)
        return name

    def remove_empty_folders(self) -> None:
        """Remove the folders that we made, if they are empty."""
        for name in reversed(self.folders.copy()):
            try:
                os.rmdir(self.path_of(name))
            except FileNotFoundError:
                pass
            except OSError:
                continue
            self.folders.remove(name)


def _is_marked(content: bytes) -> bool:
    return any(mark in content for mark in _MARKS)


def _missing(folder: str) -> list[str]:
    """The folders that have to be made for this one to be there, in order."""
    missing: list[str] = []
    while not os.path.isdir(folder):
        missing.insert(0, folder)
        folder = os.path.dirname(folder)
    return missing


def _replace(change: WriteFile) -> None:
    """Write a file; a link to it stays a link. One that is there keeps its rights, but for those to execute it."""
    path = os.path.realpath(change.path)
    try:
        mode = stat.S_IMODE(os.stat(path).st_mode)
    except FileNotFoundError:
        write_whole(path, change.content, mode=change.mode or 0o644)
        return
    if change.mode:
        mode |= (mode & 0o444) >> 2  # as `chmod +x` does
    with writing_whole(path) as file:
        file.write(change.content)
        with suppress(OSError):  # a file system without rights
            os.fchmod(file.fileno(), mode)


def _digest(content: bytes | None) -> str:
    return "" if content is None else sha256(content).hexdigest()


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8", "backslashreplace").splitlines()
