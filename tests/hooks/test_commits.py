"""Commits are read as they were written, whatever git is configured for and whatever stands in them."""

import os
import shutil

import pytest

from alma_cli import ALMA
from alma_cli.hooks.git import answer_git
from alma_cli.project import find_project, make_project


def test_in_a_repository_of_sha_256_a_revert_is_read_too(commit, git, learned, project):
    shutil.rmtree(project / ".git")
    git("init", "-q", "-b", "main", "--object-format=sha256")
    bad = commit("Cache the prices")
    (outcome,) = learned(commit(f'Revert "Cache the prices"\n\nThis reverts commit {bad}.'))
    assert (64, "failure", "Cache the prices") == (len(bad), outcome.outcome, outcome.task)


def test_what_a_repository_configures_for_git_is_not_run(commit, git, learned, project):
    program = project / "program.sh"
    program.write_text(f"#!/bin/sh\necho $0 >>{project}/ran\n")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "gpg.program", "core.pager", "diff.external", "core.editor", "core.sshCommand"):
        git("config", key, str(program))
    git("config", "log.showSignature", "true")
    git("config", "alias.log", f"!{program}")
    id = commit("Speed up\n\nAlma-Outcome: success")
    (project / "ran").unlink(missing_ok=True)  # by the git of the test
    assert ["success"] == [one.outcome for one in learned(id)]
    find_project(project)
    assert not (project / "ran").exists()


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_the_trailers_are_no_part_of_the_strategy(ends, git, learned, project):
    text = ends.join(("Speed up", "", "Read in blocks.", " ", "Then write.", "", "Alma-Outcome: success - x", ""))
    (project / "message").write_bytes(text.encode())
    git("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-F", "message")
    (outcome,) = learned(git("rev-parse", "HEAD"))
    assert ("Speed up", "Read in blocks.\n\nThen write.", "x") == (outcome.task, outcome.strategy, outcome.feedback)


def test_what_git_refuses_is_told(commit, git, project, monkeypatch):
    id = commit("Speed up\n\nAlma-Outcome: success")
    monkeypatch.setenv("GIT_DIR", str(project / "none"))
    (told,) = answer_git(ALMA.find(), "post-commit", None, id)
    assert "not a git repository" in told


def test_a_repository_of_another_encoding_is_read_in_its_own(git, project, learned):
    git("config", "i18n.commitEncoding", "latin-1")
    (project / "message").write_bytes("Zähle die Töne\n\nAlma-Outcome: success - très vite\n".encode("latin-1"))
    git("commit", "-q", "--allow-empty", "-F", "message")
    (outcome,) = learned(git("rev-parse", "HEAD"))
    assert ("Zähle die Töne", "très vite") == (outcome.task, outcome.feedback)


def test_control_characters_in_a_message_hide_no_commit(git, project, learned):
    start_and_end = "One \x01 two\n\nBody \x1e\x02\n\nAlma-Outcome: success - \x01fast"
    (project / "message").write_text(start_and_end)
    git("commit", "-q", "--allow-empty", "-F", "message")
    assert ["success"] == [one.outcome for one in learned(git("rev-parse", "HEAD"))]


@pytest.mark.parametrize("date", ["", " 99999999999999999999 +0000", " -99999 +0000", " soon"])
def test_a_commit_with_a_time_that_git_cannot_read_costs_no_other(date, commit, git, project, run_alma):
    """As importers of other histories left them."""
    commit("Speed up\n\nAlma-Outcome: success")
    made = f"tree {git('rev-parse', 'HEAD^{tree}')}\nparent {git('rev-parse', 'HEAD')}\nauthor A <a@b.c>{date}\n"
    (project / "commit").write_text(f"{made}committer A <a@b.c> 1700000000 +0000\n\nShip\n\nAlma-Outcome: failure\n")
    id = git("hash-object", "-t", "commit", "--literally", "-w", "commit")
    assert 0 == run_alma("learn", "--from-git", id).code
    told = {(one.task, one.outcome) for one in ALMA.find().memories()}
    assert {("Speed up", "success"), ("Ship", "failure")} == told


def test_commits_of_one_second_are_told_apart_whatever_stands_in_their_authors_address(commit, learned):
    dated = {"GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_AUTHOR_EMAIL": "a%H@b.c"}
    ids = [commit(f"Speed up {what}\n\nAlma-Outcome: success", **dated) for what in ("reading", "writing")]
    assert [1, 2] == [len(learned(id)) for id in ids]


def test_a_commit_that_a_partial_clone_lacks_is_not_fetched(git, project, tmp_path, monkeypatch, run_alma):
    for message in (f"Revert it\n\nThis reverts commit {'ab' * 20}.", "Speed up\n\nAlma-Outcome: success"):
        git("commit", "-q", "--allow-empty", "-m", message)
    git("config", "uploadpack.allowFilter", "true")
    git("clone", "-q", "--filter=tree:0", f"file://{project}", str(tmp_path / "clone"))
    asked = tmp_path / "upload-pack"
    asked.write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\nexit 1\n")
    asked.chmod(0o755)
    git("-C", str(tmp_path / "clone"), "config", "remote.origin.uploadpack", str(asked))
    make_project(tmp_path / "clone", "alma:\n  project_id: shop\n")
    monkeypatch.chdir(tmp_path / "clone")
    assert (0, "recorded 1 outcome of 1 that the commits tell\n") == run_alma("learn", "--from-git", "HEAD")[::2]
    assert not (tmp_path / "asked").exists()


def test_of_several_trailers_the_last_word_holds(commit, learned):
    trailers = "Alma-Outcome: success - first\nAlma-Outcome: failure - second\nAlma-Agent: helena\nAlma-Agent: victor"
    (outcome,) = learned(commit(f"Speed up\n\n{trailers}"))
    assert ("victor", "failure", "second") == (outcome.agent, outcome.outcome, outcome.feedback)


@pytest.mark.parametrize(
    "setting",
    [
        "trailer.separators==",
        "i18n.logOutputEncoding=latin-1",
        "log.showSignature=true",
        "color.ui=always",
        "trailer.Alma-Outcome.key=Result",
        "trailer.alma-outcome.key=Alma-Outcome= ",
    ],
)
def test_what_a_user_configures_for_git_changes_nothing_of_what_is_read(setting, commit, git, learned):
    git("config", *setting.split("=", 1))
    (outcome,) = learned(commit("Zähle\n\nAlma-Outcome: success - très vite"))
    assert ("Zähle", "très vite") == (outcome.task, outcome.feedback)


@pytest.mark.slow
def test_a_git_that_lies_in_the_folder_worked_in_is_not_run(commit, learned, project, monkeypatch):
    id = commit("Speed up\n\nAlma-Outcome: success")
    (project / "git").write_text(f"#!/bin/sh\necho ran >>{project}/ran\n")
    (project / "git").chmod(0o755)
    for path in (f".:{os.environ['PATH']}", f":{os.environ['PATH']}"):
        monkeypatch.setenv("PATH", path)
        assert ["success"] == [one.outcome for one in learned(id)]
    assert not (project / "ran").exists()
