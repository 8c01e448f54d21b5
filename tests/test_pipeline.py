"""The next portion is made while the one before is used, and nothing is lost, reordered or hidden."""

import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.pipeline import portions, prefetched


@given(st.lists(st.integers(0, 2), max_size=7), st.integers(1, 3))
def test_portions_are_all_items_in_order_and_not_too_large(items, size):
    parts = list(portions(items, size))
    assert items == [item for part in parts for item in part]
    assert all(0 < len(part) <= size for part in parts)


@given(st.lists(st.integers(0, 2), max_size=5))
def test_everything_is_made_once_in_order(items):
    calls = []
    assert [item * 2 for item in items] == list(prefetched(items, lambda item: calls.append(item) or item * 2))
    assert items == calls


def test_the_next_one_is_made_while_the_one_before_is_used():
    second = threading.Event()
    made = prefetched([1, 2], lambda item: second.set() if item == 2 else None)
    next(made)
    assert second.wait(timeout=20)
    assert [None] == list(made)


def test_what_goes_wrong_is_raised_in_its_place():
    def make(item):
        return 1 // item

    made = prefetched([1, 0, 1], make)
    assert 1 == next(made)
    with pytest.raises(ZeroDivisionError):
        next(made)


def test_several_are_made_at_once_and_come_in_order():
    both = threading.Barrier(2)

    def make(item):
        if item < 2:
            both.wait(timeout=20)
        return item

    assert [0, 1, 2, 3] == list(prefetched(range(4), make, depth=2))


LATE = """
import atexit, threading
from alma_cli.pipeline import prefetched
def late(at):
    print(at, list(prefetched(range(3), str)))
def outlive():
    threading.main_thread().join()
    late("after the main thread")
atexit.register(late, "at exit")
threading.Thread(target=outlive).start()
"""


def test_what_ends_after_the_main_thread_is_made_all_the_same():
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, timeout=60)
    told = [f"{at} ['0', '1', '2']" for at in ("after the main thread", "at exit")]
    assert (told, "") == (done.stdout.splitlines(), done.stderr)


def test_no_more_are_taken_than_are_made_ahead():
    taken = []
    made = prefetched((taken.append(item) or item for item in range(9)), str, depth=2)
    assert "0" == next(made)
    assert [0, 1, 2] == taken
