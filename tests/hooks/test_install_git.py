"""Git's hooks in real repositories: ours come, the others go on running, and uninstalling gives back every byte."""

import os
import shutil
from pathlib import Path

import pytest

from alma_cli.hooks.events import GIT_EVENTS
from alma_cli.project import make_project
from tests.hooks.repositories import FAILING, LEARNED, PRE_COMMIT, PROGRAM, PYTHON, SH, STAGES, Repository, work


def test_in_a_plain_repository_hooks_come_and_go(repository):
    before = repository.state()
    repository.run(PROGRAM, "install", "git")
    assert before != repository.state()
    work(repository)
    assert LEARNED == repository.outcomes()
    repository.run(PROGRAM, "uninstall", "git")
    assert before == repository.state()


@pytest.mark.parametrize("language", [SH, PYTHON, SH.replace("/bin/sh", "/usr/bin/env bash"), SH.partition("\n")[2]])
def test_hooks_of_others_go_on_running(language, repository):
    for name in ("pre-commit", "post-commit", "post-merge", "pre-push"):
        repository.add_hook(name, language)
    work(repository)
    ran = repository.log.read_text()
    before = repository.state()
    shutil.rmtree(repository.folder.parent / "repository-remote")
    repository.git("init", "-q", "--bare", str(repository.folder.parent / "repository-remote"))
    repository.git("checkout", "-q", "--orphan", "again")
    repository.git("branch", "-q", "-D", "main", "side")
    repository.git("checkout", "-q", "--orphan", "main")
    repository.log.write_text("")
    repository.alma("install", "git")
    assert before != repository.state()
    work(repository)
    assert len(ran.splitlines()) == len(repository.log.read_text().splitlines()) >= 8
    assert "refs/heads/main" in repository.log.read_text()  # what git gives pre-push on stdin reached it
    assert LEARNED == repository.outcomes()
    repository.alma("uninstall", "git")
    assert before == repository.state()


def test_a_hook_that_fails_still_stops_the_push(repository):
    repository.add_hook("pre-push", FAILING)
    repository.alma("install", "git")
    repository.commit("Start")
    assert 1 == repository.run("git", "push", "-q", "origin", "main", check=False).returncode
    assert "failing\n" == repository.log.read_text()


def test_a_linked_hook_is_kept_as_a_link(repository):
    (repository.folder / "scripts").mkdir()
    script = repository.folder / "scripts/hook.sh"
    script.write_text('#!/bin/sh\necho "linked $#" >>"$LOG"\n')
    script.chmod(0o755)
    (repository.hooks() / "post-commit").symlink_to("../../scripts/hook.sh")
    before = repository.state()
    repository.alma("install", "git")
    repository.commit("Speed up\n\nAlma-Outcome: success")
    assert "linked 0\n" == repository.log.read_text()
    assert script.read_text().endswith('>>"$LOG"\n')
    assert [("Speed up", "success")] == repository.outcomes()
    assert "nothing to change" in repository.alma("install", "git").stderr
    repository.alma("uninstall", "git")
    assert before == repository.state()


def test_a_hook_that_is_switched_off_stays_so(repository):
    repository.add_hook("post-commit", SH, mode=0o644)
    before = repository.state()
    repository.alma("install", "git")
    repository.commit("Speed up\n\nAlma-Outcome: success")
    assert "" == repository.log.read_text()
    assert [("Speed up", "success")] == repository.outcomes()
    repository.alma("uninstall", "git")
    assert before == repository.state()


def test_a_program_that_looks_at_its_own_name_is_left_alone(repository):
    path = repository.add_hook("pre-push", "#!/usr/bin/env ruby\ncase File.basename($0)\nend\n")
    told = repository.alma("install", "git").stderr
    assert f"{path} looks at its own name, so it was left as it is" in told
    assert "nothing to change" not in told


@pytest.mark.parametrize("hooks_path", ["githooks", "../shared-hooks", ".husky/_"])
def test_core_hookspath_is_respected(hooks_path, repository):
    repository.git("config", "core.hooksPath", hooks_path)
    (repository.folder / hooks_path).mkdir(parents=True)
    repository.add_hook("post-commit", SH)
    before, plain = repository.state(), sorted((repository.folder / ".git/hooks").iterdir())
    repository.alma("install", "git")
    work(repository)
    assert "sh post-commit" in repository.log.read_text()
    assert LEARNED == repository.outcomes()
    repository.alma("uninstall", "git")
    assert before == repository.state()
    assert plain == sorted((repository.folder / ".git/hooks").iterdir())


