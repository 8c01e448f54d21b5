"""Asks git about the repository that a folder is in. Errors are told in git's own words."""

import os
import subprocess

from alma_cli.core.text import one_line
from alma_cli.errors import AlmaError
from alma_cli.tracked import lasting_environ

_LOOKED_AT = 50
"""Versions of a file, the newest first."""

LOCATING = {
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"),
    *("GIT_NAMESPACE", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS"),
}
"""The variables by which a git that calls us would send our own git into its repository."""

_MOST_SETTINGS = 1000
"""Settings of git in the environment that are looked at."""

_OPTIONS = (
    *("i18n.logOutputEncoding=UTF-8", "log.showSignature=false", "trailer.separators=:", "core.fsmonitor=false"),
    *("trailer.Alma-Outcome.key=Alma-Outcome", "trailer.Alma-Agent.key=Alma-Agent"),
)
PLAINLY = tuple(word for option in _OPTIONS for word in ("-c", option))
"""Options by which git writes the same whatever a repository or its user has configured."""


def asked(folder: str, *words: str) -> str:
    """The output of git. Raises `AlmaError` with what git says, and its remedy."""
    done = _run(folder, words)
    if done is None:
        raise AlmaError("git can't be started", hint="is it installed?")
    said = os.fsdecode(done.stderr)
    if done.returncode == 0:
        return os.fsdecode(done.stdout).rstrip("\n")
    if "not a git repository" in said:
        raise AlmaError(f"{folder} is in no git repository", hint="`git init` makes one")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    remedy = next((line for line in lines if line.startswith("git config")), "")
    raise AlmaError(
        f"git says: {one_line(lines[0].removeprefix('fatal: '), 300) if lines else 'nothing'}",
        hint=remedy or "`git status` may say more",
    )


def asked_in_vain(folder: str, *words: str) -> str:
    """The output of git; empty when it fails, or isn't there."""
    done = _run(folder, words)
    return os.fsdecode(done.stdout).rstrip("\n") if done and done.returncode == 0 else ""


def committed_without(path: str, mark: bytes) -> bytes | None:
    """The newest committed version of a file that has no such mark in it; None when there is none."""
    folder, name = os.path.split(path)
    if not os.path.isdir(folder):
        return None
    commits = asked_in_vain(folder, "log", f"--max-count={_LOOKED_AT}", "--format=%H", "--", name).split()
    for commit in commits:
        done = _run(folder, ("show", f"{commit}:./{name}"))
        if done and done.returncode == 0 and mark not in done.stdout:
            return done.stdout
    return None


def _run(folder: str, words: tuple[str, ...]) -> subprocess.CompletedProcess[bytes] | None:
    command = ["git", *PLAINLY, "-C", folder, *words]
    environ = _without_settings({name: value for name, value in lasting_environ().items() if name not in LOCATING})
    try:
        return subprocess.run(
            command,
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**environ, "LC_ALL": "C"},
        )
    except OSError:
        return None


def _without_settings(environ: dict[str, str]) -> dict[str, str]:
    """The environment without the settings that it gives to git, such as where hooks are, but for folders to trust."""
    count = environ.pop("GIT_CONFIG_COUNT", "")
    numbers = range(min(int(count), _MOST_SETTINGS) if count.isdecimal() else 0)
    given = [(environ.pop(f"GIT_CONFIG_KEY_{n}", ""), environ.pop(f"GIT_CONFIG_VALUE_{n}", "")) for n in numbers]
    kept = [(key, value) for key, value in given if key.lower() == "safe.directory"]
    for n, (key, value) in enumerate(kept):
        environ |= {f"GIT_CONFIG_KEY_{n}": key, f"GIT_CONFIG_VALUE_{n}": value}
    return {**environ, "GIT_CONFIG_COUNT": str(len(kept))}
