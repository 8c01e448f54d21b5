"""What GitHub and pre-commit run of ours (`action.yml`, `.pre-commit-hooks.yaml`), run here as they say they do."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from alma_cli.hooks.install.pre_commit import pre_commit_hooks
from tests.hooks.repositories import PROGRAM, Repository

ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
GITHUBS_BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "repository")


def step_of(name):
    """The step of the action with this name."""
    (step,) = [step for step in ACTION["runs"]["steps"] if step["name"] == name]
    return step


@pytest.fixture
def act(repository, tmp_path):
    """Run the action's own step with these inputs, as GitHub would; its exit code, outputs and summary."""
    installed = tmp_path / "runner/alma/bin/alma"
    installed.parent.mkdir(parents=True)
    installed.symlink_to(PROGRAM)
    step = step_of("Run")

    def run(*, title="", **given):
        inputs = {name.replace("-", "_"): about.get("default", "") for name, about in ACTION["inputs"].items()} | given

        def value(match):
            return inputs[match[1].replace("-", "_")]

        environ = {name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", value, text) for name, text in step["env"].items()}
        assert "${{ github.event.pull_request.title || github.event.head_commit.message }}" == environ["TITLE"]
        environ["TITLE"] = title
        files = {name: tmp_path / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        done = repository.run(
            *GITHUBS_BASH, step["run"], check=False, RUNNER_TEMP=str(tmp_path / "runner"), **environ,
            **{name: str(file) for name, file in files.items()},
        )  # fmt: skip
        return done.returncode, *(file.read_text() for file in files.values()), done

    return run


def test_the_action_ends_as_the_command_does_and_learns_from_it(act, repository):
    code, output, summary, done = act(command="echo to stdout; echo broken >&2; exit 7", task="build the docs")
    assert (7, "exit-code=7\n", "to stdout\nbroken\n") == (code, output, done.stdout)
    assert [("build the docs", "failure")] == repository.outcomes()
    code, output, summary, done = act(command="true", task="build the docs")
    assert (0, "exit-code=0\n") == (code, output)
    assert "## ALMA\n\nNo rule is known that fits this work.\n" == summary
    assert [("build the docs", "failure"), ("build the docs", "success")] == repository.outcomes()


def test_the_task_is_the_title_of_the_pull_request_or_the_subject_of_the_commit(act, repository):
    act(command="true", title="Cache the embeddings")
    act(command="true", title="Wait for the button\n\nIt was too slow.")
    repository.commit("Freeze the clock\n\nSince it was February.")
    act(command="true")
    tasks = ["Cache the embeddings", "Wait for the button", "Freeze the clock"]
    assert tasks == [outcome["task"] for outcome in exported(repository)]
    assert [""] * 3 == [outcome["strategy"] for outcome in exported(repository)]


def test_the_summary_has_the_rules_that_fit_and_nothing_else(act, repository):
    words = ("--when", "a page is slow in a browser test", "--do", "wait for the element")
    for number in range(3):
        repository.alma("learn", "Fix the flaky login test", "--ok", f"Waited {number}", "--agent", "ci", *words)
    _, _, summary, _ = act(command="true", task="Fix the flaky login test", agent="ci")
    assert "wait for the element" in summary
    assert "Waited" not in summary
    assert "What happened before" not in summary


def test_the_action_synchronises_where_a_shared_copy_is_configured(act, repository, tmp_path):
    act(command="true", task="Build the docs")
    config = repository.folder / ".alma/config.yaml"
    config.write_text(f"{config.read_text().rstrip()}\n  storage: file\n  file: {{path: {tmp_path / 'shared'}}}\n")
    code, _, _, done = act(command="true", task="Build the wheel")
    assert 0 == code, done
    shared = "".join(path.read_text() for path in (tmp_path / "shared").rglob("*.json"))
    assert ("Build the docs" in shared, "Build the wheel" in shared) == (True, True), done
    (tmp_path / "gone").touch()
    config.write_text(config.read_text().replace("shared", "gone"))
    code, _, _, done = act(command="true", task="Build the image")
    assert (0, 2) == (code, done.stdout.count("::warning::ALMA could not synchronise")), done


def test_the_installation_is_kept_until_its_source_or_the_python_changes(repository, tmp_path):
    output = tmp_path / "output"

    def looked():
        output.write_text("")
        environ = {"GITHUB_ACTION_PATH": str(ROOT), "GITHUB_OUTPUT": str(output)}
        repository.run(*GITHUBS_BASH, step_of("Look for ALMA")["run"], **environ)
        return dict(line.split("=", 1) for line in output.read_text().splitlines())

    first = looked()
    assert ("", first["key"]) == (first["extra"], looked()["key"])
    assert re.fullmatch(r"[0-9a-f]{16}-[0-9a-f]{16}-", first["key"])
    config = repository.folder / ".alma/config.yaml"
    config.write_text(f"{config.read_text().rstrip()}\n  storage: azure\n")
    assert ("azure", first["key"] + "azure") == (looked()["extra"], looked()["key"])


def test_an_installation_that_was_kept_is_used_as_it_is(repository, tmp_path):
    kept = tmp_path / "runner/alma/bin/alma"
    kept.parent.mkdir(parents=True)
    kept.symlink_to(PROGRAM)
    environ = {"RUNNER_TEMP": str(tmp_path / "runner"), "GITHUB_ACTION_PATH": "/nowhere", "EXTRA": ""}
    repository.run(*GITHUBS_BASH, step_of("Install ALMA")["run"], **environ)
    assert kept.is_symlink()


def test_the_action_learns_from_a_report_and_for_an_agent(act, repository):
    report = '<testsuite><testcase classname="shop" name="prices"><failure message="3 != 4"/></testcase></testsuite>'
    code, _, _, done = act(
        command=f"mkdir out; echo '{report}' > 'out/my tests.xml'; false",
        junit="\n  none.xml\n\n  o*/my tests.xml\n",
        agent="ci",
        task="run the tests",
    )
    assert 1 == code, done
    assert "none.xml was not written by this run" in done.stdout
    assert [("run the tests", "failure")] == [one for one in repository.outcomes() if "prices" not in one[0]]
    assert ["failure"] == [outcome for task, outcome in repository.outcomes() if "prices" in task]
    assert '"agent": "ci"' in repository.alma("export").stdout


def exported(repository):
    lines = map(json.loads, repository.alma("export").stdout.splitlines())
    return [line for line in lines if line["kind"] == "outcome"]


def test_the_action_records_the_strategy_that_it_is_given_and_no_other(act, repository):
    hostile = "Cached it; $(touch pwned) `touch pwned` \"quoted\" -- 'and'"
    act(command="true", task="build the docs")
    act(command="true", task="build the docs", strategy=hostile)
    assert ["", hostile] == [outcome["strategy"] for outcome in exported(repository)]
    act(command="true", task="build the docs", when=f"where {hostile}", do=f"do {hostile}")
    last = exported(repository)[-1]
    assert ("", f"where {hostile}", f"do {hostile}") == tuple(last[key] for key in ("strategy", "when", "do"))
    assert not (repository.folder / "pwned").exists()


def test_the_action_sees_errors_on_stdout(act, repository):
    act(command="echo 'ValueError: no such price'; exit 1")
    assert ["exit status 1: ValueError: no such price"] == [outcome["error"] for outcome in exported(repository)]


def test_the_action_stops_at_the_first_command_that_fails(act):
    assert 1 == act(command="false\necho not reached")[0]
    assert 1 == act(command="false | cat")[0]


def test_the_action_makes_a_project_where_there_is_none(act, repository):
    (repository.folder / ".alma/config.yaml").unlink()
    code, _, _, done = act(command="true")
    assert 0 == code, done
    assert (repository.folder / ".alma/config.yaml").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder away")
def test_the_action_learns_in_a_container_where_the_workspace_is_the_runners(act, repository):
    (repository.folder / ".alma/config.yaml").unlink()
    for path in (repository.folder, *repository.folder.rglob("*")):
        os.chown(path, 12345, 12345, follow_symlinks=False)
    code, _, _, done = act(command="true", title=" \n", task="")
    assert 0 == code, done
    assert "not recorded" not in done.stderr + done.stdout
    listed = repository.alma("list", "--dir", str(repository.folder), "--json").stdout
    assert ["success"] == [one["outcome"] for one in json.loads(listed)["data"]["memories"]]


def test_the_action_uses_no_input_that_it_does_not_declare():
    used = set(re.findall(r"inputs\.([\w-]+)", (ROOT / "action.yml").read_text()))
    assert used == set(ACTION["inputs"])


def test_pre_commit_takes_the_manifest():
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert 0 == done.returncode, done


def test_the_manifest_has_the_hooks_that_are_installed():
    hooks = yaml.safe_load("\n".join(pre_commit_hooks({".": None})))
    described = {hook["id"]: {"language": "python", "description": hook["description"]} for hook in HOOKS}
    assert [hook | described[hook["id"]] for hook in hooks] == HOOKS


def run_hook(repository, stage):
    """Run the hook of this stage, as pre-commit does, with our program on the PATH."""
    (hook,) = [hook for hook in HOOKS if hook["stages"] == [stage]]
    path = f"{Path(PROGRAM).parent}{os.pathsep}{os.environ['PATH']}"
    return repository.run(hook["entry"], *hook["args"], PATH=path)


def test_the_hooks_learn_from_commits_and_merges_and_say_nothing(repository):
    repository.commit("Start")
    repository.commit("Speed up\n\nAlma-Outcome: success")
    done = run_hook(repository, "post-commit")
    assert ("", "") == (done.stdout, done.stderr)
    assert [("Speed up", "success")] == repository.outcomes()
    repository.git("switch", "-q", "-c", "side")
    repository.commit("Merge me\n\nAlma-Outcome: partial")
    repository.git("switch", "-q", "main")
    repository.commit("Go on")
    repository.git("merge", "-q", "--no-edit", "side")
    done = run_hook(repository, "post-merge")
    assert ("", "") == (done.stdout, done.stderr)
    assert [("Merge me", "partial"), ("Speed up", "success")] == repository.outcomes()


def test_the_hook_before_a_push_says_nothing_where_there_is_no_remote(repository):
    done = run_hook(repository, "pre-push")
    assert ("", "") == (done.stdout, done.stderr)
