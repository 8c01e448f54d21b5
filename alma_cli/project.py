"""The project that a command works in: where its configuration is, and where its memory lives.

The configuration is read from the nearest `.alma/`; store, journal and lock live in the `.alma/` of the main worktree,
so that linked git worktrees share one memory. One that is found by searching has to be the caller's or root's: whoever
may write into a folder above could else decide what is remembered, and where.
"""

import errno
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from alma_cli.core.text import one_line
from alma_cli.errors import ProjectNotFound, ProjectUntrusted, StoreUnwritable
from alma_cli.files import make_folders, open_file, write_whole
from alma_cli.ownership import give_to_owner, is_trusted, owner_of
from alma_cli.tracked import is_left_out, memory_in_git, note
from alma_cli.worktrees import (
    exclude_path,
    is_submodule,
    is_top,
    lost_repository,
    main_folder,
    note_path,
    shared_folder,
    top_of,
    untrusted_main,
    worktree_top,
)

FOLDER = ".alma"
CONFIG = "config.yaml"
JOURNAL = "journal"
BACKUP = "backup"

UNFILLED = "${workspaceFolder}"
"""What an editor replaces by the project's folder; one that doesn't starts its servers there."""

GITIGNORE = """\
# Written by ALMA: only the configuration is committed; memories stay out of git.
*
!.gitignore
!config.yaml
"""

_MOST_OF_RULES = 1 << 16
"""The bytes that are read of the rules by which git ignores the memory."""

EXCLUDED = """\
# Written by ALMA: memories stay out of git on branches without .alma/.gitignore too.
**/.alma/*
!**/.alma/.gitignore
!**/.alma/config.yaml
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
    def completion_path(self) -> Path:
        """The file with what a shell may complete."""
        return self.home / "completion"

    @property
    def report_path(self) -> Path:
        """The page that `alma report` writes unless another is named."""
        return self.home / "report.html"

    @property
    def reviewed_path(self) -> Path:
        """The file with the ids of the memories that somebody reviewed, one a line."""
        return self.home / "reviewed"

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
    which then keeps its memory itself, even in a linked worktree; naming it is trusting its owner. Raises
    `ProjectNotFound`, and `ProjectUntrusted` for one that was found and is somebody else's, or whose memory is in git.
    """
    if directory and directory != UNFILLED:
        project = _named_project(os.fspath(directory), "--dir")
    elif environ.get("ALMA_DIR"):
        project = _named_project(environ["ALMA_DIR"], "ALMA_DIR")
    else:
        project = _nearest_project(start)
    check_memory(project)
    return project


def check_memory(project: Project) -> None:
    """Raise `ProjectUntrusted` if a part of the memory is in git, since the repository may have brought it.

    Raise `ProjectNotFound` where there can be no memory.
    """
    home, why = os.fspath(project.home), ""
    if "?" in home:
        why = "DuckDB takes what follows a question mark for options"
    elif home.encode("utf-8", "replace") != os.fsencode(home):
        why = "DuckDB opens no path that isn't UTF-8, or that the locale doesn't read as such"
    if why:
        raise ProjectNotFound(
            f"there can't be a memory in {home}: {why}",
            hint="rename the folder, or keep the memory elsewhere with ALMA_DIR or --dir",
        )
    for folder in {os.fspath(project.home), os.path.join(project.root, FOLDER)}:
        if found := memory_in_git(folder):
            git = f"git -C {shlex.quote(os.path.dirname(folder))} rm -r --cached {shlex.quote(found[0])}"
            raise ProjectUntrusted(
                f"git has {found[0]}: a memory that may have come with the repository is not trusted",
                hint=f"take it out of git, and delete it unless it is yours: {git}",
            )


def told_apart(project: Project) -> list[str]:
    """The warning that a worktree doesn't find, or trust, the memory that others share, and keeps one of its own."""
    root = os.fspath(project.root)
    if project.home.parent != project.root:
        return []
    if strange := untrusted_main(root):
        found = f"{strange} belongs to {owner_of(strange)}: this worktree doesn't share its memory"
        return [f"{found}, and keeps one of its own in {project.home} (ALMA_DIR={strange} takes that one)"]
    repository = lost_repository(root)
    if repository is None:
        return []
    found = f"this worktree's repository, and its memory, aren't at {repository}: one of its own is in {project.home}"
    mended_by = "a new path in .jj/repo" if repository.endswith(f".jj{os.sep}repo") else "`git worktree repair`"
    return [f"{found} (was it moved? {mended_by} mends that; in a container, mount it)"]


def lives_elsewhere(project: Project) -> bool:
    """True for a project in a linked worktree whose memory isn't where it was when the project was found.

    The repository was moved since: what a process that lives long recorded there, nobody would find.
    """
    home = project.home.parent
    return home != project.root and shared_folder(os.fspath(project.root)) != os.fspath(home)


