"""How much is sent at once follows what the service takes."""

import math
from contextlib import ExitStack
from time import monotonic

from alma_cli.remote.cosmos.pace import Pace


def at_once(pace):
    """How many batches may be under way together."""
    with ExitStack() as turns:
        count = 0
        while pace._under_way < pace._at_once:
            turns.enter_context(pace.turn())
            count += 1
        return count


def test_one_batch_is_sent_first_and_more_as_long_as_they_are_stored():
    pace = Pace(most_at_once=4, patience_s=10)
    seen = []
    for _ in range(4):
        seen.append(at_once(pace))
        pace.stored()
    assert [1, 2, 4, 4] == seen


def test_a_service_that_is_too_busy_is_sent_one_at_a_time_until_it_kept_up_for_a_while():
    pace = Pace(most_at_once=4, patience_s=10)
    for _ in range(3):
        pace.stored()
    assert pace.wait_out(0.0, sent_at=monotonic())
    assert (1, 100) == (at_once(pace), pace.documents)
    for _ in range(7):
        pace.stored()
    assert 1 == at_once(pace)
    pace.stored()
    assert 2 == at_once(pace)


def test_a_long_debt_makes_batches_smaller_and_several_that_met_it_together_count_once():
    pace = Pace(most_at_once=4, patience_s=60)
    sent_at = monotonic()
    assert pace.wait_out(0.51, sent_at=sent_at)
    assert pace.wait_out(0.51, sent_at=sent_at)
    assert 50 == pace.documents


def test_patience_counts_from_what_was_stored_last():
    pace = Pace(most_at_once=4, patience_s=1.0)
    assert pace.wait_out(0.5, sent_at=monotonic())
    assert pace.wait_out(0.5, sent_at=monotonic())
    assert not pace.wait_out(0.5, sent_at=monotonic())
    pace.stored()
    assert pace.wait_out(0.5, sent_at=monotonic())
    pace.went_on()  # what clashed was answered too
    assert pace.wait_out(0.5, sent_at=monotonic())


def test_a_wait_that_is_beyond_all_patience_is_cut_to_it_and_then_asked_once_more():
    pace = Pace(most_at_once=4, patience_s=0.5)
    begun = monotonic()
    assert pace.wait_out(math.inf, sent_at=begun)
    assert not pace.wait_out(0.0, sent_at=begun)
    assert 0.4 < monotonic() - begun < 5
