"""The lock: one writer or many readers, in turn, for no longer than said, and free again when its holder dies."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack

import pytest

from alma_cli.errors import StoreBusy, StoreUnwritable
from alma_cli.store.inbox.lock import hold, is_awaited

pytestmark = pytest.mark.slow

LONG_S = 60.0

HOLD = """
import sys
from alma_cli.store.inbox.lock import hold
with hold(sys.argv[1], shared=sys.argv[2] == "shared", wait_s=60):
    print("held", flush=True)
    sys.stdin.read()
"""

HAMMER = """
import os, sys, threading
from alma_cli.store.inbox.lock import hold
path, turns_path, how = sys.argv[1:4]
turns = os.open(turns_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
while not stop.is_set():
    with hold(path, shared=how == "shared", wait_s=60):
        sum(range(100_000))  # a turn takes about as long as a write
        os.write(turns, b".")
"""


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "lock")


@pytest.fixture
def holder(path):
    """Start a process that holds the lock until its standard input is closed."""
    with ExitStack() as started:

        def start(how):
            process = subprocess.Popen(
                [sys.executable, "-c", HOLD, path, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            started.enter_context(process)
            started.callback(process.kill)
            assert process.stdout.readline() == b"held\n"
            return process

        yield start


def can_be_had(path, *, shared=False, wait_s=0.0):
    try:
        with hold(path, shared=shared, wait_s=wait_s):
            return True
    except StoreBusy:
        return False


def test_the_files_are_their_owners_only(path):
    with hold(path, shared=False, wait_s=0):
        assert {0o600} == {os.stat(path + suffix).st_mode & 0o777 for suffix in ("", ".turnstile")}


@pytest.mark.parametrize(
    ("held", "wanted", "had"),
    [("shared", True, True), ("shared", False, False), ("exclusive", True, False), ("exclusive", False, False)],
)
def test_readers_share_and_a_writer_excludes(path, holder, held, wanted, had):
    holder(held)
    assert had == can_be_had(path, shared=wanted)


def test_threads_of_one_process_exclude_each_other_too(path):
    with hold(path, shared=False, wait_s=0):
        assert not can_be_had(path)
    assert can_be_had(path)


def test_the_lock_of_a_killed_holder_is_free(path, holder):
    process = holder("exclusive")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert can_be_had(path)


def test_waiting_ends_as_busy_with_exit_code_5(path, holder):
    holder("exclusive")
    with pytest.raises(StoreBusy, match="another process holds") as caught, hold(path, shared=False, wait_s=0.01):
        pass
    assert caught.value.exit_code == 5


def test_who_gave_up_doesnt_hold_the_lock_later(path, holder):
    process = holder("exclusive")
    for _ in range(3):
        assert not can_be_had(path, wait_s=0.01)
    process.communicate()
    with hold(path, shared=False, wait_s=LONG_S):
        pass
    waiters = [thread for thread in threading.enumerate() if thread.name == "alma-lock"]
    for thread in waiters:
        thread.join(LONG_S)
    assert can_be_had(path)


def test_who_does_not_wait_leaves_nobody_behind_who_would_have_the_lock_for_a_moment(path, holder):
    process = holder("exclusive")
    with pytest.raises(StoreBusy), hold(path, shared=False, wait_s=0):
        pass
    assert "alma-lock" not in {thread.name for thread in threading.enumerate()}
    process.communicate()
    with hold(path, shared=False, wait_s=0):
        pass


def test_a_waiter_gets_the_lock_once_it_is_free(path, holder):
    process = holder("exclusive")
    had = threading.Event()

    def wait():
        with hold(path, shared=False, wait_s=LONG_S):
            had.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    process.communicate()
    waiter.join(LONG_S)
    assert had.is_set()


def test_a_holder_knows_whether_somebody_waits(path):
    with hold(path, shared=False, wait_s=0):
        assert not is_awaited(path)
        waiter = threading.Thread(target=lambda: can_be_had(path, wait_s=LONG_S))
        waiter.start()
        while not is_awaited(path):
            pass
    waiter.join(LONG_S)


def test_an_interrupted_waiter_leaves_nothing_behind(path, holder):
    process = holder("exclusive")
    code = (
        "import signal, sys; from alma_cli.store.inbox.lock import hold\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "print('waits', flush=True)\n"
        "try:\n    hold(sys.argv[1], shared=False, wait_s=60).__enter__()\n"
        "except KeyboardInterrupt:\n    print('interrupted', flush=True); sys.stdin.read()\n"
    )
    waiting = subprocess.Popen([sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with waiting:
        assert waiting.stdout.readline() == b"waits\n"
        while not is_awaited(path):
            pass
        waiting.send_signal(signal.SIGINT)
        assert waiting.stdout.readline() == b"interrupted\n"
        process.communicate()
        with hold(path, shared=False, wait_s=LONG_S):
            pass
        waiting.stdin.close()


def turns_overtaken(path, tmp_path, how):
    """For each of 20 times that we asked for the lock, how many turns 4 others had before us."""
    turns = tmp_path / "turns"
    turns.touch()
    command = [sys.executable, "-c", HAMMER, path, turns, how]
    others = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(4)]
    while turns.stat().st_size < 50:
        pass
    overtaken = []
    for _ in range(20):
        asked = turns.stat().st_size
        with hold(path, shared=False, wait_s=LONG_S):
            overtaken.append(turns.stat().st_size - asked)
    for other in others:
        other.communicate()
    return sorted(overtaken)


@pytest.mark.parametrize("how", ["exclusive", "shared"])
def test_who_waits_gets_its_turn_however_much_others_hammer(path, tmp_path, how):
    overtaken = turns_overtaken(path, tmp_path, how)
    assert overtaken[10] <= 8
    assert overtaken[-1] <= 80


def test_a_lock_file_that_is_a_folder_is_an_error_that_says_so(path):
    os.mkdir(path)
    with pytest.raises(StoreUnwritable, match="Is a directory"), hold(path, shared=True, wait_s=0):
        pass
    assert can_be_had(path + "2")


AS_READER = "from alma_cli.store.inbox.lock import hold; from alma_cli.errors import *\n"


def as_reader(code):
    """What a program prints that may write nothing of another user's."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("needs root and setpriv, to be root without its rights")
    command = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", sys.executable, "-c", AS_READER + code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def path_of_another(path):
    """The path of a lock in a folder that another user owns."""
    os.mkdir(path)
    os.chown(path, 65534, 65534)
    os.chmod(path, 0o755)
    return path + "/lock"


def test_where_nothing_may_be_written_readers_need_no_lock_files(path_of_another):
    code = f"with hold({path_of_another!r}, shared=True, wait_s=0): print('read')"
    assert as_reader(code) == "read"
    assert os.listdir(os.path.dirname(path_of_another)) == []


def test_where_nothing_may_be_written_readers_still_wait_for_a_writer(path_of_another):
    with hold(path_of_another, shared=False, wait_s=0):
        for suffix in ("", ".turnstile"):
            os.chown(path_of_another + suffix, 65534, 65534)
            os.chmod(path_of_another + suffix, 0o644)
        code = (
            f"try:\n    hold({path_of_another!r}, shared=True, wait_s=0).__enter__()\nexcept StoreBusy: print('busy')"
        )
        assert as_reader(code) == "busy"


def test_where_nothing_may_be_written_a_writer_is_told(path_of_another):
    code = f"try:\n    hold({path_of_another!r}, shared=False, wait_s=0).__enter__()\nexcept StoreUnwritable as e: print(e)"
    assert "Permission denied" in as_reader(code)
