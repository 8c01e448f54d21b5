"""Work in a process of its own: given back when done in time, and given up when not, whatever holds it up."""

import os
import re
import select
import signal
import time

import pytest

from alma_cli.hooks.subtask import within

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # pytest's own threads wait, no more


def holds_pythons_lock():
    re.match(r"(a+)+$", "a" * 64 + "b")  # takes longer than there is time in the world, and lets no thread run
    return b"done"


def test_what_is_done_in_time_is_given_back_whole():
    content = os.urandom(1 << 20)
    assert content == within(60, lambda: content)
    assert b"" == within(60, lambda: b"")


@pytest.mark.parametrize("work", [holds_pythons_lock, lambda: select.select([], [], []) and b"", signal.pause])
def test_what_is_not_done_in_time_is_given_up(work):
    assert within(0.3, work) is None


@pytest.mark.parametrize("work", [lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: os._exit(0), lambda: 1 / 0])
def test_work_that_dies_takes_nobody_with_it(work):
    assert within(60, work) is None


def test_it_is_no_matter_whether_the_ends_of_children_are_ignored():
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert b"x" == within(60, lambda: b"x")
        assert within(0.1, lambda: signal.pause() or b"") is None
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_what_was_sent_before_dying_is_no_answer():
    ours, theirs = os.pipe()
    for descriptor in (ours, theirs):  # the next pipe has these numbers
        os.close(descriptor)

    def half():
        os.write(theirs, b"half")
        os.kill(os.getpid(), signal.SIGKILL)

    assert within(60, half) is None


def test_nothing_of_the_work_is_printed(capfd):
    assert b"x" == within(60, lambda: (os.write(1, b"out"), os.write(2, b"err")) and b"x")
    assert ("", "") == tuple(capfd.readouterr())


def test_work_that_was_given_up_does_not_go_on(tmp_path):
    def slow():
        time.sleep(3)
        (tmp_path / "late").touch()
        return b""

    assert within(0.05, slow) is None
    with pytest.raises(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    assert not (tmp_path / "late").exists()
