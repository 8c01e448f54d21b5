"""Git's hooks in real repositories: ours come, the others go on running, and uninstalling gives back every byte."""

import io
import json
import os
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from alma_cli.cli import main
from alma_cli.hooks.events import GIT_EVENTS
from alma_cli.project import make_project

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


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "repository")


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


STAGES = [part for name in ("pre-commit", "post-commit", "post-merge", "pre-push") for part in ("--hook-type", name)]


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


# What is started, and when


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


# Projects in subfolders


@pytest.mark.parametrize("language", [None, SH, PYTHON])
def test_several_projects_of_a_repository_learn_and_leave(language, repository):
    if language:
        repository.add_hook("post-commit", language)
    shutil.rmtree(repository.folder / ".alma")
    folders = [repository.folder / "packages/app", repository.folder / "packages/it's"]
    for folder in folders:
        folder.mkdir(parents=True)
        make_project(folder, "alma:\n  project_id: part\n")
    before = repository.state()
    repository.alma("install", "git", cwd=folders[0])
    one = repository.state()
    assert 1 == repository.alma("install", "git", "--check", cwd=folders[1], check=False).returncode
    repository.alma("install", "git", "--agent", "helena", cwd=folders[1])
    both = repository.state()
    assert 0 == repository.alma("install", "git", "--check", cwd=folders[0]).returncode
    repository.commit("Speed up\n\nAlma-Outcome: success", cwd=folders[0])
    for folder, agent in zip(folders, ("me", "helena"), strict=True):
        (found,) = map(json.loads, repository.alma("export", cwd=folder).stdout.splitlines())
        assert ("Speed up", agent) == (found["task"], found["agent"])
    repository.alma("uninstall", "git", cwd=folders[1])
    assert one == repository.state() != both
    repository.alma("uninstall", "git", cwd=folders[0])
    assert before == repository.state()


def test_pre_commits_configuration_at_the_top_serves_projects_in_subfolders(repository, pre_commit):
    folders = [repository.folder / "packages/app", repository.folder / "packages/web"]
    path = repository.folder / ".pre-commit-config.yaml"
    for folder in folders:
        folder.mkdir(parents=True)
        make_project(folder, "alma:\n  project_id: part\n")
        repository.alma("install", "pre-commit", cwd=folder)
    pre_commit("install", *STAGES)
    repository.git("add", ".pre-commit-config.yaml")
    environ = {"PATH": f"{Path(PROGRAM).parent}{os.pathsep}{os.environ['PATH']}"}
    repository.git("commit", "-q", "-m", "Speed up\n\nAlma-Outcome: success", **environ)
    for folder in folders:
        assert any("Speed up" in repository.alma("export", cwd=folder).stdout for _ in range(1000))
    for folder in folders:
        assert PRE_COMMIT != path.read_text()
        repository.alma("uninstall", "pre-commit", cwd=folder)
    assert PRE_COMMIT == path.read_text()


def test_a_linked_worktree_without_a_configuration_uses_that_of_the_main_one(repository, tmp_path):
    repository.commit("Start")
    repository.alma("install", "git")
    repository.git("worktree", "add", "-q", str(tmp_path / "linked"))
    repository.commit("In the other tree\n\nAlma-Outcome: success", cwd=tmp_path / "linked")
    assert [("In the other tree", "success")] == repository.outcomes()


def test_an_inherited_repository_is_not_the_one_that_is_written_to(repository, tmp_path):
    other = Repository(tmp_path / "other")
    before = other.state()
    environ = {"GIT_DIR": str(other.folder / ".git"), "GIT_WORK_TREE": str(other.folder), "GIT_INDEX_FILE": "x"}
    repository.alma("install", "git", **environ)
    assert before == other.state()
    assert (repository.hooks() / "post-commit").exists()


def test_the_block_of_an_older_version_is_replaced(repository):
    old = SH.replace("\n", "\n# >>> alma >>> `alma uninstall git` takes this out\n( old & )\n# <<< alma <<<\n", 1)
    path = repository.add_hook("post-commit", old)
    repository.alma("install", "git")
    assert (1, False) == (path.read_text().count(">>> alma >>>"), "( old & )" in path.read_text())
    repository.alma("uninstall", "git")
    assert SH == path.read_text()


def test_what_git_lfs_will_say_is_told(repository):
    lfs = '#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || exit 0\ngit lfs post-commit "$@"\n'
    assert "git lfs" not in repository.alma("install", "git", "--dry-run").stderr
    repository.add_hook("post-commit", lfs)
    assert "use `git lfs install --skip-repo`" in repository.alma("install", "git").stderr
