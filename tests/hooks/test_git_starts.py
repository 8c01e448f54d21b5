"""What git's hooks start, and when: one `alma` in the background, where there is something to teach."""

import os
import sys
from pathlib import Path

import pytest

from tests.hooks.repositories import PROGRAM, REVERTS


@pytest.fixture
def starts(repository, tmp_path):
    """The words of each alma that hooks started so far; nothing is learned."""
    log = tmp_path / "starts"
    log.touch()
    program = tmp_path / "started/alma"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >>{log}\nrm -f "$4/.alma/commits.awaited"\n')
    program.chmod(0o755)
    repository.alma("install", "git")
    for path in repository.hooks().iterdir():
        path.write_text(path.read_text().replace(PROGRAM, str(program)))

    def taken():
        lines, events = repository.folder / ".alma/commits", log.read_text().split("\n")[:-1]
        log.write_text("")
        noted = lines.read_text().split("\n")[:-1] if lines.exists() else []
        lines.unlink(missing_ok=True)
        return [line.split()[1] for line in events], noted

    return taken


def add_commits(repository, *messages, **options):
    for message in messages:
        (repository.folder / message[:9].replace("/", "")).write_text(message)
        repository.git("add", "--all", "--", ":!.alma")
        repository.commit(message, **options)


def test_a_commit_with_nothing_to_teach_starts_nothing(repository, starts):
    add_commits(repository, "One", "Two\n\nThis is a success, and reverts nothing.")
    assert ([], []) == starts()
    add_commits(repository, "Three\n\nAlma-Outcome: success")
    assert (["post-commit"], [repository.git("rev-parse", "HEAD")]) == starts()


def test_a_revert_starts_one_in_whatever_words_it_is_written(repository, starts):
    add_commits(repository, "One", "Two")
    one, other = (repository.git("rev-parse", "--short=12", commit) for commit in ("HEAD", "HEAD^"))
    for message in REVERTS:
        repository.commit(message.format(one=one, other=other))
        assert (["post-commit"], [repository.git("rev-parse", "HEAD")]) == starts(), message


@pytest.mark.parametrize("backend", ["--merge", "--apply", "--interactive"])
def test_a_rebase_starts_one_at_its_end(backend, repository, starts):
    add_commits(repository, "Start")
    repository.git("branch", "other")
    add_commits(repository, "One\n\nAlma-Outcome: success", "Two\n\nAlma-Outcome: failure", "Three")
    before = repository.git("rev-parse", "HEAD")
    repository.git("switch", "-q", "other")
    add_commits(repository, "Elsewhere")
    repository.git("switch", "-q", "main")
    starts()
    olds = repository.git("rev-list", "--reverse", "HEAD", "-3").split()
    repository.git("rebase", "-q", backend, "other", GIT_SEQUENCE_EDITOR=":")
    news = repository.git("rev-list", "--reverse", "HEAD", "-3").split()
    pairs = [f"{old}...{new}" for old, new in zip(olds, news, strict=True)]
    assert (["post-rewrite"], [f"{before}..{news[-1]}", *pairs]) == starts()


def test_an_amend_takes_back_what_its_commit_no_longer_tells(repository):
    repository.alma("install", "git")
    repository.commit("One\n\nAlma-Outcome: success")
    assert [("One", "success")] == repository.outcomes()
    for message, expected in (
        ("One", []),
        ("One again\n\nAlma-Outcome: failure", [("One again", "failure")]),
        ("One\n\nAlma-Outcome: partial", [("One", "partial")]),
        ("One", []),
    ):
        repository.git("commit", "-q", "--amend", "--allow-empty", "-m", message)
        assert expected == repository.outcomes()


def test_an_amend_of_a_commit_that_never_taught_starts_nothing(repository, starts):
    add_commits(repository, "One\n\nAlma-Outcome: success", "Two")
    starts()
    repository.git("commit", "-q", "--amend", "-m", "Three")
    assert ([], []) == starts()


EDITORS = {
    "reword": ("sed -i s/^pick/reword/", "sed -i /^Alma-Outcome/d"),
    "edit": ("sed -i s/^pick/edit/", ":"),
    "squash": ("sed -i 2,9s/^pick/squash/", ":"),
    "fixup": ("sed -i 2,9s/^pick/fixup/", ":"),
    "drop": ("sed -i 1d", ":"),
}


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("reword", []),
        ("edit", [("Two", "failure")]),
        ("squash", [("One", "failure")]),
        ("fixup", [("One", "success"), ("Two", "failure")]),
        ("drop", [("One", "success"), ("Two", "failure")]),
    ],
)
def test_a_rebase_takes_back_what_is_reworded_away_only(how, expected, repository):
    repository.alma("install", "git")
    for second, message in enumerate(("Start", "One\n\nAlma-Outcome: success", "Two\n\nAlma-Outcome: failure")):
        add_commits(repository, message, GIT_AUTHOR_DATE=f"@{1_700_000_000 + second} +0000")
    assert [("One", "success"), ("Two", "failure")] == repository.outcomes()
    sequence, editor = EDITORS[how]
    repository.git("rebase", "-q", "-i", "HEAD~2", GIT_SEQUENCE_EDITOR=sequence, GIT_EDITOR=editor)
    if how == "edit":
        repository.git("commit", "-q", "--amend", "-m", "One")
        repository.git("rebase", "--continue", GIT_EDITOR=":")
        repository.git("rebase", "--continue", GIT_EDITOR=":")
    assert expected == repository.outcomes()


