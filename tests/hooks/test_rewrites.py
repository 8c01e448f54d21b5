"""What a commit told follows it when it is amended, rebased, reworded or joined with others."""

import subprocess
from pathlib import Path

import pytest

from alma_cli import ALMA
from alma_cli.hooks.git import answer_git
from alma_cli.project import make_project


def test_a_trailer_counts_once_even_when_the_commit_is_made_anew(commit, git, learned):
    first = commit("Speed up\n\nAlma-Outcome: success")
    assert 1 == len(learned(first))
    assert 1 == len(learned(first))
    git("commit", "-q", "--amend", "--no-edit", "--allow-empty", GIT_COMMITTER_DATE="2026-01-01T00:00:00Z")
    assert first != git("rev-parse", "HEAD")
    assert 1 == len(learned(git("rev-parse", "HEAD")))


def test_an_amended_outcome_replaces_the_earlier_one(commit, git, learned):
    assert 1 == len(learned(commit("Cache the totals\n\nAlma-Outcome: success - fast")))
    git("commit", "-q", "--amend", "--allow-empty", "-m", "Cache all totals\n\nAlma-Outcome: failure - stale")
    (outcome,) = learned(git("rev-parse", "HEAD"))
    assert ("Cache all totals", "failure", "stale") == (outcome.task, outcome.outcome, outcome.feedback)


SAID = "Cache the totals\n\nAlma-Outcome: success - fast"


@pytest.fixture
def amend(git):
    """Give the last commit another message; the note that a hook makes of it."""

    def make(message, *options):
        old = git("rev-parse", "HEAD")
        git("commit", "-q", "--amend", "--allow-empty", "-m", message, *options)
        return f"{old}...{git('rev-parse', 'HEAD')}"

    return make


def test_an_amend_that_takes_the_trailer_out_takes_the_outcome_back(commit, amend, learned, run_json):
    (outcome,) = learned(commit(SAID))
    assert [] == learned(amend("Cache the totals"), event="post-rewrite")
    assert ["forget", "insert"] == [row["action"] for row in run_json("log", outcome.id)["data"]["audit"]]
    assert run_json("undo", "--yes")["ok"]
    assert ["Cache the totals"] == [one.task for one in ALMA.find().memories()]


def test_an_amend_that_keeps_the_trailer_takes_nothing_back(commit, amend, learned):
    learned(commit(SAID))
    note = amend("Cache all totals\n\nAlma-Outcome: failure")
    learned(note.partition("...")[2])
    assert ["failure"] == [one.outcome for one in learned(note)]


def test_a_trailer_that_was_taken_out_is_learned_when_it_comes_again(commit, amend, learned, git):
    learned(commit(SAID))
    assert [] == learned(amend("Cache the totals"))
    for result in ("failure", "partial"):
        note = amend(f"Cache the totals\n\nAlma-Outcome: {result}")
        learned(note.partition("...")[2])
        assert [result] == [one.outcome for one in learned(note)]
    assert ["partial"] == [one.outcome for one in learned(git("rev-parse", "HEAD"))], "it counts once"
    assert [] == learned(amend("Cache the totals"))
    assert [] == learned(git("rev-parse", "HEAD"))


def test_what_somebody_forgot_does_not_come_back_by_a_rebase(commit, git, learned, run_alma):
    (outcome,) = learned(commit(SAID))
    assert 0 == run_alma("forget", outcome.id, "--yes").code
    old = git("rev-parse", "HEAD")
    git("commit", "-q", "--amend", "--no-edit", "--allow-empty", GIT_COMMITTER_DATE="2026-01-01T00:00:00Z")
    assert [] == learned(f"{old}...{git('rev-parse', 'HEAD')}")


@pytest.mark.parametrize("kept", ["Alma-Outcome: great", "Alma-Outcome: success\n\nAnd more text."])
def test_an_outcome_that_an_amended_message_still_names_in_some_form_stays(kept, commit, amend, project):
    id = commit(SAID)
    answer_git(ALMA.find(), "post-commit", None, id)
    answer_git(ALMA.find(), "post-rewrite", None, amend(f"Cache the totals\n\n{kept}"))
    assert ["success"] == [one.outcome for one in ALMA.find().memories()]


@pytest.mark.parametrize("options", [("--date=2026-01-01T00:00:00Z",), ("--author=B <b@b.c>",)])
def test_an_amend_of_author_or_date_counts_the_outcome_once(options, commit, amend, learned):
    learned(commit(SAID))
    note = amend("Cache all totals\n\nAlma-Outcome: success", *options)
    learned(note.partition("...")[2])
    assert ["Cache all totals"] == [one.task for one in learned(note)]