def test_a_hooks_folder_that_is_not_there_is_made_and_removed(repository):
    repository.git("config", "core.hooksPath", "not/there")
    before = repository.state()
    repository.alma("install", "git")
    repository.commit("Speed up\n\nAlma-Outcome: success")
    assert [("Speed up", "success")] == repository.outcomes()
    repository.alma("uninstall", "git")
    assert before == repository.state()
    assert not (repository.folder / "not").exists()


def test_a_hooks_folder_of_all_repositories_is_told_of(repository, tmp_path):
    (tmp_path / "all").mkdir()
    environ = {"GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig")}
    repository.git("config", "--global", "core.hooksPath", str(tmp_path / "all"), **environ)
    assert "serves all your repositories" in repository.alma("install", "git", **environ).stderr
    other = Repository(tmp_path / "other")
    shutil.rmtree(other.folder / ".alma")
    other.commit("Speed up\n\nAlma-Outcome: success", **environ)  # no project there: nothing happens
    assert not (other.folder / ".alma").exists()


def test_beside_pre_commit_both_run_and_every_byte_comes_back(repository, pre_commit):
    pre_commit("install", *STAGES)
    before = repository.state()
    repository.alma("install", "git")
    work(repository)
    assert repository.log.read_text().count("mine") >= 8
    assert repository.has_learned(LEARNED)
    repository.alma("uninstall", "git")
    assert before == repository.state()


def test_pre_commit_that_is_installed_later_calls_ours(repository, pre_commit):
    repository.alma("install", "git")
    pre_commit("install", *STAGES)
    assert "nothing to change" in repository.alma("install", "git").stderr
    work(repository)
    assert repository.has_learned(LEARNED)
    repository.alma("uninstall", "git")
    assert not [path for path in repository.hooks().iterdir() if ">>> alma" in path.read_text(errors="replace")]
    repository.commit("Still well")


def test_through_pre_commits_own_configuration(repository, pre_commit):
    repository.alma("install", "pre-commit")
    pre_commit("install", *STAGES)
    path = f"{Path(PROGRAM).parent}{os.pathsep}{os.environ['PATH']}"
    repository.git("add", ".pre-commit-config.yaml")
    repository.git("commit", "-q", "-m", "Speed up\n\nAlma-Outcome: success", PATH=path)
    assert "mine" in repository.log.read_text()
    assert repository.has_learned([("Speed up", "success")])
    repository.alma("uninstall", "pre-commit")
    assert PRE_COMMIT == (repository.folder / ".pre-commit-config.yaml").read_text()


def test_linked_worktrees_share_hooks_and_memory(repository, tmp_path):
    repository.commit("Start")
    repository.git("worktree", "add", "-q", str(tmp_path / "linked"))
    repository.git("add", "-f", ".alma/config.yaml")
    before = repository.state()
    repository.alma("install", "git", "--dir", str(repository.folder))
    (tmp_path / "linked/.alma").mkdir()
    shutil.copy(repository.folder / ".alma/config.yaml", tmp_path / "linked/.alma")
    repository.commit("In the other tree\n\nAlma-Outcome: success", cwd=tmp_path / "linked")
    assert [("In the other tree", "success")] == repository.outcomes()
    assert "nothing to change" in repository.alma("install", "git", cwd=tmp_path / "linked").stderr
    repository.alma("uninstall", "git", cwd=tmp_path / "linked")
    assert before == repository.state()


def test_after_a_range_that_was_given_up_commits_teach_again(repository):
    (repository.folder / "file").write_text("0")
    repository.git("add", "file")
    repository.commit("Start")
    repository.git("checkout", "-q", "-b", "topic")
    for content in "123":
        (repository.folder / "file").write_text(content)
        repository.git("commit", "-qam", content)
    repository.git("checkout", "-q", "main")
    repository.alma("install", "git")
    (repository.folder / "file").write_text("4")
    repository.git("commit", "-qam", "4")
    repository.git("cherry-pick", "main..topic", check=False)
    repository.git("reset", "-q", "--hard")
    assert (repository.folder / ".git/sequencer").is_dir(), "git leaves it"
    repository.commit("Wait\n\nAlma-Outcome: success")
    repository.commit("Plain")
    assert [("Wait", "success")] == repository.outcomes()


