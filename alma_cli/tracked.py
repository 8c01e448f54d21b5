"""What git keeps of a project's `.alma/`: a configuration may come with a repository, a memory may not.

Whoever makes a repository could else decide what is remembered, or have a log written through a link of his.
"""

import os
from contextlib import suppress

from alma_cli.files import make_folders, write_whole
from alma_cli.worktrees import index_path, note_path, top_of

_OF_EVERYBODY = frozenset({"config.yaml", ".gitignore"})
_LOCATING = "GIT_"
"""How variables begin by which a git that calls us would send our own git into its repository."""


def memory_in_git(folder: str) -> list[str]:
    """The files in this `.alma/` that git keeps though they are no configuration; none where git can't be asked.

    A repository can bring them, also in place of files that are there. Git is asked when its index has changed.
    """
    parent, name = os.path.split(folder)
    index, checked = index_path(parent), note_path(parent, "checked")
    if index is None or checked is None:
        return []
    state = _state(index)
    if not state or state == _content(checked):
        return []
    listed = _listed(parent, name)
    if listed is None:
        return []
    found = [path for path in listed if path.partition("/")[2].lower() not in _OF_EVERYBODY]
    if not found:
        with suppress(OSError):
            note(checked, state)
    return found


def note(path: str, content: bytes) -> None:
    """Keep a note in git's folder. Raises `OSError`."""
    make_folders(os.path.dirname(path))
    write_whole(path, content)


def is_left_out(folder: str, path: str) -> bool:
    """True for a path in this folder that git keeps, and leaves out of a sparse checkout."""
    index = index_path(folder)
    if index is None or not os.path.exists(os.path.join(os.path.dirname(index), "info", "sparse-checkout")):
        return False
    return (_asked(folder, "ls-files", "-t", "-z", "--", path) or b"").startswith(b"S ")


def ignored_by(path: str | os.PathLike[str]) -> str:
    """The rule by which git ignores a file, as `FILE:LINE:PATTERN`; empty where it doesn't, or can't be asked."""
    folder, name = os.path.split(path)
    said = _asked(folder, "check-ignore", "-v", "--", name) if index_path(folder) else None
    rule = os.fsdecode(said or b"").partition("\t")[0]
    return "" if rule.partition(":")[2].partition(":")[2].startswith("!") else rule


def name_at_remote(folder: str) -> str:
    """The name that the repository with this top has at its remote `origin`; empty without one."""
    url = _asked(folder, "config", "--get", "remote.origin.url") if top_of(folder) == folder else None
    path = os.fsdecode(url or b"").strip().rstrip("/").replace(":", "/")
    return path.rpartition("/")[2].removesuffix(".git")


def _listed(parent: str, name: str) -> list[str] | None:
    """The paths in git's index of what is in a folder, in any case of its letters, for file systems that ignore it.

    None where git can't be asked.
    """
    said = _asked(parent, "ls-files", "-z", "--", f":(icase){name}")
    return None if said is None else [os.fsdecode(path) for path in said.split(b"\0") if path]


def _asked(folder: str, *words: str) -> bytes | None:
    """The answer of git; None where it fails, or can't be asked."""
    import subprocess

    environ = {key: value for key, value in lasting_environ().items() if not key.startswith(_LOCATING)}
    command = ["git", "-c", "core.fsmonitor=false", "-C", folder, *words]
    try:
        done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL, env=environ)
    except OSError:
        return None
    return None if done.returncode else done.stdout


def lasting_path() -> str:
    """The PATH without relative and empty entries, by which a folder that is worked in would give its own programs.

    It is never empty: an empty one leads to that folder too.
    """
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(filter(os.path.isabs, entries)) or os.defpath


def lasting_environ() -> dict[str, str]:
    """The environment with that PATH, for a program that is started by its name."""
    return {**os.environ, "PATH": lasting_path()}


def program_on_path(name: str) -> str | None:
    """The path of a program on that PATH; None without one."""
    import shutil

    return shutil.which(name, path=lasting_path())


def _state(index: str) -> bytes:
    """What changes with the index; empty without one."""
    try:
        found = os.stat(index)
    except OSError:
        return b""
    return f"{found.st_mtime_ns} {found.st_size} {found.st_ino}\n".encode()


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(100)
    except OSError:
        return b""
