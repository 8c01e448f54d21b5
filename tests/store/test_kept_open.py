"""In a block of many writes the store stays open, but nobody waits for it in vain."""

import os
import signal
import threading
from contextlib import contextmanager

import pytest

from alma_cli.errors import StoreBusy
from alma_cli.flock import lock_at_once
from alma_cli.store import kept_open as module
from alma_cli.store.inbox.lock import hold, is_awaited
from alma_cli.store.kept_open import KeptOpen
from tests.store.samples import ids_in, insert, outcome

LONG_S = 60.0


@contextmanager
def kept(store):
    """The store, kept open in a block, with a list of the times that it was opened."""
    openings = []

    @contextmanager
    def opened():
        with hold(store.lock_path, shared=False, wait_s=LONG_S), store.file.opened(read_only=False) as connection:
            openings.append(connection)
            yield connection

    with KeptOpen(opened, lambda: is_awaited(store.lock_path), store.file.identity) as block:
        yield block, openings


def is_free(store):
    """True when nobody holds the store; nobody is made to wait by that."""
    descriptor = os.open(store.lock_path, os.O_RDWR | os.O_CREAT)
    try:
        return lock_at_once(descriptor, store.lock_path, shared=False)
    finally:
        os.close(descriptor)


def test_it_is_opened_once_for_many_uses(store):
    with kept(store) as (block, openings):
        for _ in range(3):
            with block.opened() as connection:
                assert [connection] == openings
        assert not is_free(store)
    assert is_free(store)


def test_who_waits_gets_it_in_the_middle_of_the_block(store):
    with kept(store) as (block, openings):
        with block.opened():
            pass
        with hold(store.lock_path, shared=False, wait_s=LONG_S):
            pass
        with block.opened():
            pass
        assert len(openings) == 2


def test_it_is_let_go_after_a_use_that_others_waited_for(store):
    gotten = threading.Event()

    def wait():
        with hold(store.lock_path, shared=True, wait_s=LONG_S):
            gotten.set()

    with kept(store) as (block, _):
        with block.opened():
            waiter = threading.Thread(target=wait)
            waiter.start()
            while not is_awaited(store.lock_path):
                pass
        assert gotten.wait(LONG_S)
        waiter.join(LONG_S)


def test_it_is_let_go_when_it_stays_unused(store, monkeypatch):
    monkeypatch.setattr(module, "_LONGEST_IDLE_S", 0)
    with kept(store) as (block, _):
        with block.opened():
            pass
        while not is_free(store):
            pass


def test_it_is_let_go_after_an_error(store):
    with kept(store) as (block, openings):
        with pytest.raises(ZeroDivisionError), block.opened():
            1 / 0  # noqa: B018
        assert is_free(store)
        with block.opened():
            assert len(openings) == 2


def test_it_is_let_go_when_nobody_can_tell_who_waits(store):
    def unknown():
        raise StoreBusy("who waits isn't known")

    with kept(store) as (block, _):
        with block.opened():
            pass
        block._is_awaited = unknown
        while not is_free(store):
            pass


def test_a_use_succeeds_when_nobody_can_tell_who_waits(store):
    def unknown():
        raise StoreBusy("who waits isn't known")

    with kept(store) as (block, _):
        block._is_awaited = unknown
        with block.opened():
            pass
        assert is_free(store)


def test_what_is_recorded_in_a_block_is_where_the_store_is_expected(store):
    home = os.path.dirname(store.file.path)
    with store.bulk() as bulk:
        bulk.submit([insert(outcome(1))])
        os.rename(home, home + "-moved")
        os.mkdir(home)
        bulk.submit([insert(outcome(2))])
    assert ids_in(store) == [2]


@pytest.mark.slow
def test_a_forked_child_keeps_nobody_from_the_store(store):
    with store.bulk() as bulk:
        bulk.submit([insert(outcome(1))])
        begun, begins = os.pipe()
        child = os.fork()
        if not child:
            os.write(begins, b"!")
            signal.pause()
        os.read(begun, 1)
    try:
        assert is_free(store)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.mark.slow
def test_a_forked_child_that_ends_leaves_its_parent_the_lock(store):
    with hold(store.lock_path, shared=False, wait_s=LONG_S):
        child = os.fork()
        if not child:
            os._exit(0)
        os.waitpid(child, 0)
        assert not is_free(store)


@contextmanager
def forked(run):
    """A child in a process group of its own, as a shell starts it, in which `run` calls what it is given when it is so far."""
    begun, begins = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setpgid(0, 0)
            run(lambda: os.write(begins, b"!"))
        finally:  # it must never go on as a second runner of tests
            os._exit(1)
    os.close(begins)
    try:
        assert os.read(begun, 1)
        yield child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(begun)


def between_two_uses(store, is_so_far):
    with store.bulk() as bulk:
        bulk.submit([insert(outcome(1))])
        goes_on = threading.Event()  # a bare `pause` would miss a signal that comes before it
        signal.signal(signal.SIGCONT, lambda *_: goes_on.set())
        is_so_far()
        while not goes_on.wait(0.01):
            pass
        bulk.submit([insert(outcome(2))])
        is_so_far()
        signal.pause()


def amid_a_use(store, is_so_far):
    with kept(store) as (block, _):
        with block.opened():
            is_so_far()
            while not block._is_stop_due:
                pass
        is_so_far()
        signal.pause()


@pytest.mark.slow
@pytest.mark.parametrize("use", [between_two_uses, amid_a_use])
def test_what_ctrl_z_stops_keeps_nobody_from_the_store_and_goes_on_later(store, use):
    with forked(lambda is_so_far: use(store, is_so_far)) as child:
        os.kill(child, signal.SIGTSTP)
        _, status = os.waitpid(child, os.WUNTRACED)
        assert (True, signal.SIGTSTP) == (os.WIFSTOPPED(status), os.WSTOPSIG(status))
        assert is_free(store)
        os.kill(child, signal.SIGCONT)
        os.waitpid(child, os.WCONTINUED)
        if use is between_two_uses:
            while ids_in(store) != [1, 2]:
                pass


def test_a_program_that_sees_to_ctrl_z_itself_goes_on_doing_so(store):
    came = []
    before = signal.signal(signal.SIGTSTP, lambda number, _: came.append(number))
    try:
        with store.bulk():
            os.kill(os.getpid(), signal.SIGTSTP)
        os.kill(os.getpid(), signal.SIGTSTP)
    finally:
        assert signal.signal(signal.SIGTSTP, before) is not before
    assert [signal.SIGTSTP, signal.SIGTSTP] == came


def test_after_a_block_ctrl_z_does_what_it_did(store):
    with store.bulk():
        assert signal.getsignal(signal.SIGTSTP) is not signal.SIG_DFL
    assert signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL


def test_after_the_block_it_is_closed_after_each_use(store):
    with kept(store) as (block, _):
        pass
    with block.opened():
        assert not is_free(store)
    assert is_free(store)


def test_in_a_block_of_many_writes_it_stays_open_for_reading_too(store):
    with store.bulk() as bulk:
        bulk.submit([insert(outcome(1))])
        assert ids_in(bulk) == [1]
        assert not is_free(store)
    assert is_free(store)


def test_many_threads_may_write_in_one_block(store):
    def write(bulk, number):
        assert not bulk.submit([insert(outcome(number))]).queued

    with store.bulk() as bulk:
        writers = [threading.Thread(target=write, args=[bulk, number]) for number in (1, 2, 3)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(LONG_S)
        assert ids_in(bulk) == [1, 2, 3]
