"""Beside husky, lefthook and simple-git-hooks: each keeps ALMA's hooks in its own way, and every byte comes back."""

import json
import os
from pathlib import Path

import pytest

from alma_cli.hooks.events import GIT_EVENTS
from tests.hooks.repositories import LEARNED, PROGRAM, Repository, work

pytestmark = pytest.mark.slow

HUSKYS_H = """\
#!/usr/bin/env sh
n=$(basename "$0")
s=$(dirname "$(dirname "$0")")/$n
[ ! -f "$s" ] && exit 0
sh -e "$s" "$@"
c=$?
[ $c != 0 ] && echo "husky - $n script failed (code $c)"
exit $c
"""
LEFTHOOK = "pre-push:\n  commands:\n    test:\n      run: make test\npost-commit:\n  jobs: []\n"


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{Path(PROGRAM).parent}:{os.environ['PATH']}")
    return Repository(tmp_path / "shop")


def husky(repository):
    """What husky 9 does whenever packages are installed."""
    repository.git("config", "core.hooksPath", ".husky/_")
    folder = repository.folder / ".husky/_"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "h").write_text(HUSKYS_H)
    for event in ("pre-commit", *GIT_EVENTS):
        (folder / event).write_text('#!/usr/bin/env sh\n. "$(dirname "$0")/h"')
        (folder / event).chmod(0o755)


def state(repository):
    return {
        str(path): path.read_bytes()
        for path in repository.folder.rglob("*")
        if path.is_file() and ".alma" not in path.parts and not {"objects", "refs", "logs"} & {*path.parts}
    }


def check_and_remove(repository, before):
    assert "git: connected" in repository.alma("setup", "git", "--check").stderr
    assert "git: connected" in repository.alma("setup", "git", "--yes").stderr
    repository.alma("setup", "git", "--remove", "--yes")
    assert before == state(repository)


def test_huskys_own_hooks_run_and_ours_stay_when_it_makes_its_folder_anew(repository):
    husky(repository)
    own = repository.folder / ".husky"
    (own / "pre-commit").write_text('echo "husky ran" >>"$LOG"\n')
    (own / "pre-push").write_text('echo "pushed" >>"$LOG"\n')
    before = state(repository)
    repository.alma("setup", "git", "--yes")
    assert {"_", "pre-commit", *GIT_EVENTS} == {path.name for path in own.iterdir()}
    assert PROGRAM not in "".join((own / event).read_text() for event in GIT_EVENTS)
    check_and_remove(repository, before)
    repository.alma("setup", "git", "--yes")
    husky(repository)
    work(repository)
    assert LEARNED == repository.outcomes()
    assert ("husky ran" in repository.log.read_text(), "pushed" in repository.log.read_text()) == (True, True)


def test_hooks_that_lefthook_writes_are_asked_of_it_and_the_others_are_gits(repository):
    (repository.folder / "lefthook.yml").write_text(LEFTHOOK)
    before = state(repository)
    told = repository.alma("setup", "git", "--yes").stderr
    assert "once you run `lefthook install`" in told
    asked = (repository.folder / "lefthook-local.yml").read_text()
    assert ["post-commit:", "pre-push:"] == [line for line in asked.splitlines() if line[0] not in " #"]
    assert {"post-merge", "post-rewrite", "post-applypatch"} == {
        path.name for path in repository.hooks().iterdir() if path.suffix != ".sample"
    }
    assert PROGRAM not in asked
    check_and_remove(repository, before)


def test_hooks_that_git_does_not_ask_of_lefthook_yet_or_lefthook_not_of_alma_cannot_run(repository):
    (repository.folder / "lefthook.yml").write_text(LEFTHOOK)
    repository.alma("setup", "git", "--yes")
    told = repository.alma("doctor", check=False)
    assert "git doesn't call lefthook for post-commit yet" in told.stdout
    for event in ("post-commit", "pre-push"):
        repository.add_hook(event, "#!/bin/sh\nlefthook run\n")
    assert "ok\thost git" in repository.alma("doctor", check=False).stdout
    repository.git("add", "lefthook.yml", ".alma")
    repository.commit("Start")
    repository.git("worktree", "add", "-q", "../linked")
    told = repository.alma("doctor", check=False, cwd=repository.folder.parent / "linked")
    assert "lefthook calls no ALMA for post-commit here" in told.stdout


