"""The clock that decides which of two versions wins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.replication.hlc import HLC, next_stamp, stamp_after

walls = st.sampled_from([0, 1, 2, 10, 999_999_999_999_998])
counters = st.sampled_from([0, 1, 9, 10, 999_998, 999_999])
stamps = st.builds(HLC, walls, counters, st.sampled_from(["", "a", "b", "a.b", "é", "😀", "\uffff"]))


@given(stamps, stamps)
def test_the_order_of_stamps_is_the_order_of_their_texts(one, other):
    assert (one < other) == (str(one) < str(other))
    assert (one == other) == (str(one) == str(other))


@given(stamps)
def test_a_stamp_is_read_back(stamp):
    assert HLC.parse(str(stamp)) == stamp


@given(stamps, walls)
def test_the_next_stamp_is_later_whatever_the_wall_clock_says(last, now_ms):
    following = next_stamp(last, now_ms=now_ms)
    assert following > last
    assert str(following) > str(last)
    assert following.replica_id == last.replica_id
    assert following.wall_ms >= now_ms


@given(st.lists(st.sampled_from([-1, 0, 1, 2, 3]), max_size=20))
def test_stamps_grow_while_the_wall_clock_jumps(readings):
    stamp = HLC(1, 999_997, "a")
    for now_ms in readings:
        following = next_stamp(stamp, now_ms=now_ms)
        assert following > stamp
        stamp = following


def test_a_stamp_follows_the_wall_clock_when_that_is_ahead():
    assert next_stamp(HLC(5, 3, "a"), now_ms=6) == HLC(6, 0, "a")


def test_within_a_millisecond_stamps_are_counted():
    assert next_stamp(HLC(5, 3, "a"), now_ms=5) == HLC(5, 4, "a")


def test_a_full_counter_borrows_the_next_millisecond():
    assert next_stamp(HLC(5, 999_999, "a"), now_ms=5) == HLC(6, 0, "a")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.2.a",
        "000000000000001.000002",
        "-00000000000001.000002.a",
        "1000000000000000.000002.a",
        "000000000000001.1000000.a",
        "00000000000000１.000002.a",
        "00000000000_001.000002.a",
        " 00000000000001.000002.a",
    ],
)
def test_what_is_no_stamp_is_refused(text):
    with pytest.raises(ValueError, match="not a stamp"):
        HLC.parse(text)


@given(stamps, st.none() | stamps, walls)
def test_a_version_is_stamped_after_the_one_it_replaces_whoever_stamped_that(last, replaced, now_ms):
    stamp = stamp_after(last, replaced, now_ms=now_ms)
    assert stamp > last
    assert replaced is None or stamp > replaced
    assert stamp.replica_id == last.replica_id


def test_a_stamp_from_a_fast_clock_moves_only_what_replaces_it():
    assert stamp_after(HLC(5, 0, "a"), HLC(900, 3, "b"), now_ms=6) == HLC(900, 4, "a")
    assert stamp_after(HLC(5, 0, "a"), HLC(2, 3, "b"), now_ms=6) == HLC(6, 0, "a")
