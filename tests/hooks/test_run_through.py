"""`alma run`: the command behaves as without it, and what it taught is remembered."""

import hashlib
import os
import pty
import select
import signal
import subprocess
import sys

import pytest

from alma_cli.hooks.run import _passing_on

ALMA = [sys.executable, "-m", "alma_cli", "run", "--"]
SCRIPTS = {
    "output on both": "echo out; echo err >&2; exit 3",
    "a signal to itself": "echo before; kill -TERM $$; echo after",
    "killed": "kill -KILL $$",
    "aborted": "ulimit -c 0; kill -ABRT $$",
    "exit code 143 without a signal": "exit 143",
    "reads stdin": "cat; echo done >&2",
    "reads a part of stdin": "read line; echo $line",
    "no newline at the end": "printf out; printf err >&2",
    "bytes that are no text": r"printf '\377\000\033[31m'; printf '\377\000' >&2",
    "closes its streams": "exec >&- 2>&-; exit 4",
    "sees the same environment": "env -u _ -u SHLVL | sort; umask; pwd",
    "sees no terminal": "test -t 0; echo $?; test -t 1; echo $?; test -t 2; echo $?",
    "a job in the background": "(echo early; kill -0 $$) & wait; echo end >&2",
}


def both_ways(argv, **options):
    """How a command ends without `alma run`, and with it."""
    options = {"capture_output": True, "input": b"one\ntwo\n" * 1000, **options}
    return subprocess.run(argv, **options), subprocess.run([*ALMA, *argv], **options)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_command_behaves_as_without_alma(name, project):
    bare, run = both_ways(["sh", "-c", SCRIPTS[name]])
    assert (bare.returncode, bare.stdout, bare.stderr) == (run.returncode, run.stdout, run.stderr)


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_order_of_what_goes_to_one_place_is_kept(name, project):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "capture_output": False}
    bare, run = both_ways(["sh", "-c", SCRIPTS[name]], **options)
    assert (bare.returncode, bare.stdout) == (run.returncode, run.stdout)


def test_the_order_of_many_lines_is_kept(project):
    script = "i=0; while [ $i -lt 500 ]; do echo $i; echo $i >&2; i=$((i+1)); done"
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "capture_output": False}
    bare, run = both_ways(["sh", "-c", script], **options)
    assert bare.stdout == run.stdout
    assert 1000 == run.stdout.count(b"\n")


