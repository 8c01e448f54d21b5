"""A hook never breaks its host: whatever the trouble, exit code 0, nothing on stdout, and the reason in the log."""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from alma_cli.store.inbox.lock import hold

PROMPT = {"session_id": "s1", "hook_event_name": "UserPromptSubmit", "prompt": "Fix the flaky login test"}


def wait_until(holds):
    """Wait until what a process that nobody waits for does is done."""
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)


PATIENT = ("--deadline", "60")
"""For what is not about time, however busy the machine is."""


@pytest.fixture
def hook(alma_process):
    """Run `alma hook EVENT` as a process; the payload is piped in as JSON, bytes as they are."""

    def run(event, payload=PROMPT, *flags, **options):
        given = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return alma_process("hook", event, *(flags or PATIENT), input=given, **options)

    return run


@pytest.fixture
def log(project):
    def lines():
        path = project / ".alma/log/hooks.log"
        return path.read_text("utf-8").splitlines() if path.exists() else []

    return lines


def silent(finished):
    return (0, b"", b"") == (finished.returncode, finished.stdout, finished.stderr)


def context(finished):
    assert (0, b"") == (finished.returncode, finished.stderr), finished
    return json.loads(finished.stdout)["hookSpecificOutput"]["additionalContext"] if finished.stdout else ""


def test_a_matching_prompt_is_answered_with_the_memory(hook, learn):
    id = learn("Fix the login test", agent="me", strategy="Wait for the button")
    finished = hook("user-prompt-submit")
    assert "UserPromptSubmit" == json.loads(finished.stdout)["hookSpecificOutput"]["hookEventName"]
    assert f'[{id[:8]}] "Fix the login test": "Wait for the button" worked' in context(finished)


def test_an_unrelated_prompt_is_answered_with_nothing(hook, learn, log):
    learn("Fix the login test", agent="me", strategy="Wait for the button")
    assert silent(hook("user-prompt-submit", PROMPT | {"prompt": "Bake a chocolate cake with cherries"}))
    assert [] == log()


@pytest.mark.parametrize("event", ["session-start", "user-prompt-submit", "post-tool-use-failure"])
def test_a_store_that_another_process_keeps_locked_delays_nobody(event, hook, learn, project, log):
    learn("Fix the login test", agent="me", strategy="Wait for the button")
    with hold(str(project / ".alma/lock"), shared=False, wait_s=5):
        finished = hook(event)  # it ends although the lock is never given
    assert silent(finished), finished
    if event in ("session-start", "user-prompt-submit"):
        assert "the store stayed busy" in log()[-1]


def test_what_is_learned_while_the_store_is_locked_is_kept(hook, learn, project, run_alma):
    learn("Fix the login test", agent="me", strategy="Wait for the button")
    hook("user-prompt-submit")
    with hold(str(project / ".alma/lock"), shared=False, wait_s=5):
        assert silent(hook("stop", {"session_id": "s1", "last_assistant_message": "Waited.\nAlma-Outcome: success"}))
        wait_until(lambda: list((project / ".alma/journal").glob("[0-9]*.json")))
    assert "Fix the flaky login test [success] - Waited." in run_alma("list").out


def test_a_stop_is_noted_and_learned_by_a_process_that_nobody_waits_for(hook, learn, project, run_alma, log):
    hook("user-prompt-submit")
    assert silent(
        hook("stop", {"session_id": "s1", "last_assistant_message": "Alma-Outcome: success"}, "--deadline", "0.1")
    )
    wait_until(lambda: "[success]" in run_alma("list").out)
    assert [] == log()


def test_under_any_deadline_every_event_is_noted(hook, project, run_alma):
    for number in range(3):
        hook("user-prompt-submit", PROMPT | {"prompt": f"Fix test {number}"}, "--deadline", "0.1")
        hook("stop", {"session_id": "s1", "last_assistant_message": "Alma-Outcome: success"}, "--deadline", "0.1")
    wait_until(lambda: 3 == run_alma("list").out.count("[success]"))


def test_a_check_is_noted_without_a_second_process(hook, project):
    assert silent(hook("post-tool-use", {"session_id": "s1", "tool_input": {"command": "pytest"}}))
    (folder,) = (project / ".alma/log/sessions").iterdir()
    assert [".event"] == [path.suffix for path in folder.iterdir()]


def test_a_disk_that_takes_no_more_delays_nobody(hook, learn, project):
    learn("Fix the login test", agent="me", strategy="Wait for the button")
    command = 'ulimit -f 0; exec "$0" -m alma_cli hook "$1" --deadline 60'
    for event, expected in (
        ("user-prompt-submit", b"Fix the login test"),
        ("stop", b""),
        ("session-start", b"Alma-Outcome"),
    ):
        finished = subprocess.run(
            ["bash", "-c", command, sys.executable, event], input=json.dumps(PROMPT).encode(), capture_output=True
        )
        assert (0, b"") == (finished.returncode, finished.stderr)
        assert expected in finished.stdout


