"""What git's history teaches: a revert is a failure, a trailer is what it says, and a commit as such is nothing."""

import os

import pytest

from alma_cli import ALMA
from alma_cli.hooks.git import answer_git
from tests.hooks.repositories import REVERTS


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


@pytest.mark.parametrize("trailer", ["great", "successor", "ok", "no failure"])
def test_a_trailer_that_says_something_else_teaches_nothing_and_is_told(trailer, commit, project):
    id = commit(f"Speed up\n\nAlma-Outcome: {trailer}\nSigned-off-by: A <a@b.c>")
    told = f"{id[:12]}: Alma-Outcome is none of success, failure, partial: {trailer}"
    assert [told] == answer_git(ALMA.find(), "post-commit", None, id)
    assert [] == ALMA.find().memories()


@pytest.mark.parametrize(
    ("line", "result"),
    [
        ("Alma-Outcome: failed - on CI", "failure"),
        ("alma-outcome : Successful - on CI", "success"),
        ("ALMA-OUTCOME:succeeded; on CI", "success"),
        ("Alma-Outcome: partially - on CI", "partial"),
    ],
)
def test_a_trailer_is_read_in_the_forms_that_people_write(line, result, commit, learned):
    (outcome,) = learned(commit(f"Speed up\n\nRead in blocks.\n\n{line}"))
    assert (result, "Read in blocks.", "on CI") == (outcome.outcome, outcome.strategy, outcome.feedback)


def test_a_commit_from_the_future_happened_now_at_the_latest(commit, learned):
    (outcome,) = learned(commit("Speed up\n\nAlma-Outcome: success", GIT_COMMITTER_DATE="2098-01-01T00:00:00Z"))
    assert outcome.at.year < 2098


def test_a_revert_by_reference_is_a_failure(commit, git, project, learned):
    (project / "prices").write_text("1")
    git("add", "prices")
    bad = commit("Cache the prices")
    git("-c", "revert.reference=true", "revert", "--no-edit", bad)
    assert [("Cache the prices", "failure")] == [(one.task, one.outcome) for one in learned(git("rev-parse", "HEAD"))]


@pytest.mark.parametrize("message", REVERTS)
def test_a_revert_in_the_words_of_other_programs_and_of_people_is_a_failure(message, commit, learned):
    one, other = commit("Cache the prices"), commit("Cache the names")
    named = {"one": one[:12], "other": other[:12]}
    expected = {"Cache the prices"} | ({"Cache the names"} if "{other}" in message else set())
    found = learned(commit(message.format(**named)))
    assert (expected, len(expected)) == ({each.task for each in found}, len(found))
    assert {"failure"} == {each.outcome for each in found}


@pytest.mark.parametrize("message", ['Revert "added prices"', "Reverted 3 of them", "A fix\n\nRefs: {one}"])
def test_what_only_sounds_like_a_revert_takes_nothing_back(message, commit, git, learned):
    one = commit("Cache the prices")
    git("tag", "added")
    assert [] == learned(commit(message.format(one=one)))


@pytest.mark.parametrize("reason", ["Reason for revert: stale prices", "Reason for revert: <INSERT REASONING HERE>"])
def test_what_a_revert_quotes_of_the_other_commit_is_no_reason(reason, commit, learned):
    one = commit("Cache the prices")
    quoted = "Original change's description:\n> Cache the prices\n>\n> Alma-Outcome: success"
    (found,) = learned(commit(f'Revert "Cache"\n\nThis reverts commit {one}.\n\n{reason}\n\n{quoted}'))
    assert ("stale" in reason) == found.error.endswith(": Reason for revert: stale prices")
    assert "description" not in found.error
    assert "INSERT" not in found.error


