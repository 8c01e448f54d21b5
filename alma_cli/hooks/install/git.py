"""Git's hooks: a marked block at the top of each, which starts `alma hook` in the background and doesn't wait for it.

Somebody else's shell script gets the block after its first line. Any other hook (in another language, a link, one that
is switched off) gets another name, and a script of ours calls it. One block serves all projects of the repository.
"""

import os
import re
import shlex
from collections.abc import Mapping

from alma_cli.errors import AlmaError
from alma_cli.files import current_folder
from alma_cli.hooks.events import GIT_EVENTS
from alma_cli.hooks.install.changes import (
    FileChange,
    InstallRecord,
    MoveFile,
    Plan,
    RemoveFile,
    WriteFile,
    content_of,
)
from alma_cli.hooks.install.git_script import others_in, projects_in, script
from alma_cli.hooks.install.hook_tools import (
    calls_alma,
    husky_folder,
    lefthook_events,
    lefthook_file,
    plan_lefthook,
    plan_lefthook_removal,
    plan_simple_git_hooks,
    plan_simple_git_hooks_removal,
)
from alma_cli.hooks.install.parts import ConnectedProject, Part
from alma_cli.hooks.install.program import fleeting, program
from alma_cli.hooks.install.repository import asked, asked_in_vain
from alma_cli.worktrees import exclude_path, is_submodule, top_of

_START = b"# >>> alma >>>"
_END = b"# <<< alma <<<"
_OURS = b"# >>> alma >>> this file is ALMA's: `alma uninstall git` removes it\n"
_THEIRS = b"# >>> alma >>> `alma uninstall git` takes this out\n"
_BLOCK = re.compile(rb"^# >>> alma >>>[^\n]*\n.*?^# <<< alma <<<\n", re.MULTILINE | re.DOTALL)
_SHELL = re.compile(rb"#![ \t]*(?:/\S*/)?(?:env[ \t]+)?(?:\S*/)?(?:sh|bash|dash|ash|ksh|zsh)(?:[ \t][^\n]*)?\n")
_KEPT = ".before-alma"
LEGACY = ".legacy"
"""The ending that pre-commit gives to a hook when it installs its own after ours."""
_BESIDE_LFS = (
    "Git LFS goes on working, but `git lfs install` says from now on that a hook exists already: use "
    "`git lfs install --skip-repo`; `git lfs update --force` would take ALMA's block out"
)
_OF_LFS = ("pre-push", "post-checkout", "post-commit", "post-merge")


def plan_git(place: ConnectedProject) -> Plan:
    """The plan that makes the hooks of the repository here call ALMA. Raises `AlmaError` outside of a repository."""
    folder, agent = place.folder, place.agent
    hooks, notes = hooks_folder(folder)
    top, here = top_folder(folder) or folder, path_from_top(folder)
    through_lefthook = lefthook_events(top, GIT_EVENTS)
    kept, of_others = plan_simple_git_hooks(top, GIT_EVENTS)
    notes += [f"simple-git-hooks writes {event} itself, so it was left without ALMA" for event in of_others]
    lefthook = plan_lefthook(top, through_lefthook, here, agent)
    changes: list[FileChange] = [*kept.changes, *lefthook.changes]
    for event in GIT_EVENTS:
        if event in through_lefthook or event in of_others:
            continue
        path = os.path.join(hooks, event)
        if _has_block(path + LEGACY) and not os.path.lexists(path + _KEPT):
            path += LEGACY  # pre-commit calls it
        projects = _projects(path)
        projects[here] = agent or projects.get(here)
        planned, note = _plan_hook(path, _commands(event, projects, hooks))
        changes += planned
        notes += [note] if note else []
    of_others_too = [*kept.notes, *lefthook.notes, *_lfs(folder, hooks), *_without_hooks(top)]
    return Plan(changes, [*notes, *of_others_too, *(fleeting() if changes else [])])