@pytest.mark.parametrize("is_linked", [False, True])
def test_hooks_beside_committed_ones_name_no_path_of_this_machine(repository, is_linked):
    committed = repository.folder / ".githooks"
    committed.mkdir()
    (committed / "pre-commit").write_text("#!/bin/sh\n")
    repository.git("add", ".githooks")
    if is_linked:
        shutil.rmtree(repository.folder / ".git/hooks")
        (repository.folder / ".git/hooks").symlink_to("../.githooks")
    else:
        repository.git("config", "core.hooksPath", ".githooks")
    repository.alma("install", "git")
    assert {*GIT_EVENTS, "pre-commit"} == {path.name for path in committed.iterdir()}
    assert not any(os.path.dirname(PROGRAM) in path.read_text() for path in committed.iterdir())
    repository.commit("Wait\n\nAlma-Outcome: success", PATH=f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}")
    assert [("Wait", "success")] == repository.outcomes()


def test_worktrees_beside_a_bare_repository_learn_for_the_project_of_the_folder_around_it(repository, tmp_path):
    repository.commit("Start")
    around = tmp_path / "around"
    around.mkdir()
    repository.git("clone", "-q", "--bare", str(repository.folder), str(around / ".bare"))
    (around / ".git").write_text("gitdir: ./.bare\n")
    repository.git("worktree", "add", "-q", str(around / "feature"), cwd=around)
    make_project(around, "alma:\n  project_id: around\n")
    assert 0 == repository.alma("install", "git", cwd=around / "feature").returncode
    repository.commit("In a worktree\n\nAlma-Outcome: success", cwd=around / "feature")
    assert "In a worktree [success]" in repository.alma("list", cwd=around).stdout
    repository.alma("uninstall", "git", cwd=around)
    assert [] == [path for path in (around / ".bare/hooks").iterdir() if path.suffix != ".sample"]


def test_a_submodule_has_hooks_of_its_own(repository, tmp_path):
    inner = Repository(tmp_path / "inner")
    inner.commit("Start")
    repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.folder), "part")
    part = repository.folder / "part"
    make_project(part, "alma:\n  project_id: part\n")
    outer = repository.state()
    repository.alma("install", "git", cwd=part)
    assert (repository.folder / ".git/modules/part/hooks/post-commit").exists()
    assert outer == repository.state()
    repository.commit("In the part\n\nAlma-Outcome: success", cwd=part)
    assert "In the part" in repository.alma("export", cwd=part).stdout
    repository.alma("uninstall", "git", cwd=part)
    assert not (repository.folder / ".git/modules/part/hooks/post-commit").exists()


def test_where_alma_is_gone_git_works_on(repository):
    repository.alma("install", "git", "--agent", "me")
    for path in repository.hooks().iterdir():
        if not path.name.endswith(".sample"):
            path.write_text(path.read_text().replace(PROGRAM, "/no/such/alma"))
    git_only = repository.folder.parent / "bin"
    git_only.mkdir()
    for name in ("git", "sh", "env", "basename"):
        (git_only / name).symlink_to(shutil.which(name))
    work_done = repository.run(
        "git", "commit", "-q", "--allow-empty", "-m", "T\n\nAlma-Outcome: success", PATH=str(git_only)
    )
    assert ("", "") == (work_done.stdout, work_done.stderr)
    assert [] == repository.outcomes()


def test_another_agent_and_path_are_put_in_the_place_of_the_old(repository):
    repository.add_hook("post-commit", SH)
    repository.add_hook("pre-push", PYTHON)
    before = repository.state()
    repository.alma("install", "git")
    first = repository.state()
    repository.alma("install", "git", "--agent", "helena")
    second = repository.state()
    assert first != second
    assert "--agent helena" in (repository.hooks() / "pre-push").read_text()
    repository.commit("Speed up\n\nAlma-Outcome: success")
    assert '"agent": "helena"' in repository.alma("export").stdout
    repository.alma("install", "git", "--agent", "helena")
    assert second == repository.state()
    repository.alma("uninstall", "git")
    assert before == repository.state()


def test_looking_changes_nothing(repository):
    before = repository.state()
    assert 1 == repository.alma("install", "git", "--check", check=False).returncode
    shown = repository.alma("install", "git", "--dry-run")
    assert "+# >>> alma >>>" in shown.stdout
    assert "would write" in shown.stderr
    assert before == repository.state()
    repository.alma("install", "git")
    installed = repository.state()
    assert 0 == repository.alma("install", "git", "--check").returncode
    assert 1 == repository.alma("uninstall", "git", "--check", check=False).returncode
    assert "-# >>> alma >>>" in repository.alma("uninstall", "git", "--dry-run").stdout
    assert installed == repository.state()


def test_a_copy_of_what_was_changed_is_kept(repository):
    repository.add_hook("post-commit", SH)
    repository.alma("install", "git")
    copies = (repository.folder / ".alma/backup/before-install").iterdir()
    assert [SH] == [path.read_text() for path in copies]