@pytest.mark.parametrize(
    ("merged", "reverted", "expected"),
    [
        ("Cache prices (#12)", "Reverts acme/shop#12", ["Cache prices (#12)"]),
        ("Cache (#1)\n\nSee merge request acme/shop!12", "This reverts merge request !12", ["Cache (#1)"]),
        ("Cache prices (#121)", "Reverts acme/shop#12", []),
    ],
)
def test_a_revert_on_a_host_is_a_failure_of_the_request(merged, reverted, expected, commit, learned):
    commit(merged)
    commit("See (#12) for more")
    assert expected == [one.task for one in learned(commit(f'Revert "Cache"  (#13)\n\n{reverted}'))]


@pytest.mark.parametrize(
    ("remote", "named"),
    [
        ("git@github.com:acme/shop.git", "acme/shop#12"),
        ("https://github.com/me/Shop", "acme/shop#12"),
        ("https://gitlab.com/acme/web/shop.git", "acme/web/shop!12"),
        ("git@github.com:acme/shop.git", "#12"),
        ("/srv/mirrors/all.git", "acme/shop#12"),
        ("git@github.com:acme/shop.git", "other/repo#12"),
        ("ssh://git@example.com:22/acme/shop", "other/repo!12"),
    ],
)
def test_the_revert_of_another_repositorys_request_takes_back_none_of_ours(remote, named, git, commit, learned):
    git("remote", "add", "origin", remote)
    commit("Cache prices (#12)\n\nSee merge request acme/shop!12")
    found = learned(commit(f'Revert "Cache"\n\nReverts {named}'))
    assert ("other" not in named) == bool(found)


@pytest.mark.parametrize("merged", ["Cache prices (#12)", "Merge pull request #12 from acme/cache\n\nCache prices"])
def test_the_revert_of_a_request_is_known_by_the_title_that_it_quotes_once_the_repository_has_another_name(
    merged, git, commit, learned
):
    git("remote", "add", "origin", "git@github.com:acme/store.git")
    commit(merged)
    title = "Cache prices (#12)" if "(#12)" in merged else "Cache prices"
    assert learned(commit(f'Revert "{title}" (#13)\n\nReverts acme/shop#12'))


@pytest.mark.parametrize("host", [False, True])
def test_the_revert_of_a_merge_is_a_failure_of_what_it_brought(host, commit, git, project, learned):
    commit("Start")
    git("switch", "-q", "-c", "feat")
    (project / "one").write_text("1")
    git("add", "one")
    commit("One")
    commit("Two")
    git("switch", "-q", "main")
    git("merge", "-q", "--no-ff", "feat", "-m", "Merge pull request #7 from acme/feat")
    if host:
        commit('Revert "One and two"\n\nReverts acme/shop#7')
    else:
        git("revert", "-m", "1", "--no-edit", "HEAD")
    found = learned(git("rev-parse", "HEAD"))
    assert ["One", "Two"] == sorted(one.task for one in found)
    assert all(one.error.removeprefix("reverted by ").isalnum() for one in found)


def test_a_history_teaches_what_the_hooks_would_have_learned_and_each_once(commit, learned, git, run_alma, run_json):
    failed = commit("Cache the prices\n\nIn memory.")
    commit(f"Revert it\n\nThis reverts commit {failed}.\n\nStale prices on CI.")
    told = commit("Freeze the clock\n\nAlma-Outcome: success; when a test depends on the date; do freeze the clock")
    assert 1 == len(learned(told)), "as a hook did"
    shown = run_alma("learn", "--from-git", "HEAD", "--dry-run")
    revert, trailer = shown.out.splitlines()
    assert revert.startswith("failure\tme\tCache the prices\treverted by ")
    assert (0, "success\tme\tFreeze the clock\t") == (shown.code, trailer)
    assert 1 == run_json("stats")["data"]["total"], "a dry run records nothing"
    for recorded, known in ((1, 1), (0, 2)):
        data = run_json("learn", "--from-git", "HEAD")["data"]
        assert {"learned": recorded, "duplicates": known, "forgotten": 0, "refused": 0} == data
    assert {"Cache the prices", "Freeze the clock"} == {one.task for one in ALMA.find().memories()}