@pytest.mark.parametrize("command", ["cherry-pick", "revert --no-edit", "am"])
def test_a_range_starts_one_at_its_end(command, repository, starts):
    add_commits(repository, "Start", "One\n\nAlma-Outcome: success", "Two", "Three")
    words = [*command.split(), "HEAD~3..HEAD"]
    if command == "am":
        repository.git("format-patch", "-q", "-o", str(repository.folder.parent / "patches"), "HEAD~3")
        words = ["am", "-q", *sorted(str(path) for path in (repository.folder.parent / "patches").iterdir())]
    if command != "revert --no-edit":
        repository.git("branch", "side")
        repository.git("reset", "-q", "--hard", "HEAD~3")
        words = ["cherry-pick", "main..side"] if command == "cherry-pick" else words
    before = repository.git("rev-parse", "HEAD")
    starts()
    repository.git(*words)
    event = "post-applypatch" if command == "am" else "post-commit"
    events, waiting = starts()
    assert ([event], f"{before}..{repository.git('rev-parse', 'HEAD')}") == (events, waiting[-1])
    assert all(waiting), "what teaches was noted before, for the case that the range is given up"


def test_where_one_is_on_its_way_no_other_is_started(repository, starts):
    (repository.folder / ".alma/commits.awaited").touch()
    add_commits(repository, "One\n\nAlma-Outcome: success")
    assert ([], [repository.git("rev-parse", "HEAD")]) == starts()
    for time, subject in ((0, "Two"), (4e9, "Three")):  # it died long ago, or by a clock that was ahead
        (repository.folder / ".alma/commits.awaited").touch()
        os.utime(repository.folder / ".alma/commits.awaited", (time, time))
        add_commits(repository, f"{subject}\n\nAlma-Outcome: success")
        assert ["post-commit"] == starts()[0]


def test_a_plain_commit_starts_one_only_where_there_is_a_remote_and_no_python_of_the_repository_runs(repository):
    repository.alma("install", "git")
    shared = repository.folder.parent / "shared"
    for name in ("typer", "json", "yaml", "sitecustomize", "runpy", "numpy", "duckdb", "alma_cli"):
        (repository.folder / f"{name}.py").write_text(f"open({str(repository.folder / 'ran')!r}, 'w')\n")
    repository.git("add", "--all")
    repository.commit("One")
    assert not shared.exists()
    (repository.folder / ".alma/config.yaml").write_text(
        f"alma:\n  project_id: shop\n  storage: file\n  file: {{path: {shared}}}\n"
    )
    repository.commit("Two")
    assert shared.exists()
    (repository.folder / "alma_cli.py").unlink()
    repository.run(sys.executable, "-m", "alma_cli", "list")
    assert not (repository.folder / "ran").exists()


def test_a_sync_that_fails_is_in_the_log_of_hooks(repository):
    repository.alma("install", "git")
    (repository.folder / ".alma/config.yaml").write_text(
        "alma:\n  project_id: shop\n  storage: file\n  file: {path: /dev/null/shared}\n"
    )
    repository.commit("One")
    assert "not synchronised: " in (repository.folder / ".alma/log/hooks.log").read_text()


def test_an_alma_that_cannot_start_is_silent_and_the_next_is_tried(repository, tmp_path):
    broken = tmp_path / "broken/alma"
    broken.parent.mkdir()
    broken.write_text("#!/no/such/python\n")
    broken.chmod(0o755)
    repository.alma("install", "git")
    for path in repository.hooks().iterdir():
        path.write_text(path.read_text().replace(PROGRAM, str(broken)))
    message = "Speed up\n\nAlma-Outcome: success"
    done = repository.run("git", "commit", "-q", "--allow-empty", "-m", message, PATH="/usr/bin:/bin")
    assert ("", "", []) == (done.stdout, done.stderr, repository.outcomes())
    path = f"{Path(PROGRAM).parent}{os.pathsep}{os.environ['PATH']}"
    repository.git("commit", "-q", "--allow-empty", "-m", "Go on\n\nAlma-Outcome: success", PATH=path)
    assert [("Go on", "success"), ("Speed up", "success")] == repository.outcomes()  # what was noted isn't lost