@pytest.mark.skipif(os.geteuid() != 0 or not sys.platform.startswith("linux"), reason="needs root, to mount")
def test_a_full_disk_delays_nobody(tmp_path, alma_process):
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("may not mount here")
    try:
        assert 0 == alma_process("init", "--dir", folder).returncode
        with open(folder / "filler", "wb", buffering=0) as file, pytest.raises(OSError):
            while True:
                file.write(bytes(4096))
        for event in ("user-prompt-submit", "post-tool-use", "post-tool-use-failure", "stop"):
            assert silent(alma_process("hook", event, "--dir", folder, input=json.dumps(PROMPT).encode()))
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_broken_configuration_is_told_in_the_log_only(hook, configure, log):
    configure("alma: [")
    assert silent(hook("user-prompt-submit"))
    assert "config.yaml" in log()[-1]


def test_a_network_that_is_gone_makes_no_difference(hook, learn):
    learn("Fix the login test", agent="me", strategy="Wait for the button")
    environ = {"ALMA_STORAGE": "azure", "ALMA_AZURE_ENDPOINT": "https://127.0.0.1:9/"}
    assert "Fix the login test" in context(hook("user-prompt-submit", environ=environ))
    assert silent(hook("stop", environ=environ))


def test_a_closed_stdin_is_told_in_the_log_only(project, log):
    command = f'exec "{sys.executable}" -m alma_cli hook user-prompt-submit <&-'
    assert silent(subprocess.run(["sh", "-c", command], capture_output=True))
    assert "nothing on stdin" in log()[-1]


def test_a_closed_stdout_is_no_trouble(project, learn):
    learn("Fix the login test", agent="me", strategy="Wait for the button")
    command = f'exec "{sys.executable}" -m alma_cli hook user-prompt-submit >&-'
    assert silent(subprocess.run(["sh", "-c", command], input=json.dumps(PROMPT).encode(), capture_output=True))


def test_a_prompt_of_5_mb_is_answered_in_time(hook, learn, log):
    learn("Fix the login test", agent="me", strategy="Wait for the button")
    prompt = "Fix the flaky login test.\n" + "worker-1 | 10:00:00 INFO timed out\n" * 160_000
    finished = hook("user-prompt-submit", PROMPT | {"prompt": prompt})
    assert len(prompt) > 5_000_000
    assert "Fix the login test" in context(finished)
    assert [] == log()


def test_more_than_can_be_meant_is_refused(hook, log):
    assert silent(hook("user-prompt-submit", b" " + b"x" * (17 << 20)))
    assert "more than 16 MiB" in log()[-1]


@pytest.mark.parametrize("given", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"[" * 100_000, b'{"prompt": 7}'])
def test_what_is_no_event_is_told_in_the_log_only(given, hook, log):
    assert silent(hook("user-prompt-submit", given))
    assert 1 == len(log()) or given == b'{"prompt": 7}'


def test_a_stdin_that_never_ends_is_not_waited_for(project, log):
    ours, theirs = os.pipe()
    command = [sys.executable, "-m", "alma_cli", "hook", "user-prompt-submit", "--deadline", "0.5"]
    try:
        finished = subprocess.run(command, stdin=ours, capture_output=True)  # ends although stdin stays open
    finally:
        os.close(ours)
        os.close(theirs)
    assert silent(finished)
    assert "user-prompt-submit: not done within 0.5 s" in log()[-1]


@pytest.mark.parametrize("deadline", ["soon", "nan", "-1", ""])
def test_a_deadline_that_is_none_ends_well_too(deadline, hook):
    assert silent(hook("user-prompt-submit", PROMPT, "--deadline", deadline))


@pytest.mark.parametrize("argv", [["nonsense"], [], ["--wrong"], ["stop", "--nonsense"], ["stop", "a", "b", "c"]])
def test_whatever_it_is_called_with_the_exit_code_is_0(argv, alma_process):
    finished = alma_process("hook", *argv, input=b"{}")
    assert (0, b"") == (finished.returncode, finished.stdout)


def test_outside_of_a_project_nothing_happens(tmp_path, hook):
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    assert silent(hook("user-prompt-submit", cwd=outside))
    assert [] == list(outside.iterdir())


def test_the_sessions_folder_decides_which_project_it_is(tmp_path, hook, learn, project):
    learn("Fix the login test", agent="me", strategy="Wait for the button")
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    assert "Fix the login test" in context(hook("user-prompt-submit", PROMPT | {"cwd": str(project)}, cwd=outside))