def test_the_line_of_a_cherry_pick_is_no_part_of_what_was_done(commit, git, learned):
    git("checkout", "-q", "-b", "topic")
    picked = commit(
        "Use test ids\n\nNames change.\n\nAlma-Outcome: success - green", GIT_AUTHOR_DATE="2026-01-31T12:00Z"
    )
    git("checkout", "-q", "-B", "main")
    git(
        "commit",
        "-q",
        "--amend",
        "--allow-empty",
        "-m",
        f"{git('log', '-1', '--format=%B')}\n(cherry picked from commit {picked})",
    )
    (outcome,) = learned(git("rev-parse", "HEAD"))
    assert ("success", "Names change.", "green") == (outcome.outcome, outcome.strategy, outcome.feedback)


@pytest.fixture
def others(git, tmp_path):
    """The repository of somebody else's work, which tells of a failure."""
    git("init", "-q", str(tmp_path / "other"))
    git("-C", str(tmp_path / "other"), "commit", "-q", "--allow-empty", "-m", "Work of others\n\nAlma-Outcome: failure")
    return tmp_path / "other"


_ASKED = ("learn", "--from-git", "HEAD", "--dry-run")


def test_a_shallow_clone_says_that_it_may_not_know_all(commit, git, project, run_alma):
    commit("Freeze the clock\n\nAlma-Outcome: success")
    assert "shallow" not in run_alma(*_ASKED).err
    (project / ".git/shallow").write_text(git("rev-parse", "HEAD") + "\n")
    assert "the clone is shallow: `git fetch --unshallow` brings what earlier commits tell" in run_alma(*_ASKED).err


def test_an_inherited_repository_is_not_the_one_that_a_project_learns_from(commit, others, run_alma, monkeypatch):
    commit("Freeze the clock\n\nAlma-Outcome: success")
    monkeypatch.setenv("GIT_DIR", str(others / ".git"))
    assert "success\tme\tFreeze the clock\t\n" == run_alma(*_ASKED).out
    assert str(others / ".git") == os.environ["GIT_DIR"]


def test_a_project_that_is_named_learns_from_its_own_repository(commit, others, project, run_alma, monkeypatch):
    commit("Freeze the clock\n\nAlma-Outcome: success")
    monkeypatch.chdir(others)
    assert "success\tme\tFreeze the clock\t\n" == run_alma(*_ASKED, "--dir", str(project)).out


def test_a_project_in_no_repository_learns_from_the_one_here(others, run_alma, monkeypatch):
    memory = str(others.parent / "memory")
    os.mkdir(memory)
    assert 0 == run_alma("init", "--dir", memory).code
    monkeypatch.chdir(others)
    assert "failure\tme\tWork of others\t\n" == run_alma(*_ASKED, "--dir", memory).out


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("fixup! Cache the prices", ""),
        ("squash! Cache the prices\n\nThe cache never ended.", ": The cache never ended."),
        ("fixup! fixup! Cache the prices", ""),
        ('End the cache\n\nIt never did.\n\nFixes: {id} ("Cache the prices")', ": End the cache"),
        ("End the cache\n\nFixes: {short}\nSigned-off-by: A <a@b.c>", ": End the cache"),
        ("End the cache\n\nfix commit {short}, which kept it for ever", ": End the cache"),
    ],
)
def test_what_a_later_commit_mends_worked_in_part(message, why, commit, learned, run_alma):
    mended = commit("Cache the prices\n\nIn memory.\n\nAlma-Agent: victor")
    fix = commit(message.format(id=mended, short=mended[:10]))
    assert [] == learned(f"{mended}..{fix}", event="post-merge"), "a hook sees work that isn't done yet"
    shown = run_alma("learn", "--from-git", "HEAD", "--dry-run").out
    assert f"partial\tvictor\tCache the prices\tmended by {fix[:12]}{why}\n" == shown
    assert 0 == run_alma("learn", "--from-git", "HEAD").code
    (outcome,) = ALMA.find().memories()
    assert ("partial", "In memory.", mended[:12]) == (outcome.outcome, outcome.strategy, outcome.labels["commit"])