def laid_open(project: Project) -> list[str]:
    """The warning that git would take the memory, for an ignore file that came with a repository or was edited."""
    try:
        with open_file(os.fspath(project.gitignore_path)) as file:
            lines = file.read(_MOST_OF_RULES).decode(errors="replace").split("\n")
    except OSError:
        return []
    strange = [line.strip() for line in lines if line.startswith("!") and line.strip() not in GITIGNORE.split("\n")]
    if not strange or top_of(os.fspath(project.root)) is None:
        return []
    found = f"{project.gitignore_path} lets git take the memory, by the line {one_line(strange[0], 40)}"
    return [f"{found}: delete that file, and the next write makes it anew"]


def left_behind(project: Project) -> str:
    """The `.alma/` of a worktree with a memory that nothing reads, since it shares another; empty without one.

    It was made while the worktree had lost its repository, or by an ALMA that was told to work there.
    """
    own = os.path.join(project.root, FOLDER)
    journal = os.path.join(own, JOURNAL)
    has_memory = os.path.exists(os.path.join(own, "memory.duckdb")) or (os.path.isdir(journal) and os.listdir(journal))
    return own if own != os.fspath(project.home) and has_memory else ""


def is_own(project: Project, path: str) -> bool:
    """True for a path in the project's `.alma/`, where everything is ALMA's."""
    if "\0" in path:
        return False
    real = os.path.realpath(path)
    folders = (os.path.realpath(project.home), os.path.realpath(os.path.join(project.root, FOLDER)))
    return any(real == folder or real.startswith(f"{folder}{os.sep}") for folder in folders)


def _nearest_project(start: str | os.PathLike[str] | None) -> Project:
    try:
        first = os.path.realpath(os.getcwd() if start is None else start)
    except FileNotFoundError as error:
        raise ProjectNotFound("the current folder is gone", hint="change to a folder that exists") from error
    bare_home = ""
    for folder in _folders_above(first):
        if os.path.isfile(os.path.join(folder, FOLDER, CONFIG)):
            _check_trusted(folder)
            return project_at(folder)
        if not bare_home and os.path.isdir(os.path.join(folder, FOLDER)):
            bare_home = os.path.join(folder, FOLDER)
    if bare_home:
        if os.path.lexists(os.path.join(bare_home, CONFIG)):
            raise ProjectNotFound(f"{bare_home}/{CONFIG} is no file", hint="move it away: a file belongs there")
        elsewhere = f"is it on another branch? `git log --all -- {FOLDER}/{CONFIG}` tells; " if top_of(first) else ""
        raise ProjectNotFound(f"{bare_home} has no {CONFIG}", hint=f"{elsewhere}`alma init` writes one")
    for folder in _folders_above(first):
        _check_checked_out(folder)
    hint = "`alma init` makes one here"
    if first in (os.sep, os.path.realpath(os.path.expanduser("~"))):  # hosts start servers there
        hint = "name the project's folder: --dir FOLDER, or ALMA_DIR"
    if any(_recorded(folder) for folder in _folders_above(first)):
        hint = f"there was one: a sparse checkout, `git clean` or `git stash` may have taken {FOLDER}/ away; {hint}"
    if beyond := _beyond(first):
        hint += f"; that of {beyond}, outside of this repository, is used by ALMA_DIR={beyond} or --dir {beyond}"
    raise ProjectNotFound(f"no {FOLDER}/ in {first} or any folder above", hint=hint)


def _check_checked_out(folder: str) -> None:
    """Raise `ProjectNotFound` where git has the project's configuration, but not in this sparse checkout."""
    path = f"{FOLDER}/{CONFIG}"
    if not os.path.lexists(os.path.join(folder, path)) and is_left_out(folder, path):
        command = shlex.join(["git", "-C", folder, "sparse-checkout", "add", FOLDER])
        lost = "; the memory that was in it may be gone: `alma doctor` tells then" if _recorded(folder) else ""
        raise ProjectNotFound(f"{path} is not in the sparse checkout of {folder}", hint=f"`{command}` brings it{lost}")


def _folders_above(first: str) -> Iterator[str]:
    """The folders that may hold the project of this one, the nearest first.

    They end at the top of the repository, where another file system begins, and at a folder of somebody else's. A
    submodule belongs to the repository around it, and a linked worktree is followed by its main one.
    """
    folder, device = first, os.stat(first).st_dev
    while True:
        yield folder
        if is_top(folder) and not is_submodule(folder):
            if main := main_folder(first if worktree_top(first) == folder else folder):
                yield from _folders_above(main)
            return
        parent = os.path.dirname(folder)
        if parent == folder or not is_trusted(folder) or os.stat(parent).st_dev != device:
            return
        folder = parent