def test_outside_of_a_repository_it_is_an_error(tmp_path, project, run_alma):
    finished = run_alma("install", "git")
    assert 1 == finished.code
    assert "is in no git repository" in finished.err


def test_an_unknown_target_is_an_error_with_a_hint(project, run_alma):
    finished = run_alma("install", "gti")
    assert (2, True) == (finished.code, "did you mean `git`?" in finished.err)


def test_an_unknown_agent_is_an_error(scoped_project, run_alma):
    assert "there is no agent helga" in run_alma("install", "claude", "--agent", "helga").err


def test_a_repository_that_git_does_not_trust_is_told_in_gits_words(tmp_path):
    repository = Repository(tmp_path / "shop")
    done = repository.alma("install", "git", check=False, GIT_TEST_ASSUME_DIFFERENT_OWNER="1")
    assert 1 == done.returncode
    assert "error: git says: detected dubious ownership in repository at" in done.stderr
    assert f"hint: git config --global --add safe.directory {repository.folder}\n" in done.stderr
    (tmp_path / "elsewhere").mkdir()
    make_project(tmp_path / "elsewhere", "alma:\n  project_id: shop\n")
    done = repository.alma("install", "git", check=False, cwd=tmp_path / "elsewhere")
    assert "elsewhere is in no git repository\nhint: `git init` makes one\n" in done.stderr
    done = repository.alma("install", "git", check=False, PATH="/nowhere")
    assert "error: git can't be started\n" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_elses_is_told_in_gits_words(tmp_path):
    repository = Repository(tmp_path / "shop")
    for path in [repository.folder, *repository.folder.rglob("*")]:
        os.chown(path, 12345, 12345)
    done = repository.alma("install", "git", check=False)
    assert "detected dubious ownership" in done.stderr
    assert "safe.directory" in done.stderr


def test_what_is_made_has_the_rights_that_the_umask_leaves_and_what_is_there_keeps_its_own(tmp_path):
    repository = Repository(tmp_path / "shop")
    mine = repository.hooks() / "commit-msg"
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("#!/bin/sh\nexit 0\n")
    mine.chmod(0o700)
    before = os.umask(0o077)
    try:
        repository.alma("install", "git")
        repository.alma("install", "claude")
    finally:
        os.umask(before)
    made = [hook for hook in repository.hooks().iterdir() if b"alma" in hook.read_bytes()]
    assert len(made) > 1
    assert {0o700} == {hook.stat().st_mode & 0o777 for hook in made}
    assert 0o600 == (repository.folder / ".claude" / "settings.json").stat().st_mode & 0o777


@pytest.mark.parametrize("place", ["a hook", "attributes"])
def test_where_lfs_is_used_install_says_what_to_do(tmp_path, place):
    repository = Repository(tmp_path / "shop")
    assert "LFS" not in repository.alma("install", "git").stderr
    repository.alma("uninstall", "git")
    if place == "a hook":
        hook = repository.hooks() / "pre-push"
        hook.write_text('#!/bin/sh\ngit lfs pre-push "$@"\n')
        hook.chmod(0o755)
    else:
        (repository.folder / ".gitattributes").write_text("*.psd filter=lfs diff=lfs merge=lfs -text\n")
    for _ in range(2):
        told = repository.alma("install", "git").stderr
        assert "use `git lfs install --skip-repo`" in told
        assert "`git lfs update --force` would take ALMA's block out" in told


def test_doctor_knows_when_a_hook_was_written_over(tmp_path):
    repository = Repository(tmp_path / "shop")
    repository.alma("install", "git")
    assert "ok\thost git\tconnected\n" in repository.alma("doctor").stdout
    hook = repository.hooks() / "pre-push"
    hook.write_text('#!/bin/sh\ngit lfs pre-push "$@"\n')
    told = repository.alma("doctor", check=False)
    assert 1 == told.returncode
    assert f"FAILED\thost git\tALMA's part is gone from {hook}: somebody wrote over it\n" in told.stdout
    repository.alma("install", "git")
    assert 0 == repository.alma("doctor").returncode
    repository.alma("uninstall", "git")
    assert 0 == repository.alma("doctor").returncode
    assert '#!/bin/sh\ngit lfs pre-push "$@"\n' == hook.read_text()
    repository.alma("install", "git")
    for event in GIT_EVENTS:
        (repository.hooks() / event).write_text("#!/bin/sh\n")
    assert 1 == repository.alma("doctor", check=False).returncode
    assert "nothing to change" in repository.alma("uninstall", "git").stderr
    assert 0 == repository.alma("doctor").returncode
