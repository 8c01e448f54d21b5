"""The project that a command works in: where its configuration is, and where its memory lives.

The configuration is read from the nearest `.alma/`; store, journal and lock live in the `.alma/` of the main worktree,
so that linked git worktrees share one memory. Git is never started: its files are read.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alma_cli.errors import ProjectNotFound, StoreUnwritable
from alma_cli.files import write_whole

FOLDER = ".alma"
CONFIG = "config.yaml"
JOURNAL = "journal"
BACKUP = "backup"

GITIGNORE = """\
# Written by ALMA: only the configuration is committed; memories stay out of git.
*
!.gitignore
!config.yaml
"""


@dataclass(frozen=True, slots=True)
class Project:
    """`root` holds the `.alma/` with the configuration; `home` is the `.alma/` in which the memory lives.

    They differ in a linked git worktree only. `home` may not exist yet; see `make_home`.
    """

    root: Path
    config_path: Path
    home: Path

    @property
    def journal_dir(self) -> Path:
        """The durable inbox of writes that are not in the store yet."""
        return self.home / JOURNAL

    @property
    def log_dir(self) -> Path:
        """The folder of the logs, and of the traces of unexpected errors."""
        return self.home / "log"

    @property
    def backup_dir(self) -> Path:
        """The folder for a copy of the store before a migration, and of others' files before they are changed."""
        return self.home / BACKUP

    @property
    def gitignore_path(self) -> Path:
        """The file that keeps the memory out of git."""
        return self.home / ".gitignore"


