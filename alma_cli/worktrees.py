"""How git and Jujutsu lay out worktrees: which of them share one repository. Only their files are read."""

import os
import re

from alma_cli.ownership import is_trusted

_SHARED = "alma"
"""The folder in git's folder for what belongs to ALMA and to no worktree."""

_OF_TOPS = (".git", ".jj", ".hg", ".sl")
"""What is at the top of a repository: of git, Jujutsu, Mercurial, Sapling."""


def shared_folder(folder: str) -> str | None:
    """The folder that stands for this one in all worktrees, if this one is in a linked worktree; else None.

    It is that of the main worktree or, since a bare repository has none, one in the repository itself. A submodule is
    no linked worktree, and a workspace of Jujutsu's is. A repository of somebody else's is not shared with him.
    """
    top = worktree_top(folder)
    shared = _shared_top(top) if top else None
    return os.path.normpath(os.path.join(shared, os.path.relpath(folder, top))) if shared else None


def main_folder(folder: str) -> str | None:
    """The folder outside of a linked worktree in which the search for its project goes on; None in another worktree.

    It stands for this one in the main worktree, or is the nearest above that is there. A bare repository has none but
    the folder around it whose `.git` it is, or leads to it, as where every branch is a worktree beside it.
    """
    top, main = worktree_top(folder), shared_folder(folder)
    if top is None or main is None:
        return None
    if (common := _common_folder(top)) and not _main_worktree(common):
        around = os.path.dirname(common)
        return around if os.path.basename(common) == ".git" or _pointed(around) == common else None
    while not os.path.isdir(main):
        main = os.path.dirname(main)
    return main


def naming_folder(folder: str) -> str:
    """The folder whose name suits this one in all worktrees: that of the main worktree, or of the bare repository."""
    top, main = worktree_top(folder), _in_main_worktree(folder)
    common = _common_folder(top) if top and main == folder and shared_folder(folder) else None
    if top is None or common is None:
        return main
    is_hidden = os.path.basename(common).startswith(".")  # `.git` or, with all worktrees beside it, `.bare`
    named = os.path.dirname(common) if is_hidden else common.removesuffix(".git")
    return os.path.normpath(os.path.join(named, os.path.relpath(folder, top)))


def resolved(folder: str, path: str) -> str:
    """A path in full. A relative one starts at the folder or, where it leads out of a linked worktree, at the main one.

    So it is the same place in all worktrees.
    """
    found, top = os.path.normpath(os.path.join(folder, path)), worktree_top(folder)
    if os.path.isabs(path) or top is None or f"{found}{os.sep}".startswith(f"{top}{os.sep}"):
        return found
    return os.path.normpath(os.path.join(_in_main_worktree(folder), path))


def is_top(folder: str) -> bool:
    """True at the top of a repository."""
    return any(os.path.lexists(os.path.join(folder, name)) for name in _OF_TOPS)


def top_of(folder: str) -> str | None:
    """The top of the worktree that a folder is in; None outside git."""
    return _nearest(folder, ".git")


def worktree_top(folder: str) -> str | None:
    """The top of the worktree, or of the workspace of Jujutsu's, that a folder is in; None outside of both."""
    return _nearest(folder, ".git", ".jj")


def is_submodule(top: str) -> bool:
    """True when the worktree with this top is a submodule: its repository is in the one around it."""
    pointed = _pointed(top)
    return pointed is not None and f"{os.sep}modules{os.sep}" in pointed and _common_folder(top) is None


def lost_repository(folder: str) -> str | None:
    """Where the repository of a linked worktree should be, and isn't: it was moved, or is outside of a container."""
    top = worktree_top(folder)
    if top is None:
        return None
    if not os.path.lexists(os.path.join(top, ".git")):
        repository = _repository_of_workspace(top)
        return repository if repository and not os.path.isdir(repository) else None
    pointed = _pointed(top)
    return pointed if pointed and f"{os.sep}worktrees{os.sep}" in pointed and not os.path.isdir(pointed) else None


def untrusted_main(folder: str) -> str | None:
    """The main worktree, or the bare repository, of a linked worktree with which it isn't shared: somebody else's."""
    top = worktree_top(folder)
    common = _common_folder(top) if top else None
    main = (_main_worktree(common) or common) if common else None
    return main if main and os.path.isdir(main) and not is_trusted(main) else None