@pytest.mark.parametrize("first", [("retrieve", "x"), ("status",), ("list",), ("hook", "session-start")])
def test_in_a_clone_that_has_only_the_configuration_nothing_else_is_for_git(first, project, alma_process):
    subprocess.run(["git", "init", "-q"], check=True, cwd=project)
    for name in os.listdir(project / ".alma"):
        if name != "config.yaml":
            path = project / ".alma" / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert 0 == alma_process(*first, input=b'{"session_id": "s1"}').returncode
    seen = subprocess.run(["git", "status", "--porcelain", "-uall"], cwd=project, capture_output=True, text=True).stdout
    assert {"?? .alma/config.yaml", "?? .alma/.gitignore"} >= set(seen.splitlines())


def test_wherever_the_agent_goes_a_session_is_of_the_project_in_which_it_began(tmp_path, hook, learn, project):
    learn("Fix the login test", agent="me", strategy="Wait for the button")
    inner = project / "packages/app/.alma"
    inner.mkdir(parents=True)
    (inner / "config.yaml").write_text("alma:\n  project_id: app\n")
    begun = {"CLAUDE_PROJECT_DIR": str(project)}
    gone = PROMPT | {"cwd": str(inner.parent)}
    assert "Fix the login test" in context(hook("user-prompt-submit", gone, cwd=inner.parent, environ=begun))
    assert ["config.yaml"] == os.listdir(inner), "nothing was noted there"
    began_elsewhere = {"CLAUDE_PROJECT_DIR": str(tmp_path)}
    now = PROMPT | {"cwd": str(project), "session_id": "s2"}
    assert "Fix the login test" in context(hook("user-prompt-submit", now, environ=began_elsewhere))


def test_a_relative_folder_in_the_environment_is_one_of_the_hooks_own_folder(hook, learn, project):
    learn("Fix the login test", agent="me", strategy="Wait for the button")
    (project / "part").mkdir()
    environ = {"ALMA_DIR": "."}
    assert "login" in context(hook("user-prompt-submit", PROMPT | {"cwd": str(project / "part")}, environ=environ))


def test_an_agent_that_is_not_known_is_told_in_the_log_only(scoped_project, hook, log):
    assert silent(hook("user-prompt-submit"))
    assert "no agent given" in log()[-1]
    assert silent(hook("user-prompt-submit", PROMPT, "--agent", "helga"))
    assert "there is no agent helga" in log()[-1]


def test_the_log_of_troubles_is_harmless_and_stays_small(project, log):
    from alma_cli.hooks.hook_log import note

    note("stop\x1b[31m", "first line\nsecond line " + "x" * 5000)
    assert "stop\\x1b[31m: first line second line" in log()[0]
    for _ in range(1000):
        note("stop", "x" * 600)
    assert sum(path.stat().st_size for path in (project / ".alma/log").iterdir()) < 600_000


def test_the_log_of_troubles_has_no_credentials(hook, log):
    secret = "gh" + "p_" + "a1" * 18
    assert silent(hook(secret))
    assert "unknown event: error: there is no event '[redacted: github token]'" in log()[0]
    assert secret not in log()[0]


def test_where_no_log_can_be_written_nothing_is_told(tmp_path, monkeypatch):
    from alma_cli.hooks.hook_log import note

    monkeypatch.chdir(tmp_path)
    note("stop", "why")
    assert [] == list(tmp_path.iterdir())


def test_the_doctor_tells_of_hooks_that_lately_had_trouble(project, run_alma, monkeypatch):
    from alma_cli.hooks.hook_log import note

    assert "FAILED" not in run_alma("doctor").out
    (project / ".alma/log").mkdir(exist_ok=True)
    (project / ".alma/log/hooks.log").write_text(
        "2026-01-01T00:00:00Z stop: long ago\n9999-01-01T00:00:00Z stop: by a clock that was ahead\n"
    )
    note("stop", "12 ms INFO memories searched: 1")
    assert 0 == run_alma("doctor").code
    note("user-prompt-submit", "not done within 2 s, or died")
    done = run_alma("doctor", "--json")
    assert 1 == done.code
    (check,) = [check for check in json.loads(done.out)["data"]["checks"] if check["name"] == "hooks"]
    assert "1 time in 7 days" in check["found"] and "not done within 2 s" in check["found"]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ([], "missing argument 'EVENT'"),
        (["frob"], "there is no event 'frob'"),
        (["session-start"], "nothing on stdin"),
        (["post-commit", "abc"], "commits are named by their whole ids"),
    ],
)
def test_who_types_a_hook_by_hand_is_told_and_the_log_is_not(typed, told, run_on_terminal, log, run_alma):
    finished = run_on_terminal("hook", *typed)
    assert (0, 1) == (finished.code, finished.out.count("\n"))
    assert told in finished.out
    assert [] == log()