@pytest.mark.parametrize("stream", ["", ">&2"])
def test_100_mb_pass_through(stream, project):
    script = f"head -c 100000000 /dev/zero {stream}"
    process = subprocess.Popen(
        [*ALMA, "sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT if stream else None
    )
    digest, size = hashlib.sha256(), 0
    for part in iter(lambda: process.stdout.read1(1 << 20), b""):
        digest.update(part)
        size += len(part)
    process.stdout.close()
    assert (0, 100_000_000) == (process.wait(), size)
    assert hashlib.sha256(bytes(size)).digest() == digest.digest()


def test_what_nobody_reads_ends_the_command_as_without_alma(project):
    def ended(argv):
        process = subprocess.Popen(argv, stderr=subprocess.PIPE)
        process.stderr.read(10)
        process.stderr.close()
        return process.wait()

    command = ["sh", "-c", "exec yes >&2"]
    assert -signal.SIGPIPE == ended(command) == ended([*ALMA, *command])


def test_a_job_left_in_the_background_delays_nobody_and_keeps_its_stderr(project):
    ours, theirs = os.pipe()  # the job waits until we write
    script = f"(read go <&{ours}; echo late >&2) & echo end"
    process = subprocess.Popen(
        [*ALMA, "bash", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[ours]
    )
    assert 0 == process.wait()  # though the job still waits
    os.write(theirs, b"\n")
    assert (b"end\n", b"late\n") == (process.stdout.read(), process.stderr.read())
    for stream in (process.stdout, process.stderr):
        stream.close()
    os.close(ours)
    os.close(theirs)


WAITS_FOR_A_SIGNAL = """
import signal
signals = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGQUIT}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # what comes before the wait is kept for it
print("ready", flush=True)
print("got", signal.sigwait(signals).name)
raise SystemExit(9)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGQUIT])
def test_a_signal_reaches_the_command(number, project):
    process = subprocess.Popen(
        [*ALMA, sys.executable, "-c", WAITS_FOR_A_SIGNAL], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    assert b"ready\n" == process.stdout.readline()
    process.send_signal(number)
    assert (9, f"got {number.name}\n".encode()) == (process.wait(), process.stdout.read())
    process.stdout.close()
    process.stderr.close()


def test_a_signal_that_comes_before_the_command_is_known_reaches_it_too():
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    with _passing_on(theirs) as pass_to:
        os.kill(os.getpid(), signal.SIGUSR1)
        process = subprocess.Popen(["sleep", "60"])
        pass_to(process)
        assert -signal.SIGUSR1 == process.wait()
    os.close(ours)
    os.close(theirs)


def on_terminal(argv, typed=b"\x03"):
    """Start a command on a terminal of its own and type (Ctrl-C) once it is ready: how it ends, and what is seen."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(argv[0], argv)
    seen = b""
    while b"ready" not in seen and select.select([terminal], [], [], 60)[0]:
        seen += os.read(terminal, 1000)
    if typed:
        os.write(terminal, typed)
    try:
        while part := os.read(terminal, 1000):
            seen += part
    except OSError:
        pass
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), seen.replace(b"\r\n", b"\n")


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize(
    "script",
    ["echo ready; while :; do read x; done", "trap 'echo caught; exit 5' INT; echo ready; while :; do read x; done"],
)
def test_ctrl_c_is_the_commands(script, project, run_alma):
    bare = on_terminal(["/bin/bash", "-c", script])
    assert bare == on_terminal([*ALMA, "/bin/bash", "-c", script])
    assert bare in {(-signal.SIGINT, b"ready\n^C"), (5, b"ready\n^Ccaught\n")}


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_on_a_terminal_the_command_has_the_terminal(project):
    script = "test -t 0 && test -t 1 && test -t 2 && echo ready $(stty size < /dev/tty); kill -INT $$"
    bare = on_terminal(["/bin/bash", "-c", script], typed=b"")
    assert bare == on_terminal([*ALMA, "/bin/bash", "-c", script], typed=b"")
    assert (-signal.SIGINT, b"ready 0 0\n") == bare


@pytest.mark.parametrize(
    ("argv", "code", "told"),
    [
        (["no-such-command-here"], 127, "no-such-command-here: command not found"),
        (["./plain"], 126, "./plain: Permission denied"),
        (["./folder"], 126, "./folder: Permission denied"),
        (["./plain/below"], 126, "./plain/below: Not a directory"),
        ([""], 127, "command not found"),
        (["echo two words"], 127, "echo two words: command not found; its words are one name here"),
        (["./crlf"], 127, "./crlf: the interpreter that its first line names isn't there"),
    ],
)
def test_what_cannot_be_started_ends_as_in_a_shell(argv, code, told, project, run_alma):
    (project / "plain").touch()
    (project / "crlf").write_bytes(b"#!/bin/sh\r\nexit 0\r\n")
    (project / "crlf").chmod(0o755)
    (project / "folder").mkdir()
    run = subprocess.run([*ALMA, *argv], capture_output=True, text=True)
    assert (code, "") == (run.returncode, run.stdout)
    assert told in run.stderr
    assert 1 == run.stderr.count("\n")
    assert "" == run_alma("list").out


def test_a_script_that_names_no_interpreter_is_run_by_the_shell(project):
    (project / "script").write_text("echo ran $1\n")
    (project / "script").chmod(0o755)
    run = subprocess.run([*ALMA, "./script", "it"], capture_output=True)
    assert (0, b"ran it\n", b"") == (run.returncode, run.stdout, run.stderr)


@pytest.mark.parametrize("code", [0, 3])
def test_where_there_is_no_project_the_command_runs_all_the_same(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = subprocess.run([*ALMA, "sh", "-c", f"echo out; exit {code}"], capture_output=True, text=True)
    assert (code, "out\n") == (run.returncode, run.stdout)
    assert 1 == run.stderr.count("\n")
    assert "not recorded: no .alma/ in" in run.stderr


def test_a_store_that_cannot_be_written_changes_nothing(project):
    run = subprocess.run(
        ["bash", "-c", 'ulimit -f 0; exec "$0" -m alma_cli run -- sh -c "echo out; exit 7"', sys.executable],
        capture_output=True,
        text=True,
    )
    assert (7, "out\n", 1) == (run.returncode, run.stdout, run.stderr.count("\n"))
    assert "not recorded" in run.stderr


def test_a_script_without_an_interpreter_is_looked_for_on_the_path_and_not_in_the_folder(project, tmp_path):
    (found := tmp_path / "tools/deploy").parent.mkdir()
    found.write_text('echo "found $1"\n')
    found.chmod(0o755)
    (project / "deploy").write_text("echo planted\n")
    for command, path in (("deploy", found.parent), (str(found), "/nowhere"), ("../tools/deploy", "/nowhere")):
        done = subprocess.run(
            [*ALMA, command, "it"], env={**os.environ, "PATH": f"{path}:{os.environ['PATH']}"}, capture_output=True
        )
        assert (0, b"found it\n", b"") == (done.returncode, done.stdout, done.stderr)
