"""How each host that is found here stands: connected, not connected, gone since it was connected, or unable to run."""

import os
import re
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal, get_args

from alma_cli.errors import AlmaError
from alma_cli.hooks.install.blocks import is_whole
from alma_cli.hooks.install.changes import InstallRecord, content_of
from alma_cli.hooks.install.git import LEGACY
from alma_cli.hooks.install.parts import ConnectedProject, Part
from alma_cli.hooks.install.program import start_of, starts
from alma_cli.hooks.install.setup import MARK, SETUP_TARGETS, SetupTarget, targets_here
from alma_cli.project import Project
from alma_cli.tracked import lasting_environ, program_on_path

State = Literal["connected", "not connected", "gone", "can't run"]
STATES: tuple[State, ...] = get_args(State)

_NAMED = re.compile(rb"""'(/(?:[^'\n]|'\\?"'\\?"')*/alma)'|(?<![\w.~$}/])(/[^\s'\"<>|;:]*/alma)(?![\w./-])""")
"""The full path of an `alma`, as shells and settings have it."""
_QUOTE = re.compile(rb"""'\\?"'\\?"'""")
"""A single quote within single quotes, as shells and, in JSON, settings have it."""


@dataclass(frozen=True, slots=True)
class HostState:
    """A host, how it stands, why (empty where it is connected, or was never), and the command that mends it."""

    target: str
    state: State
    why: str = ""
    remedy: str = ""


def host_states(project: Project) -> list[HostState]:
    """The state of each host that is found here, or that was connected."""
    place = ConnectedProject(project)
    record = InstallRecord.load(project.backup_dir)
    here = targets_here(place)
    can_run = partial(_can_run, cache(_says_alma))
    found = []
    for name, target in SETUP_TARGETS.items():
        if name not in here and not record.files:
            continue
        try:
            parts = [part.files(place) for part in target.parts]
            there = [[path for path in files if record.is_marked(path)] for files in parts if files]
            lost = sorted({path for part in target.parts for path in _lost(record, part, part.files(place))})
            half = next((path for files in parts for path in files if not _is_whole(path)), "")
            off, mended_by = _obstacle(target, place) if any(there) else ("", "")
            left = _left_behind(record, parts[0]) if name == "git" and not any(there) else ""
        except AlmaError as error:
            found += [HostState(name, "not connected", error.message, error.hint)] if name in here else []
            continue
        if lost:
            why = f"ALMA's part is gone from {', '.join(lost)}: somebody wrote over it"
            remedy = f"`alma setup {name}` puts it back; `alma setup {name} --remove` forgets it"
            found.append(HostState(name, "gone", why, remedy))
        elif half:
            remedy = f"`alma setup {name}` puts it right, or says what to leave there"
            found.append(HostState(name, "gone", f"{half} has half a block of ALMA's: somebody edited it", remedy))
        elif left:
            why = f"git looks for its hooks in {os.path.dirname(parts[0][0])} now, and ALMA's are in {left}"
            found.append(HostState(name, "gone", why, f"`alma setup {name}` puts them where git looks"))
        elif off:
            found.append(HostState(name, "can't run", off, mended_by))
        elif any(there) and not all(map(can_run, filter(None, there))):
            lacking = "the place that the hooks name" if not any(map(can_run, there)) else "what else calls it"
            why = f"no `alma` that starts is on the PATH, nor at {lacking}"
            found.append(HostState(name, "can't run", why, f"put `alma` on the PATH, or `alma setup {name}` again"))
        elif name in here:
            is_whole = all(there)
            why = "in part" if any(there) and not is_whole else ""
            remedy = "" if is_whole else f"alma setup {name}"
            found.append(HostState(name, "connected" if is_whole else "not connected", why, remedy))
    return found


def _obstacle(target: SetupTarget, place: ConnectedProject) -> tuple[str, str]:
    """The reason why the host runs nothing of ours, and what mends it; a file that it can't read is one too."""
    try:
        return target.obstacle(place)
    except AlmaError as error:
        return error.message, error.hint


def _is_whole(path: str) -> bool:
    return is_whole((content_of(path) or b"").decode("utf-8", "replace"), MARK)


def _is_lost(record: InstallRecord, path: str) -> bool:
    """True for a file of ours that somebody wrote over; pre-commit and prek keep and call what they find as legacy."""
    return record.name_of(path) in record.files and not any(map(record.is_marked, (path, path + LEGACY)))


def _lost(record: InstallRecord, part: Part, files: Sequence[str]) -> list[str]:
    """The files of a part that somebody wrote over; none where one of them is enough, and has what is ours."""
    if part.is_one and any(map(record.is_marked, files)):
        return []
    return [path for path in files if _is_lost(record, path)]


def _left_behind(record: InstallRecord, files: Sequence[str]) -> str:
    """The folder of the hooks that were installed where git doesn't look any more; empty without any."""
    names = {os.path.basename(path) for path in files}
    hooks = [record.path_of(name) for name in record.files if os.path.basename(name) in names]
    return next((os.path.dirname(path) for path in hooks if path not in files and record.is_marked(path)), "")


def _can_run(answers: Callable[[str], bool], paths: Iterable[str]) -> bool:
    """True when an `alma` is on the PATH, or one that these files name can be started.

    What is called `alma` on the PATH, and doesn't look like it, is asked who it is: it may be a shim, which finds no
    version in this folder, or have nothing to do with ALMA. What a file names is never started: others may have
    written it.
    """
    on_path = program_on_path("alma")
    if on_path and starts(on_path) and (_is_ours(on_path) or answers(on_path)):
        return True
    named = [quoted or bare for path in paths for quoted, bare in _NAMED.findall(content_of(path) or b"")]
    there = [os.fsdecode(_QUOTE.sub(b"'", path)) for path in named]
    return any(starts(path) for path in there if path != on_path)


def _is_ours(path: str) -> bool:
    return b"alma_cli" in start_of(path)


def _says_alma(program: str) -> bool:
    command = [program, "--version"]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=10, check=False, stdin=subprocess.DEVNULL, env=lasting_environ()
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.startswith(b"alma ")
