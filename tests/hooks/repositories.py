"""Git repositories with a project in them, and the hooks of others that tests put there."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from alma_cli.cli import main
from alma_cli.project import make_project

REVERTS = (
    'Revert "Cache the prices"\n\nReverted commit `{one}`.',  # Azure DevOps
    "Back out the cache\n\nSummary: Original commit changeset: {one}",  # Sapling
    "Backed out changeset {one} (bug 12) for stale prices",
    "Revert {one}",
    "revert: the cache\n\nIt was stale.\n\nRefs: {one}",  # Conventional Commits
    "revert(shop)!: the cache\n\nThis commit reverts {one}.",
    "Take the cache out\n\nThis reverts commits {other} and\n{one}.",
    "Take the cache out\n\nThis reverts commits {one}, {other}.",
    "Revert {one}\n\nThis reverts commit {one}.",
    "Take the cache out\n\nThis reverts commit [{one}].",
    "Take the cache out\n\nThis reverts commit https://example.org/dead/beef/commit/{one}.",
)
"""Messages of commits that take `{one}` back, and some `{other}` too, as other programs and people write them."""

PROGRAM = str(Path(sys.executable).with_name("alma"))
IDENTITY = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
SH = '#!/bin/sh\nset -eu\nexec 3>&2\n[ $# -eq 0 ] || echo "$0 $@" >>"$LOG"\necho "sh $(basename "$0")" >>"$LOG"\n[ ! -p /dev/stdin ] || cat >>"$LOG"\nwait\n'
PYTHON = f"#!{sys.executable}\nimport os, sys\nopen(os.environ['LOG'], 'a').write('python ' + ' '.join(sys.argv[1:]) + sys.stdin.read() + '\\n')\n"
FAILING = '#!/usr/bin/env bash\necho "failing" >>"$LOG"\nexit 1\n'


class Repository:
    """A git repository with a project in it, a remote to push to, and a log that its own hooks write."""

    def __init__(self, folder, *init):
        self.folder = folder
        self.log = folder.parent / f"{folder.name}.log"
        self.log.touch()
        self.run("git", "init", "-q", "-b", "main", *init, str(folder), cwd=folder.parent)
        self.git("init", "-q", "--bare", str(folder.parent / f"{folder.name}-remote"))
        self.git("remote", "add", "origin", str(folder.parent / f"{folder.name}-remote"))
        make_project(folder, "alma:\n  project_id: shop\n")

    def run(self, *argv, check=True, cwd=None, **environ):
        """Run a program and wait until it and all that it left in the background are gone."""
        ours, theirs = os.pipe()
        environ = {**os.environ, **IDENTITY, "LOG": str(self.log), **environ}
        try:
            done = subprocess.run(
                argv, cwd=cwd or self.folder, env=environ, capture_output=True, text=True, pass_fds=[theirs],
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        finally:
            os.close(theirs)
        assert b"" == os.read(ours, 1)  # everybody who had the other end is gone
        os.close(ours)
        assert not check or 0 == done.returncode, done
        return done

    def git(self, *argv, **options):
        return self.run("git", *argv, **options).stdout.strip()

    def alma(self, *argv, check=True, cwd=None, **environ):
        """Run `alma` in this process, and return how it ended."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.chdir(cwd or self.folder)
            for name, value in environ.items():
                patch.setenv(name, value)
            code = main(argv)
        done = subprocess.CompletedProcess(argv, code, out.getvalue(), err.getvalue())
        assert not check or 0 == code, done
        return done

    def commit(self, message, **options):
        self.git("commit", "-q", "--allow-empty", "-m", message, **options)

    def outcomes(self):
        lines = map(json.loads, self.alma("export").stdout.splitlines())
        return sorted((line["task"], line["outcome"]) for line in lines if line["kind"] == "outcome")

    def has_learned(self, expected):
        """Whether these are the outcomes, soon: what pre-commit calls closes the pipe by which `run` waits for it."""
        return any(expected == self.outcomes() for _ in range(1000))

    def hooks(self):
        return self.folder / self.git("rev-parse", "--git-path", "hooks")

    def add_hook(self, name, text, mode=0o755):
        self.hooks().mkdir(exist_ok=True)
        path = self.hooks() / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def state(self):
        """Every byte, right and link of the hooks, and the configuration."""
        found = {"config": (self.folder / self.git("rev-parse", "--git-path", "config")).read_bytes()}
        hooks = self.hooks()
        if not hooks.exists():
            return found
        for path in sorted(hooks.rglob("*")):
            found[str(path)] = (
                os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None,
                path.lstat().st_mode,
            )
        return found


def work(repository):
    """Commit, merge and push, with an outcome in a commit, one in a merged commit, and a revert."""
    repository.commit("Start")
    repository.commit("Speed up\n\nAlma-Outcome: success")
    repository.git("switch", "-q", "-c", "side")
    repository.commit("Merge me\n\nAlma-Outcome: partial", check=True)
    repository.git("switch", "-q", "main")
    repository.commit("Cache it")
    repository.git("merge", "-q", "--no-edit", "side")
    bad = repository.git("rev-parse", "HEAD~1")
    repository.commit(f'Revert "Cache it"\n\nThis reverts commit {bad}.')
    repository.git("push", "-q", "origin", "main")


LEARNED = [("Cache it", "failure"), ("Merge me", "partial"), ("Speed up", "success")]
PRE_COMMIT = """repos:
- repo: local
  hooks:
  - id: mine
    name: mine
    entry: sh -c 'echo mine >>"$LOG"'
    language: system
    always_run: true
    pass_filenames: false
    stages: [pre-commit, post-commit, post-merge, pre-push]
"""
STAGES = [part for name in ("pre-commit", "post-commit", "post-merge", "pre-push") for part in ("--hook-type", name)]