def hook_files(place: ConnectedProject) -> list[str]:
    """The paths at which hooks of ours may be. Raises `AlmaError` outside of a repository."""
    hooks, _ = hooks_folder(place.folder)
    paths = [os.path.join(hooks, event + end) for event in GIT_EVENTS for end in ("", LEGACY)]
    return [*paths, lefthook_file(top_folder(place.folder) or place.folder)]


def passed_over(place: ConnectedProject) -> tuple[str, str]:
    """The reason why git calls no hook of ours for this project, and what mends it; empty without one."""
    for path in hook_files(place):
        if _has_block(path) and not _is_run(path):
            if os.statvfs(path).f_flag & os.ST_NOEXEC:
                return f"git runs no hooks in {os.path.dirname(path)}: it is mounted with noexec", "mount it with exec"
            return f"git passes over {path}: it may not be executed", f"chmod +x {shlex.quote(path)}"
    if waiting := _of_lefthook(place.folder):
        return waiting
    served = {project for path in hook_files(place) if _has_block(path) for project in _projects(path)}
    if served and (here := path_from_top(place.folder)) not in served:
        return f"git's hooks call ALMA for {', '.join(sorted(served))}, and this project is {here}", "alma setup git"
    return _in_a_worktree(place.folder, current_folder() or place.folder)


def _of_lefthook(folder: str) -> tuple[str, str] | None:
    """What keeps lefthook from calling ALMA for an event whose hook it writes, and what mends it; None without one."""
    top, (hooks, _) = top_folder(folder) or folder, hooks_folder(folder)
    for event in lefthook_events(top, GIT_EVENTS):
        path = os.path.join(hooks, event)
        if _has_block(path):
            continue
        if not calls_alma(top):  # as in a new worktree: the file isn't committed
            return f"lefthook calls no ALMA for {event} here: {lefthook_file(top)} doesn't ask for it", "alma setup git"
        if b"lefthook" not in (content_of(path) or b""):
            return f"git doesn't call lefthook for {event} yet", "`lefthook install` puts its hooks where git looks"
    return None


def _in_a_worktree(folder: str, here: str) -> tuple[str, str]:
    """The worktree or submodule that we are in, if git looks for its hooks where none is of ours, and what mends it."""
    if not (top := top_folder(here)) or os.path.samefile(top, top_folder(folder) or folder):
        return "", ""
    if is_submodule(top) and not is_submodule(top_of(folder) or folder):
        remedy = f"`alma init` and `alma setup git` in {top} give it a memory and hooks of its own"
        return f"the submodule {top} has hooks of its own, where ALMA has none: its commits teach nothing", remedy
    if exclude_path(here) != exclude_path(folder):
        return "", ""
    hooks, _ = hooks_folder(here)
    if any(map(_has_block, (lefthook_file(top), *(os.path.join(hooks, event) for event in GIT_EVENTS)))):
        return "", ""
    remedy = f"`git -C {shlex.quote(top)} config --show-scope core.hooksPath` tells who set it"
    return f"in the worktree {top} git looks for its hooks in {hooks}, where ALMA has none", remedy