def test_an_outcome_that_is_given_to_another_agent_leaves_the_first(commit, amend, learned):
    learned(commit(f"{SAID}\nAlma-Agent: helena"))
    note = amend(f"{SAID}\nAlma-Agent: victor")
    learned(note.partition("...")[2])
    assert ["victor"] == [one.agent for one in learned(note)]


def test_what_an_amend_took_back_before_it_was_learned_is_not_learned(commit, amend, learned, project):
    first = commit(SAID)
    (project / ".alma/commits").write_text(f"{first}\n{amend('Cache the totals')}\n")
    assert [] == learned("")


def test_notes_that_are_read_again_after_a_kill_change_nothing(commit, amend, learned, project):
    lines = [commit(SAID), amend("Cache the totals")]
    for message in (SAID, "Again\n\nAlma-Outcome: partial"):
        note = amend(message)
        lines += [note.partition("...")[2], note]
    for _ in range(3):
        (project / ".alma/commits.taken").write_text("\n".join(lines))
        assert ["partial"] == [one.outcome for one in learned("")]


def test_commits_that_are_joined_keep_what_each_told(commit, git, project, learned):
    start = commit("Start")
    one = commit("One\n\nAlma-Outcome: failure - stale")
    two = commit("Two\n\nAlma-Outcome: success - fresh")
    learned(f"{start}..{two}")
    git("reset", "-q", "--soft", start)
    joined = commit("One and two")
    notes = f"{one}...{joined}\n{two}...{joined}"
    (project / ".alma/commits").write_text(notes)
    assert ["One", "Two"] == sorted(outcome.task for outcome in learned(""))


def test_commits_that_are_joined_count_what_the_one_still_tells_once(commit, git, project, learned):
    start = commit("Start")
    one = commit("One", GIT_AUTHOR_DATE="2026-01-01T00:00:00Z")
    two = commit("Two\n\nAlma-Outcome: success - fresh")
    learned(f"{start}..{two}")
    git("reset", "-q", "--soft", start)
    joined = commit("One\n\nTwo\n\nAlma-Outcome: success - fresh", GIT_AUTHOR_DATE="2026-01-01T00:00:00Z")
    (project / ".alma/commits").write_text(f"{start}..{joined}\n{one}...{joined}\n{two}...{joined}\n")
    assert ["One"] == [outcome.task for outcome in learned("")]


def test_an_outcome_that_others_learned_is_taken_back_everywhere_by_a_sync(commit, amend, configure, tmp_path, learned):
    configure(f"alma:\n  project_id: shop\n  storage: file\n  file: {{path: {tmp_path / 'shared'}}}\n")
    id = commit(SAID)
    learned(id)
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", ".", str(clone)], check=True)
    make_project(clone, Path(".alma/config.yaml").read_text())
    other = ALMA.find(directory=clone / ".alma")
    other.sync()
    assert ["Cache the totals"] == [one.task for one in other.memories()]
    learned(amend("Cache the totals"))
    other.sync()
    assert [] == other.memories()


def test_what_a_person_corrected_stays_when_the_same_message_comes_again(commit, git, learned, run_alma):
    (outcome,) = learned(commit("Cache the totals\n\nAlma-Outcome: success - fast"))
    assert 0 == run_alma("correct", outcome.id, "Cache every total").code
    git("commit", "-q", "--amend", "--no-edit", "--allow-empty", GIT_COMMITTER_DATE="2026-01-01T00:00:00Z")
    assert ["Cache every total"] == [one.task for one in learned(git("rev-parse", "HEAD"))]


SECOND = {"GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z"}


def test_commits_of_one_second_and_message_count_each_and_once_after_a_rebase(commit, git, learned):
    start = commit("Start")
    git("branch", "other")
    for _ in range(3):
        commit("Retry the upload\n\nAlma-Outcome: failure", **SECOND)
    last = git("rev-parse", "HEAD")
    assert 3 == len(learned(f"{start}..{last}", event="post-merge"))
    git("switch", "-q", "other")
    other = commit("Go on elsewhere")
    git("switch", "-q", "main")
    git("rebase", "-q", "other")
    assert last != git("rev-parse", "HEAD")
    assert 3 == len(learned(f"{other}..{git('rev-parse', 'HEAD')}", event="post-rewrite"))
