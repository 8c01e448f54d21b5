"""A project that is a repository, commits in it and what ALMA learns of them; repositories with hooks."""

import os
import subprocess
import sys

import pytest

from alma_cli import ALMA
from alma_cli.core.records import Outcome
from alma_cli.hooks.git import answer_git
from tests.hooks.repositories import PRE_COMMIT, Repository


@pytest.fixture
def git(project):
    """Run git in the project, which is a repository."""

    def run(*argv, **environ):
        base = {
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@b.c",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "c@d",
        }
        done = subprocess.run(
            ["git", *argv], cwd=project, env={**os.environ, **base, **environ}, capture_output=True, text=True
        )
        assert 0 == done.returncode, done.stderr
        return done.stdout.strip()

    run("init", "-q", "-b", "main")
    return run


@pytest.fixture
def commit(git):
    def make(message, **environ):
        git("commit", "-q", "--allow-empty", "-m", message, **environ)
        return git("rev-parse", "HEAD")

    return make


@pytest.fixture
def learned(project):
    """Let ALMA see commits; the outcomes it then has."""

    def see(commits, event="post-commit", agent=None):
        alma = ALMA.find()
        assert [] == answer_git(alma, event, agent, commits)
        return [record for record in reversed(alma.memories()) if isinstance(record, Outcome)]

    return see


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "repository")


@pytest.fixture
def pre_commit(repository, tmp_path):
    """pre-commit itself, installed in the repository for these hooks."""
    pytest.importorskip("pre_commit")
    (repository.folder / ".pre-commit-config.yaml").write_text(PRE_COMMIT)
    repository.git("add", ".pre-commit-config.yaml")

    def run(*argv, **options):
        environ = {"PRE_COMMIT_HOME": str(tmp_path / "cache")}
        return repository.run(sys.executable, "-m", "pre_commit", *argv, **environ, **options)

    return run