def plan_git_removal(place: ConnectedProject) -> Plan:
    """The plan that restores every hook, where git looks now and where it did when they were installed."""
    folder = place.folder
    hooks, _ = hooks_folder(folder)
    top, here = top_folder(folder) or folder, path_from_top(folder)
    changes: list[FileChange] = [
        *plan_lefthook_removal(top, here).changes,
        *plan_simple_git_hooks_removal(top, place.project.backup_dir, GIT_EVENTS).changes,
    ]
    record = InstallRecord.load(place.project.backup_dir)
    left = {os.path.dirname(path) for path in map(record.path_of, record.files) if os.path.basename(path) in GIT_EVENTS}
    for event in GIT_EVENTS:
        for path in (os.path.join(each, event + end) for each in sorted({hooks, *left}) for end in ("", LEGACY)):
            content = content_of(path) if _has_block(path) else None
            if content is None:
                if not os.path.lexists(path) and os.path.lexists(path + _KEPT):  # it was cut off between two changes
                    changes.append(MoveFile(path + _KEPT, path))
                continue
            projects = _projects(path)
            if others := others_in(projects, here, top):
                if here in projects:
                    changes += _with_commands(path, content, _commands(event, others, os.path.dirname(path)))
                continue
            if _OURS not in content:
                changes.append(WriteFile(path, _BLOCK.sub(b"", content, count=1)))
                continue
            changes.append(RemoveFile(path))
            if os.path.lexists(path + _KEPT):
                changes.append(MoveFile(path + _KEPT, path))
    return Plan(changes)


def top_folder(folder: str) -> str | None:
    """The top of the worktree that this folder is in; None outside of a repository."""
    return asked_in_vain(folder, "rev-parse", "--show-toplevel") or None


def path_from_top(folder: str) -> str:
    """The path of a project's folder from the top of its worktree. Raises `AlmaError` for one that no hook can name."""
    path = os.path.relpath(os.path.realpath(folder), os.path.realpath(top_folder(folder) or folder))
    if "\n" in path:
        raise AlmaError(f"{folder} has a line break in its name, which no hook can have")
    return path if path == "." else f"./{path}"


def hooks_folder(folder: str) -> tuple[str, list[str]]:
    """The folder where git looks for this repository's hooks, and a note if other repositories share it."""
    way = os.path.join(folder, asked(folder, "rev-parse", "--git-path", "hooks"))
    through, back, _ = way.rpartition(f"{os.sep}{os.pardir}{os.sep}")
    if back and not os.path.isdir(through):
        raise AlmaError(
            f"git finds no hooks here: core.hooksPath leads through {through}, which isn't there",
            hint="`git config --show-origin core.hooksPath` tells who set it",
        )
    hooks = os.path.normpath(way)
    if os.path.exists(hooks) and not os.path.isdir(hooks):
        raise AlmaError(
            f"git runs no hooks here: core.hooksPath is {hooks}",
            hint="`git config --show-origin core.hooksPath` tells who set it; `--unset` in its place ends it",
        )
    if shared := husky_folder(hooks):
        return shared, []
    set_by = asked_in_vain(folder, "config", "--show-scope", "--get", "core.hooksPath")
    if set_by.split("\t")[0] in ("global", "system"):
        note = f"{hooks} (core.hooksPath) serves all your repositories; where there is no .alma/ the hooks do nothing"
        return hooks, [note]
    return hooks, []


def _lfs(folder: str, hooks: str) -> list[str]:
    """A note where Git LFS is used, which takes no hook but its own for its own."""
    theirs = [content_of(os.path.join(hooks, name)) for name in _OF_LFS if os.path.isfile(os.path.join(hooks, name))]
    attributes = os.path.join(top_folder(folder) or folder, ".gitattributes")
    if os.path.isfile(attributes):
        theirs.append(content_of(attributes))
    if not any(b"git lfs" in (content or b"") or b"filter=lfs" in (content or b"") for content in theirs):
        return []
    return [_BESIDE_LFS]


def _without_hooks(top: str) -> list[str]:
    """A note where commits are made by a program that runs none of git's hooks."""
    if not os.path.isdir(os.path.join(top, ".jj")):
        return []
    return ["Jujutsu runs none of git's hooks: `alma learn --from-git REVISIONS` reads what its commits tell"]