@pytest.mark.parametrize("name", ["lefthook-local.yml", ".lefthook-local.toml", "lefthook-local.json"])
def test_a_local_file_for_lefthook_of_somebodys_own_stays_and_is_read(repository, name):
    (repository.folder / ".lefthook.toml").write_text("[pre-push]\nparallel = true\n")
    (repository.folder / name).write_text("{}\n")
    before = state(repository)
    assert f"{name} is there already" in repository.alma("setup", "git", "--yes").stderr
    assert "{}\n" == (repository.folder / name).read_text()
    repository.alma("setup", "git", "--remove", "--yes")
    assert before == state(repository)


@pytest.mark.parametrize("name", ["lefthook.yml", "lefthook.toml"])
def test_a_configuration_of_lefthook_that_cannot_be_read_is_an_error(name, repository):
    (repository.folder / name).write_text("a: [\n")
    before = state(repository)
    told = repository.alma("setup", "git", "--yes", check=False)
    assert (1, True) == (told.returncode, f"{name} is not " in told.stderr)
    assert before == state(repository)


@pytest.mark.parametrize("kept", [None, ["commit-msg"]])
def test_simple_git_hooks_is_told_to_keep_ours(kept, repository):
    config = {"pre-commit": "make lint", "pre-push": "make test", **({"preserveUnused": kept} if kept else {})}
    package = repository.folder / "package.json"
    package.write_text(json.dumps({"name": "shop", "simple-git-hooks": config}, indent=4) + "\n")
    (repository.hooks() / "pre-push").write_text("#!/bin/sh\nmake test\n")
    before = state(repository)
    told = repository.alma("setup", "git", "--yes").stderr
    assert "simple-git-hooks writes pre-push itself" in told
    ours = [event for event in GIT_EVENTS if event != "pre-push"]
    assert [*(kept or []), *ours] == json.loads(package.read_text())["simple-git-hooks"]["preserveUnused"]
    repository.alma("setup", "git", "--yes")
    package.write_text(package.read_text().replace("shop", "store"))
    repository.alma("setup", "git", "--remove", "--yes")
    assert before | {str(package): before[str(package)].replace(b"shop", b"store")} == state(repository)


def test_simple_git_hooks_that_keeps_all_is_left_as_it_is(repository):
    text = '{"pre-commit": "make lint", "preserveUnused": true}'
    (repository.folder / "simple-git-hooks.json").write_text(text)
    before = state(repository)
    repository.alma("setup", "git", "--yes")
    assert text == (repository.folder / "simple-git-hooks.json").read_text()
    check_and_remove(repository, before)


def test_a_configuration_of_simple_git_hooks_that_is_a_program_is_told_what_it_lacks(repository):
    path = repository.folder / ".simple-git-hooks.cjs"
    path.write_text('module.exports = {"pre-commit": "make lint"}\n')
    told = repository.alma("install", "git").stderr
    assert f"simple-git-hooks removes hooks that {path} doesn't name: add `preserveUnused: ['post-commit'" in told
    path.write_text('module.exports = {"pre-commit": "make lint", preserveUnused: true}\n')
    assert "simple-git-hooks" not in repository.alma("install", "git").stderr


def test_where_jujutsu_makes_the_commits_it_is_told_that_it_runs_no_hooks(repository):
    (repository.folder / ".jj").mkdir()
    assert "Jujutsu runs none of git's hooks" in repository.alma("install", "git").stderr


@pytest.mark.parametrize("path", ["githooks", None])
def test_in_a_plain_repository_and_with_a_folder_of_its_own_all_is_as_before(path, repository):
    if path:
        repository.git("config", "core.hooksPath", path)
    repository.add_hook("post-commit", '#!/bin/sh\necho "own" >>"$LOG"\n')
    before = state(repository)
    repository.alma("setup", "git", "--yes")
    check_and_remove(repository, before)
    repository.alma("setup", "git", "--yes")
    repository.commit("Speed up\n\nAlma-Outcome: success")
    assert ("own\n", [("Speed up", "success")]) == (repository.log.read_text(), repository.outcomes())


def test_what_its_owner_wrote_anew_is_told(repository):
    (repository.folder / "lefthook.yml").write_text(LEFTHOOK)
    repository.alma("setup", "git", "--yes")
    (repository.folder / "lefthook-local.yml").write_text("{}\n")
    (repository.hooks() / "post-merge").write_text("#!/bin/sh\n")
    told = repository.alma("doctor", check=False).stdout
    assert "FAILED\thost git\tALMA's part is gone from" in told
    assert ("lefthook-local.yml" in told, "post-merge" in told) == (True, True)
