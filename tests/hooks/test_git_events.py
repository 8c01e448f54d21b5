"""What git's history teaches: a revert is a failure, a trailer is what it says, and a commit as such is nothing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from alma_cli import ALMA
from alma_cli.core.records import Outcome
from alma_cli.errors import InvalidInput
from alma_cli.hooks.git import answer_git
from alma_cli.project import find_project, make_project


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


def test_a_revert_by_reference_is_a_failure(commit, git, project, learned):
    (project / "prices").write_text("1")
    git("add", "prices")
    bad = commit("Cache the prices")
    git("-c", "revert.reference=true", "revert", "--no-edit", bad)
    assert [("Cache the prices", "failure")] == [(one.task, one.outcome) for one in learned(git("rev-parse", "HEAD"))]


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


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_the_trailers_are_no_part_of_the_strategy(ends, git, learned, project):
    text = ends.join(("Speed up", "", "Read in blocks.", " ", "Then write.", "", "Alma-Outcome: success - x", ""))
    (project / "message").write_bytes(text.encode())
    git("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-F", "message")
    (outcome,) = learned(git("rev-parse", "HEAD"))
    assert ("Speed up", "Read in blocks.\n\nThen write.", "x") == (outcome.task, outcome.strategy, outcome.feedback)


def test_what_hooks_noted_is_learned_in_order_and_once(commit, git, project, learned):
    first = commit("Speed up\n\nAlma-Outcome: success")
    git("commit", "-q", "--amend", "--allow-empty", "-m", "Speed up\n\nAlma-Outcome: failure")
    last = git("rev-parse", "HEAD")
    for name, text in (("commits.taken", f"{first}\n"), ("commits", f"{last}\n\n{last}\n"), ("commits.awaited", "")):
        (project / ".alma" / name).write_text(text)
    assert ["failure"] == [one.outcome for one in learned("")]
    assert ["commits.lock"] == sorted(path.name for path in (project / ".alma").glob("commits*"))


def test_what_git_refuses_is_told(commit, git, project, monkeypatch):
    id = commit("Speed up\n\nAlma-Outcome: success")
    monkeypatch.setenv("GIT_DIR", str(project / "none"))
    (told,) = answer_git(ALMA.find(), "post-commit", None, id)
    assert "not a git repository" in told


def test_a_remote_gets_what_was_learned_and_its_trouble_is_told(commit, project, configure, tmp_path):
    configure(f"alma:\n  project_id: shop\n  storage: file\n  file: {{path: {tmp_path / 'shared'}}}\n")
    assert [] == answer_git(ALMA.find(), "post-commit", None, commit("Speed up\n\nAlma-Outcome: success"))
    assert [path for path in (tmp_path / "shared").rglob("*") if path.is_file() and "Speed up" in path.read_text()]
    configure("alma:\n  project_id: shop\n  storage: file\n  file: {path: /dev/null/shared}\n")
    (told,) = answer_git(ALMA.find(), "pre-push", None, "")
    assert told.startswith("not synchronised: ")


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


def test_commits_that_git_does_not_know_are_refused(commit, run_alma):
    commit("Cache the prices")
    refused = run_alma("learn", "--from-git", "nonsense..HEAD")
    assert (2, "error: git knows no commits 'nonsense..HEAD' here") == (refused.code, refused.err.splitlines()[0])


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


def test_of_several_trailers_the_last_word_holds(commit, learned):
    trailers = "Alma-Outcome: success - first\nAlma-Outcome: failure - second\nAlma-Agent: helena\nAlma-Agent: victor"
    (outcome,) = learned(commit(f"Speed up\n\n{trailers}"))
    assert ("victor", "failure", "second") == (outcome.agent, outcome.outcome, outcome.feedback)


def test_an_outcome_that_is_no_trailer_as_in_a_squash_is_told(commit, project):
    id = commit("Both (#12)\n\n* One\n\nAlma-Outcome: success\n\n* Two\n\nCo-authored-by: A <a@b.c>")
    told = f"{id[:12]}: Alma-Outcome is no trailer there: it has to end the message"
    assert [told] == answer_git(ALMA.find(), "post-commit", None, id)
    assert [] == ALMA.find().memories()


@pytest.mark.parametrize(
    "setting", ["trailer.separators==", "i18n.logOutputEncoding=latin-1", "log.showSignature=true", "color.ui=always"]
)
def test_what_a_user_configures_for_git_changes_nothing_of_what_is_read(setting, commit, git, learned):
    git("config", *setting.split("=", 1))
    (outcome,) = learned(commit("Zähle\n\nAlma-Outcome: success - très vite"))
    assert ("Zähle", "très vite") == (outcome.task, outcome.feedback)


def test_a_commit_that_jujutsu_backs_out_failed(commit, learned):
    bad = commit("Cache the prices")
    (outcome,) = learned(commit(f'Back out "Cache the prices"\n\nThis backs out commit {bad}.'))
    assert ("failure", "Cache the prices") == (outcome.outcome, outcome.task)


@pytest.mark.slow
def test_a_git_that_lies_in_the_folder_worked_in_is_not_run(commit, learned, project, monkeypatch):
    id = commit("Speed up\n\nAlma-Outcome: success")
    (project / "git").write_text(f"#!/bin/sh\necho ran >>{project}/ran\n")
    (project / "git").chmod(0o755)
    for path in (f".:{os.environ['PATH']}", f":{os.environ['PATH']}"):
        monkeypatch.setenv("PATH", path)
        assert ["success"] == [one.outcome for one in learned(id)]
    assert not (project / "ran").exists()