def _plan_hook(path: str, commands: bytes) -> tuple[list[FileChange], str]:
    content = content_of(path)
    is_on = _is_run(path)
    if content is None and not os.path.lexists(path):
        return [WriteFile(path, _hook(path, commands, calls=os.path.lexists(path + _KEPT)), 0o755)], ""
    if content is not None and _has_block(path):
        mended: list[FileChange] = [] if is_on else [WriteFile(path, content, 0o755)]
        return _with_commands(path, content, commands, 0o755) or mended, ""
    if content is not None and not os.path.islink(path) and is_on and _is_shell(content):
        first = content.index(b"\n") + 1 if content.startswith(b"#!") else 0
        return [WriteFile(path, content[:first] + _THEIRS + commands + content[first:])], ""
    if content is not None and os.access(path, os.X_OK) and b"basename" in content.lower():
        return [], f"{path} looks at its own name, so it was left as it is, without ALMA"
    if os.path.lexists(path + _KEPT):
        return [], f"{path + _KEPT} is in the way, so {os.path.basename(path)} was left as it is, without ALMA"
    return [MoveFile(path, path + _KEPT), WriteFile(path, _hook(path, commands, calls=True), 0o755)], ""


def _hook(path: str, commands: bytes, *, calls: bool) -> bytes:
    """A hook of ours alone, which calls the one whose place it takes, if there is one."""
    call = _call(path) if calls else b""
    return b"#!/bin/sh\n" + _OURS + commands[: -len(_END) - 1] + call + _END + b"\n"


def _with_commands(path: str, content: bytes, commands: bytes, mode: int | None = None) -> list[FileChange]:
    """The change that gives the block of a hook these commands; none if it has them."""
    own = _OURS if _OURS in content else _THEIRS
    calls = _call(path) if os.path.lexists(path + _KEPT) else b""
    wanted = _BLOCK.sub(lambda _: own + calls.join((commands[: -len(_END) - 1], _END + b"\n")), content, count=1)
    return [WriteFile(path, wanted, mode)] if wanted != content else []


def _commands(event: str, projects: Mapping[str, str | None], hooks: str) -> bytes:
    """The block's lines, from the first command to the end mark. The hook's input and exit code stay its own.

    Hooks that are committed (husky's, or where others in their folder are) name no path of this machine.
    """
    is_shared = _is_huskys(hooks) or _has_committed(hooks)
    programs = ("alma",) if is_shared else (shlex.quote(program()), "alma")
    lines = script(event, projects, *programs)
    return os.fsencode("\n".join(lines)) + b"\n" + _END + b"\n"


def _is_run(path: str) -> bool:
    """True for a hook that may be executed, and for one of husky's, which reads it whatever its rights."""
    return os.access(path, os.X_OK) or _is_huskys(os.path.dirname(path)) or path.endswith((".yml", ".yaml"))


def _has_committed(hooks: str) -> bool:
    """True for a folder of hooks in the worktree that git has files of."""
    real = os.path.realpath(hooks)
    return bool((top := top_of(real)) and asked_in_vain(top, "ls-files", "--", real))


def _is_huskys(folder: str) -> bool:
    return bool(husky_folder(os.path.join(folder, "_")))


def _projects(path: str) -> dict[str, str | None]:
    """The projects that the block of this hook serves, with their agents."""
    block = _BLOCK.search(content_of(path) or b"") if _has_block(path) else None
    return projects_in(os.fsdecode(block.group())) if block else {}


def _call(path: str) -> bytes:
    """The line of our script that calls the hook that it replaces."""
    name = (os.path.basename(path) + _KEPT).encode()
    return b'kept=$(dirname "$0")/' + name + b'; [ ! -x "$kept" ] || exec "$kept" "$@"\n'


def _is_shell(content: bytes) -> bool:
    if b"\0" in content or b"\r\n" in content[:200]:
        return False
    return bool(_SHELL.match(content)) if content.startswith(b"#!") else bool(content)


def _has_block(path: str) -> bool:
    content = content_of(path) if os.path.isfile(path) and not os.path.islink(path) else None
    return content is not None and _START in content and bool(_BLOCK.search(content))


GIT = Part(plan_git, plan_git_removal, hook_files)