def _beyond(folder: str) -> str:
    """The nearest folder above with a project that is the caller's, where the search doesn't go; empty without one."""
    while (parent := os.path.dirname(folder)) != folder:
        folder = parent
        config = os.path.join(folder, FOLDER, CONFIG)
        if os.path.isfile(config) and is_trusted(config) and is_trusted(os.path.join(folder, FOLDER)):
            return folder
    return ""


def _check_trusted(folder: str) -> None:
    for path in (os.path.join(folder, FOLDER), os.path.join(folder, FOLDER, CONFIG)):
        if not is_trusted(path):
            raise ProjectUntrusted(
                f"{path} belongs to {owner_of(path)}, not to you",
                hint=f"if you trust it, say so with ALMA_DIR={folder} or --dir {folder}",
            )


def project_at(root: str | os.PathLike[str]) -> Project:
    """The project whose `.alma/` is, or will be, in this folder."""
    folder = os.path.realpath(root)
    shared = os.path.join(shared_folder(folder) or folder, FOLDER)
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

    Raises `StoreUnwritable`, `ProjectUntrusted` and `ProjectNotFound`.
    """
    project = project_at(root)
    check_memory(project)
    _check_checked_out(os.fspath(root))
    if not os.path.exists(project.config_path):  # a name that is too long is told of below
        _forget_recorded(project)
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
        _make_private(project, project.journal_dir)
    except OSError as error:
        raise _unwritable(project.home, error) from error


def make_log(project: Project) -> None:
    """Make the folder of the logs, where a command that only reads may be the first. Raises `OSError`."""
    _make_private(project, project.log_dir)


def _make_private(project: Project, folder: Path) -> None:
    """Make a folder of a memory that only its owner may enter, and that git ignores."""
    _make_folder(project.home)
    _make_folder(folder)
    _write_if_missing(project.gitignore_path, GITIGNORE)
    with suppress(OSError):
        _keep_out_of_git(os.fspath(project.home.parent))


def _keep_out_of_git(folder: str) -> None:
    """Have git ignore memories where it takes `.alma/.gitignore` away: on another branch, by `clean` or `stash -u`."""
    path = exclude_path(folder)
    if path is None:
        return
    content = b""
    if os.path.exists(path):
        with open_file(path) as file:
            content = file.read()
    if EXCLUDED.encode() not in content:
        make_folders(os.path.dirname(path))
        with open(path, "ab") as file:
            file.write((b"" if content.endswith(b"\n") or not content else b"\n") + EXCLUDED.encode())
        give_to_owner(path)


def note_recorded(project: Project) -> None:
    """Note in git's folder, as far as that can be done, that something was recorded.

    The memory is ignored by git and goes with `git clean -x`; an emptied project is so told from a new one.
    """
    path = note_path(os.fspath(project.home.parent), "recorded")
    if path is not None and not os.path.exists(path):
        with suppress(OSError):
            note(path, b"Something was recorded in this project's .alma/. `alma doctor` reads this.\n")


def recorded_since(project: Project) -> float | None:
    """When something was recorded first, in seconds since 1970, as far as that was noted."""
    return _recorded(os.fspath(project.home.parent))


def _recorded(folder: str) -> float | None:
    path = note_path(folder, "recorded")
    try:
        return None if path is None else os.stat(path).st_mtime
    except OSError:
        return None


def _forget_recorded(project: Project) -> None:
    path = note_path(os.fspath(project.home.parent), "recorded")
    if path is not None:
        with suppress(OSError):
            os.unlink(path)


def _make_folder(folder: Path) -> None:
    make_folders(os.path.dirname(folder))
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(20, "there is a file of that name", str(folder)) from None
    give_to_owner(os.fspath(folder))
    if os.stat(folder).st_mode & 0o077:
        try:
            os.chmod(folder, 0o700)
        except OSError:
            return  # it is somebody else's, or read-only, and as private as its owner wants


def _write_if_missing(path: Path, text: str) -> None:
    if os.path.isdir(path):
        raise IsADirectoryError(21, "there is a folder of that name", str(path))
    if os.path.islink(path) and not os.path.exists(path):
        raise IsADirectoryError(21, "it is a link that leads nowhere", str(path))
    if not os.path.lexists(path):
        write_whole(path, text.encode())  # whole at once: an empty .gitignore would let git commit the memory


def _unwritable(folder: Path, error: OSError) -> StoreUnwritable:
    if isinstance(error, NotADirectoryError | IsADirectoryError):
        return StoreUnwritable(f"can't use {error.filename}: {error.strerror}", hint="move it away")
    if error.errno == errno.ENAMETOOLONG:
        shown = one_line(os.fspath(folder), 120)
        return StoreUnwritable(f"can't write in {shown}: {error.strerror}", hint="shorten the name")
    return StoreUnwritable(
        f"can't write in {folder}: {error.strerror}", hint="is the folder yours, and is there space on the disk?"
    )