def test_what_is_mended_often_counts_once(commit, run_json):
    commit("Cache the prices")
    for _ in range(3):
        commit("fixup! Cache the prices")
    for recorded, known in ((1, 2), (0, 3)):
        data = run_json("learn", "--from-git", "HEAD")["data"]
        assert (recorded, known) == (data["learned"], data["duplicates"])


@pytest.mark.parametrize(
    "message",
    [
        "fixup! What nobody did",
        "End the cache\n\nFixes: #12",
        "End the cache\n\nFixes: 1234567 rows that were wrong",
        "End the cache\n\nFixes deadbeef01",
        "Fix the prices\n\nThis fixes what was slow.",
    ],
)
def test_what_names_no_commit_mends_none(message, commit, run_alma):
    commit("Cache the prices")
    commit(message)
    finished = run_alma("learn", "--from-git", "HEAD", "--dry-run")
    assert (0, "", "would learn 0 outcomes, but for those that are known\n") == finished


@pytest.mark.slow
def test_outside_a_repository_the_next_step_is_named(project, run_alma):
    refused = run_alma("learn", "--from-git", "HEAD")
    hint = "hint: run it in the repository whose history is to be read\n"
    assert (1, True, True) == (refused.code, "not a git repository" in refused.err, refused.err.endswith(hint))


def test_a_range_without_commits_tells_nothing_and_is_no_error(commit, run_alma):
    """As in a job that reads what is new since the last one."""
    commit("Speed up\n\nAlma-Outcome: success")
    assert (0, "recorded 0 outcomes of 0 that the commits tell\n") == run_alma("learn", "--from-git", "HEAD..HEAD")[::2]
    assert 2 == run_alma("learn", "--from-git", "HEAD..nowhere").code


def test_commits_that_git_does_not_know_are_refused(commit, run_alma):
    commit("Cache the prices")
    refused = run_alma("learn", "--from-git", "nonsense..HEAD")
    assert (2, "error: git knows no commits 'nonsense..HEAD' here") == (refused.code, refused.err.splitlines()[0])


def test_an_outcome_that_is_no_trailer_as_in_a_squash_is_told(commit, project):
    id = commit("Both (#12)\n\n* One\n\nAlma-Outcome: success\n\n* Two\n\nCo-authored-by: A <a@b.c>")
    told = f"{id[:12]}: Alma-Outcome is no trailer there: it has to end the message"
    assert [told] == answer_git(ALMA.find(), "post-commit", None, id)
    assert [] == ALMA.find().memories()


@pytest.mark.parametrize(
    "message",
    [
        "Alma-Outcome: success",
        "One\n\n**Alma-Outcome:** success",
        "One\n\nAlma_Outcome: success",
        "One\n\nAlma-Outcome\uff1a success",
    ],
)
def test_an_outcome_that_git_reads_no_trailer_in_is_told(message, commit, project):
    id = commit(message)
    told = f"{id[:12]}: Alma-Outcome is no trailer there: it has to end the message"
    assert [told] == answer_git(ALMA.find(), "post-commit", None, id)


def test_comments_below_the_trailers_keep_them_out_of_the_strategy(commit, learned):
    (outcome,) = learned(commit("One\n\nIn blocks.\n\nAlma-Outcome: success\nChange-Id: I1\n\n# of the branch"))
    assert "In blocks." == outcome.strategy


def test_a_commit_that_jujutsu_backs_out_failed(commit, learned):
    bad = commit("Cache the prices")
    (outcome,) = learned(commit(f'Back out "Cache the prices"\n\nThis backs out commit {bad}.'))
    assert ("failure", "Cache the prices") == (outcome.outcome, outcome.task)
