"""What git's history teaches: a revert is a failure, a trailer is what it says, and a commit as such is nothing."""

import os
import subprocess

import pytest

from alma_cli import ALMA
from alma_cli.core.records import Outcome
from alma_cli.errors import InvalidInput
from alma_cli.hooks.git import answer_git, start_sync


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


def test_a_commit_as_such_teaches_nothing(commit, learned):
    assert [] == learned(commit("Cache the prices\n\nA success, and a failure: all in one."))


def test_a_revert_is_a_failure_of_what_it_reverts(commit, learned):
    bad = commit("Cache the prices\n\nKept in memory for an hour.\n\nSigned-off-by: A <a@b.c>")
    (outcome,) = learned(commit(f'Revert "Cache the prices"\n\nThis reverts commit {bad}.\n\nStale prices.'))
    assert ("failure", "Cache the prices", "Kept in memory for an hour.") == (
        outcome.outcome,
        outcome.task,
        outcome.strategy,
    )
    assert outcome.error.startswith("reverted by ")
    assert outcome.error.endswith(": Stale prices.")
    assert bad[:12] == outcome.labels["commit"]


def test_a_revert_of_a_revert_teaches_nothing(commit, git, learned):
    bad = commit("Cache the prices")
    reverted = commit(f'Revert "Cache the prices"\n\nThis reverts commit {bad}.')
    again = commit(f'Reapply "Cache the prices"\n\nThis reverts commit {reverted}.')
    assert [] == learned(again)


def test_a_revert_of_what_is_not_there_teaches_nothing(commit, learned):
    assert [] == learned(commit(f"Revert it\n\nThis reverts commit {'ab' * 20}."))


@pytest.mark.parametrize(
    ("trailer", "expected"),
    [
        ("success", ("success", "")),
        ("Failure: too slow", ("failure", "too slow")),
        ("partial - only on Linux", ("partial", "only on Linux")),
    ],
)
def test_a_trailer_is_what_it_says(trailer, expected, commit, learned):
    (outcome,) = learned(
        commit(f"Speed up the import\n\nRead in blocks.\n\nAlma-Outcome: {trailer}\nAlma-Agent: victor")
    )
    assert expected == (outcome.outcome, outcome.feedback)
    assert ("victor", "Speed up the import", "Read in blocks.") == (outcome.agent, outcome.task, outcome.strategy)


@pytest.mark.parametrize("trailer", ["great", "successful", "", "no failure"])
def test_a_trailer_that_says_something_else_teaches_nothing(trailer, commit, learned):
    assert [] == learned(commit(f"Speed up\n\nAlma-Outcome: {trailer}\nSigned-off-by: A <a@b.c>"))


def test_a_trailer_counts_once_even_when_the_commit_is_made_anew(commit, git, learned):
    first = commit("Speed up\n\nAlma-Outcome: success")
    assert 1 == len(learned(first))
    assert 1 == len(learned(first))
    git("commit", "-q", "--amend", "--no-edit", "--allow-empty", GIT_COMMITTER_DATE="2026-01-01T00:00:00Z")
    assert first != git("rev-parse", "HEAD")
    assert 1 == len(learned(git("rev-parse", "HEAD")))


def test_a_merge_teaches_what_it_brings(commit, git, learned):
    start = commit("Start")
    commit("One\n\nAlma-Outcome: success")
    two = commit("Two\n\nAlma-Outcome: failure")
    assert ["One", "Two"] == sorted(one.task for one in learned(f"{start}..{two}", event="post-merge"))


def test_a_push_teaches_nothing(commit, learned):
    assert [] == learned(commit("One\n\nAlma-Outcome: success"), event="pre-push")


@pytest.mark.parametrize("commits", ["HEAD", "--output=/etc/passwd", "a..b", "abc", f"{'a' * 40}..HEAD"])
def test_commits_are_named_by_their_ids_only(commits, learned):
    with pytest.raises(InvalidInput, match="whole ids"):
        learned(commits)


def test_an_unknown_commit_teaches_nothing(git, learned):
    assert [] == learned("ab" * 20)


def test_a_commit_from_the_future_happened_now_at_the_latest(commit, learned):
    (outcome,) = learned(commit("Speed up\n\nAlma-Outcome: success", GIT_COMMITTER_DATE="2098-01-01T00:00:00Z"))
    assert outcome.at.year < 2098


def test_what_an_agent_may_not_learn_is_told_and_the_rest_is_learned(scoped_project, git, commit):
    start = commit("Start")
    commit("Test the pay button\n\nAlma-Outcome: success\nAlma-Agent: helga")
    last = commit("Test the login form\n\nAlma-Outcome: success\nAlma-Agent: helena")
    alma = ALMA.find()
    (told,) = answer_git(alma, "post-merge", None, f"{start}..{last}")
    assert "helga" in told
    assert ["helena"] == [record.agent for record in alma.memories()]


def test_the_journal_is_folded_in(git, commit, project, run_alma):
    (project / ".alma/memory.duckdb").write_text("no database")
    run_alma("learn", "--agent", "me", "--task", "T", "--outcome", "success")
    (project / ".alma/memory.duckdb").unlink()
    assert 1 == len(list((project / ".alma/journal").glob("*.json*")))
    answer_git(ALMA.find(), "post-commit", None, commit("One"))
    assert [] == list((project / ".alma/journal").glob("*.json*"))


def test_nothing_is_synchronised_without_a_remote(project, configure):
    assert None is start_sync(ALMA.find())
    configure("alma:\n  project_id: shop\n  storage: azure\n")
    assert None is start_sync(ALMA.find())


def test_a_sync_with_a_remote_is_started_and_not_waited_for(project, configure, tmp_path):
    configure(f"alma:\n  project_id: shop\n  storage: file\n  file: {{path: {tmp_path / 'shared'}}}\n")
    process = start_sync(ALMA.find())
    assert "sync" in process.args
    assert os.getsid(process.pid) == process.pid  # what ends us doesn't end it
    process.wait()