def find_project(
    start: str | os.PathLike[str] | None = None,
    *,
    directory: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Project:
    """The project of `directory` (`--dir`), else of `ALMA_DIR`, else the nearest one from `start` upwards.

    `start` is the current folder by default. `directory` and `ALMA_DIR` are a project's folder, or a `.alma` folder,
    which then keeps its memory itself, even in a linked worktree. Raises `ProjectNotFound`.
    """
    if directory:
        return _named_project(os.fspath(directory), "--dir")
    if environ.get("ALMA_DIR"):
        return _named_project(environ["ALMA_DIR"], "ALMA_DIR")
    try:
        first = os.path.realpath(os.getcwd() if start is None else start)
    except FileNotFoundError as error:
        raise ProjectNotFound("the current folder is gone", hint="change to a folder that exists") from error
    folder, bare_home = first, ""
    while True:
        if os.path.isfile(os.path.join(folder, FOLDER, CONFIG)):
            return project_at(folder)
        if not bare_home and os.path.isdir(os.path.join(folder, FOLDER)):
            bare_home = os.path.join(folder, FOLDER)
        parent = os.path.dirname(folder)
        if parent == folder:
            break
        folder = parent
    if bare_home:
        raise ProjectNotFound(f"{bare_home} has no {CONFIG}", hint="`alma init` writes one")
    raise ProjectNotFound(f"no {FOLDER}/ in {first} or any folder above", hint="`alma init` makes one here")


def project_at(root: str | os.PathLike[str]) -> Project:
    """The project whose `.alma/` is, or will be, in this folder."""
    folder = os.path.realpath(root)
    shared = os.path.join(main_worktree_folder(folder) or folder, FOLDER)
    return Project(root=Path(folder), config_path=Path(folder, FOLDER, CONFIG), home=Path(shared))


def _named_project(given: str, origin: str) -> Project:
    folder = os.path.abspath(os.path.expanduser(given))
    if os.path.isfile(os.path.join(folder, FOLDER, CONFIG)):
        return project_at(folder)
    if os.path.basename(folder) == FOLDER:
        root = os.path.realpath(os.path.dirname(folder))
        config_path = os.path.join(root, FOLDER, CONFIG)
        if os.path.isfile(config_path):
            return Project(root=Path(root), config_path=Path(config_path), home=Path(root, FOLDER))
        raise ProjectNotFound(f"{folder} ({origin}) has no {CONFIG}", hint="`alma init` writes one")
    if not os.path.isdir(folder):
        raise ProjectNotFound(f"there is no folder {folder} ({origin})", hint=f"is {origin} right?")
    raise ProjectNotFound(
        f"{folder} ({origin}) has no {FOLDER}/{CONFIG}", hint=f"`alma init` there makes one, or is {origin} wrong?"
    )


# Making


def make_project(root: str | os.PathLike[str], config_text: str) -> Project:
    """Make `.alma/` in this folder, or whatever is missing in it; return the project. Nothing is overwritten.

    Raises `StoreUnwritable`.
    """
    project = project_at(root)
    try:
        _make_folder(project.config_path.parent)
        _write_if_missing(project.config_path, config_text)
        _write_if_missing(project.config_path.parent / ".gitignore", GITIGNORE)
    except OSError as error:
        raise _unwritable(project.config_path.parent, error) from error
    make_home(project)
    return project


def make_home(project: Project) -> None:
    """Make the folders in which the memory lives, and a missing `.gitignore`; only their owner may enter.

    It is safe to run again, and by several processes at once. Raises `StoreUnwritable` if something is missing and
    can't be made; where nothing is missing it succeeds, even in a read-only folder.
    """
    try:
        _make_folder(project.home)
        _make_folder(project.journal_dir)
        _write_if_missing(project.gitignore_path, GITIGNORE)
    except OSError as error:
        raise _unwritable(project.home, error) from error


def _make_folder(folder: Path) -> None:
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(20, "there is a file of that name") from None
    if os.stat(folder).st_mode & 0o077:
        try:
            os.chmod(folder, 0o700)
        except OSError:
            return  # it is somebody else's, or read-only, and as private as its owner wants


def _write_if_missing(path: Path, text: str) -> None:
    if not os.path.lexists(path):
        write_whole(path, text.encode())  # whole at once: an empty .gitignore would let git commit the memory


def _unwritable(folder: Path, error: OSError) -> StoreUnwritable:
    return StoreUnwritable(
        f"can't write in {folder}: {error.strerror}", hint="is the folder yours, and is there space on the disk?"
    )


# Linked worktrees


def main_worktree_folder(folder: str) -> str | None:
    """The folder of the main worktree that corresponds to this one, if this one is in a linked worktree; else None.

    A submodule is no linked worktree, and a bare repository has no main worktree.
    """
    top = folder
    while not os.path.lexists(os.path.join(top, ".git")):
        parent = os.path.dirname(top)
        if parent == top:
            return None
        top = parent
    main = _main_worktree(top)
    if main is None:
        return None
    return os.path.normpath(os.path.join(main, os.path.relpath(folder, top)))


def _main_worktree(top: str) -> str | None:
    pointer = _first_line(os.path.join(top, ".git"))  # None in a main worktree, where .git is a folder
    if pointer is None or not pointer.startswith("gitdir:"):
        return None
    git_dir = os.path.join(top, pointer.removeprefix("gitdir:").strip())
    common = _first_line(os.path.join(git_dir, "commondir"))  # only linked worktrees have it
    if common is None:
        return None
    common_dir = os.path.realpath(os.path.join(git_dir, common))
    bare, worktree = _core_settings(common_dir)
    if worktree is not None:
        main = os.path.realpath(os.path.join(common_dir, worktree))
    elif bare or os.path.basename(common_dir) != ".git":
        return None
    else:
        main = os.path.dirname(common_dir)
    return main if os.path.isdir(main) else None


def _core_settings(common_dir: str) -> tuple[bool, str | None]:
    """`core.bare` and `core.worktree` of a repository; the latter is how that of a submodule names its worktree."""
    bare, worktree, section = False, None, ""
    for name in ("config", "config.worktree"):
        for line in _lines(os.path.join(common_dir, name)):
            header = re.match(r"\s*\[\s*([^\]]*?)\s*\]\s*(.*)", line)
            section = header[1].lower() if header else section
            key, _, value = (header[2] if header else line).partition("=")
            value = value.strip().strip('"')
            if section == "core" and key.strip().lower() == "bare":
                bare = value.lower() in ("true", "yes", "on", "1", "")
            if section == "core" and key.strip().lower() == "worktree":
                worktree = value.replace("\\\\", "\\")
    return bare, worktree


def _first_line(path: str) -> str | None:
    return next(iter(_lines(path)), None)


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read(1 << 20).splitlines()
    except OSError:
        return []