def note_path(folder: str, name: str) -> str | None:
    """Where in git's folder something can be noted of this folder, which no cleaning of a worktree removes.

    Nor does cloning bring it. None outside git.
    """
    top, git_folder = top_of(folder), _git_folder(folder)
    if top is None or git_folder is None:
        return None
    return os.path.normpath(os.path.join(git_folder, _SHARED, os.path.relpath(folder, top), name))


def exclude_path(folder: str) -> str | None:
    """The path of the file by which a repository ignores files in all worktrees, on every branch; None outside git."""
    top, git_folder = top_of(folder), _git_folder(folder)
    if top is None or git_folder is None:
        return None
    return os.path.join(_common_folder(top) or git_folder, "info", "exclude")


def index_path(folder: str) -> str | None:
    """The path of the index of the worktree that a folder is in; None outside git."""
    git_folder = _git_folder(folder)
    return None if git_folder is None else os.path.join(git_folder, "index")


def _nearest(folder: str, *names: str) -> str | None:
    """The nearest folder, from this one upwards, that has something of one of these names."""
    while not any(os.path.lexists(os.path.join(folder, name)) for name in names):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


def _shared_top(top: str) -> str | None:
    """The folder that stands for the top of a linked worktree in all of them; None for one that is no such worktree."""
    if not os.path.lexists(os.path.join(top, ".git")):
        repository = _repository_of_workspace(top)
        main = os.path.dirname(os.path.dirname(repository)) if repository and os.path.isdir(repository) else None
        return main if main and is_trusted(main) else None
    common = _common_folder(top)
    if common is None or not is_trusted(os.path.join(top, ".git")):
        return None
    main = _main_worktree(common)
    if not os.path.isdir(main or common) or not is_trusted(main or common):
        return None
    return main or os.path.join(common, _SHARED)


def _repository_of_workspace(top: str) -> str | None:
    """Where a workspace of Jujutsu's says that the repository is, `.jj/repo` of another one; None where it has it."""
    pointer = os.path.join(top, ".jj", "repo")
    where = _first_line(pointer)
    return os.path.realpath(os.path.join(top, ".jj", where)) if where and is_trusted(pointer) else None


def _in_main_worktree(folder: str) -> str:
    """The folder that stands for this one in the main worktree; itself where it is in that, or there is none."""
    top, shared = worktree_top(folder), shared_folder(folder)
    common = _common_folder(top) if top else None
    return folder if shared is None or (common and not _main_worktree(common)) else shared


def _git_folder(folder: str) -> str | None:
    """Git's own folder for the worktree that this folder is in; None outside git."""
    top = top_of(folder)
    if top is None or f"{os.sep}.git{os.sep}" in folder:
        return None
    git_folder = _pointed(top) or os.path.join(top, ".git")
    return git_folder if os.path.isdir(git_folder) else None


def _pointed(top: str) -> str | None:
    """Where a `.git` that is a file says that the repository is; None in a main worktree, where it is a folder."""
    pointer = _first_line(os.path.join(top, ".git"))
    if pointer is None or not pointer.startswith("gitdir:"):
        return None
    return os.path.realpath(os.path.join(top, pointer.removeprefix("gitdir:").strip()))


def _common_folder(top: str) -> str | None:
    """The repository of a linked worktree; None if it is no such worktree."""
    pointed = _pointed(top)
    common = _first_line(os.path.join(pointed, "commondir")) if pointed else None  # only linked worktrees have it
    return None if pointed is None or common is None else os.path.realpath(os.path.join(pointed, common))


def _main_worktree(common: str) -> str:
    """The top of the main worktree of a repository; empty if that is bare."""
    bare, worktree = _core_settings(common)
    if worktree is not None:
        return os.path.realpath(os.path.join(common, worktree))
    return "" if bare or os.path.basename(common) != ".git" else os.path.dirname(common)


_COMMENT = re.compile(r'("[^"]*")|[#;].*')
"""What follows a value in git's configuration, as `git config --comment` writes it; in quotes there is none."""


def _core_settings(common_dir: str) -> tuple[bool, str | None]:
    """`core.bare` and `core.worktree` of a repository; the latter is how that of a submodule names its worktree."""
    bare, worktree, section = False, None, ""
    for name in ("config", "config.worktree"):
        for line in _lines(os.path.join(common_dir, name)):
            header = re.match(r"\s*\[\s*([^\]]*?)\s*\]\s*(.*)", line)
            section = header[1].lower() if header else section
            key, _, value = (header[2] if header else line).partition("=")
            value = _COMMENT.sub(lambda found: found[1] or "", value).strip().strip('"')
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
