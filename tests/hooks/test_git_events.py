"""What a git hook sets going: it learns from the commits that it names or noted, folds and synchronises."""

import pytest

from alma_cli import ALMA
from alma_cli.errors import InvalidInput
from alma_cli.hooks.git import answer_git


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


def test_what_hooks_noted_is_learned_in_order_and_once(commit, git, project, learned):
    first = commit("Speed up\n\nAlma-Outcome: success")
    git("commit", "-q", "--amend", "--allow-empty", "-m", "Speed up\n\nAlma-Outcome: failure")
    last = git("rev-parse", "HEAD")
    for name, text in (("commits.taken", f"{first}\n"), ("commits", f"{last}\n\n{last}\n"), ("commits.awaited", "")):
        (project / ".alma" / name).write_text(text)
    assert ["failure"] == [one.outcome for one in learned("")]
    assert ["commits.lock"] == sorted(path.name for path in (project / ".alma").glob("commits*"))


def test_a_remote_gets_what_was_learned_and_its_trouble_is_told(commit, project, configure, tmp_path):
    configure(f"alma:\n  project_id: shop\n  storage: file\n  file: {{path: {tmp_path / 'shared'}}}\n")
    assert [] == answer_git(ALMA.find(), "post-commit", None, commit("Speed up\n\nAlma-Outcome: success"))
    assert [path for path in (tmp_path / "shared").rglob("*") if path.is_file() and "Speed up" in path.read_text()]
    configure("alma:\n  project_id: shop\n  storage: file\n  file: {path: /dev/null/shared}\n")
    (told,) = answer_git(ALMA.find(), "pre-push", None, "")
    assert told.startswith("not synchronised: ")


def test_what_is_not_learned_is_told_with_the_remedy(scoped_project, commit):
    told = commit("Cache it\n\nAlma-Outcome: success")
    assert ["no agent given (name one with --agent NAME (helena, victor), or set ALMA_AGENT)"] == answer_git(
        ALMA.find(), "post-commit", None, told
    )


def test_an_approach_that_is_known_to_be_bad_is_learned_and_no_trouble_of_the_hook(git, commit):
    alma = ALMA.from_config()
    words = {"when": "a menu is hidden", "do": "raise the z-index"}
    for number in range(3):
        alma.learn("me", f"t{number}", "failure", "z", **words)
    id = commit("Raise it\n\nAlma-Outcome: failed; when a menu is hidden; do raise the z-index\n")
    assert [] == answer_git(alma, "post-commit", "me", id)
    assert 4 == alma.memories(kinds=["anti_pattern"])[0].occurrences
