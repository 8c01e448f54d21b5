"""Reads commits, with what can teach in them: their messages, their trailers, and a place that they keep.

A commit's place is who wrote it, in which second, and how many of the commits before it are of the same author and
second. Amending and rebasing keep all three.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from hashlib import blake2b

from alma_cli.errors import AlmaError
from alma_cli.hooks.install.repository import LOCATING, PLAINLY
from alma_cli.tracked import lasting_environ
from alma_cli.worktrees import exclude_path

_NAMES_AN_OUTCOME = re.compile(r"^[ \t*_]*alma[-_ ]outcome\b", re.MULTILINE | re.IGNORECASE)
_NAMED = re.compile(r"^alma-(outcome|agent)[ \t]*:(.*)", re.MULTILINE | re.IGNORECASE)
_FORMAT = "%H%x00%P%x00%at%x00%ae%x00%s%x00%b%x00%(trailers:only,unfold)%x00%(trailers)"
_PARTS = 8
"""The parts of a commit in that format; no message has a NUL, which stands between all of them."""
_UNKNOWN = ("bad object", "bad revision", "unknown revision", "ambiguous argument", "Invalid revision range")
_HOSTED = re.compile(r"^\S+\t(?!file:)[^\s/]+:\S*?([^/:\s]+?)(?:\.git)?/? \(", re.MULTILINE)
_MOST_OF_A_SECOND = 100
_GIT_TIMEOUT_S = 20
_WITHOUT_NETWORK = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1"}
"""In a partial clone git would ask its remote, and perhaps the user, for each commit that a message names in vain."""


@dataclass(frozen=True, slots=True)
class Commit:
    """The parts of a commit that can teach: `outcome` and `agent` come from trailers.

    `authored` is when, in seconds since 1970; empty where its writer wrote what git can't read.
    `trailers` is the end of the body, as git sees it: with `(cherry picked from commit ID)`, say.
    """

    id: str
    parents: Sequence[str]
    authored: str
    author: str
    subject: str
    body: str
    outcome: str
    agent: str
    trailers: str

    @property
    def prose(self) -> str:
        """The body without its trailers, and the comments that may follow them."""
        has_trailers = self.trailers and self.trailers in self.body
        text = self.body.rpartition(self.trailers)[0] if has_trailers else self.body
        return re.sub(r"\n[ \t]+\n", "\n\n", text).rstrip()

    @property
    def digest(self) -> str:
        """A short digest of the message."""
        return blake2b(f"{self.subject}\0{self.body}".encode(), digest_size=4).hexdigest()

    @property
    def identity(self) -> tuple[str, str, str]:
        """The message, author and time: two commits with the same tell the same."""
        return self.digest, self.author, self.authored

    @property
    def names_an_outcome(self) -> bool:
        """True when a line of the message begins as the trailer does, wherever it stands."""
        return bool(_NAMES_AN_OUTCOME.search(f"{self.subject}\n{self.body}"))


@contextmanager
def of_project(root: str) -> Iterator[None]:
    """Read the commits of a project's own repository, whatever the environment and the current folder lead to.

    The current folder decides within the project (it may be a submodule), in another worktree of it, and where the
    project is in no repository.
    """
    named = {name: os.environ.pop(name) for name in LOCATING if name in os.environ}
    here, its_own = os.path.realpath("."), exclude_path(root)
    is_its_own = f"{here}{os.sep}".startswith(f"{root}{os.sep}") or its_own in (None, exclude_path(here))
    try:
        with chdir("." if is_its_own else root):
            yield
    finally:
        os.environ.update(named)


def read_commits(commits: str, *options: str, most: int) -> list[Commit]:
    """The commits, newest first; none when git doesn't know them (in a shallow clone). Raises `AlmaError`."""
    parts = _git("log", "-z", f"--max-count={most}", f"--format={_FORMAT}", *options, commits, "--").split("\0")
    found = []
    for start in range(0, len(parts) - _PARTS + 1, _PARTS):
        id, parents, authored, author, *texts = (part.strip() for part in parts[start : start + _PARTS])
        subject, body, unfolded, trailers = texts
        named = {key.lower(): value for key, value in _NAMED.findall(unfolded)}  # the last word holds
        outcome, agent = (named.get(key, "").strip() for key in ("outcome", "agent"))
        found.append(Commit(id, parents.split(), authored, author, subject, body, outcome, agent, trailers))
    return found


def is_empty_range(commits: str) -> bool:
    """True for a range of commits that git knows and that has none in it, as where nothing is new."""
    return ".." in commits and bool(_git("rev-parse", "--revs-only", commits, "--"))


def place_of(commit: Commit) -> str:
    """The identity of a commit, which it keeps when it is amended, rebased or picked for another branch."""
    times = f"--format={commit.authored}%x00{commit.author.replace('%', '%%')}%x00%at%x00%ae"
    lines = _git("log", f"--max-count={_MOST_OF_A_SECOND}", times, commit.id, "--").splitlines()
    same = sum(written[:2] == written[2:] for written in (line.split("\0") for line in lines[1:]))
    return f"{commit.authored}/{commit.author}/{same}"


def remote_names() -> set[str]:
    """The names that hosts give the repository, without their owners and in small letters; none where none is known."""
    return {name.lower() for name in _HOSTED.findall(_git("remote", "-v"))}


def _git(*words: str) -> str:
    """The answer of git, with plain line ends; nothing of what it doesn't know. Raises `AlmaError` with its words."""
    try:
        done = subprocess.run(
            ["git", *PLAINLY, *words],
            capture_output=True, timeout=_GIT_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL,
            env={**lasting_environ(), "LC_ALL": "C", **_WITHOUT_NETWORK},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AlmaError(f"git doesn't answer: {error}") from error
    said = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode and not any(known in said for known in _UNKNOWN):
        is_elsewhere = "not a git repository" in said
        hint = "run it in the repository whose history is to be read" if is_elsewhere else "`git status` may say more"
        raise AlmaError(f"git {words[0]} failed: {said}", hint=hint)
    return "" if done.returncode else done.stdout.decode("utf-8", "replace").replace("\r\n", "\n")
