"""Keys are functions of an outcome's own words: one normal form, one key."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.keys import key_of
from tests.core.record_examples import EXAMPLES


@given(st.text().filter(str.strip))
def test_any_text_has_a_key_of_16_hex_digits(text):
    assert len(key_of(text)) == 16
    assert set("0123456789abcdef").issuperset(key_of(text))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Wait for the element", "wait for element."),
        ("Freeze the clock", "freezing clocks"),
        ("\uff21dd an index", "Add an index"),
        ("Don\u2019t retry", "don't retry"),
        ("retry:  with backoff", "Retry (with backoff)"),
        ("the", "The"),
        ("...", " ... "),
        ("load \u2264 5, not \u22125", "load <= 5, not -5"),
        ("re\u0301union", "r\u00e9unions"),
        ("Log: " + "x9 " * 600, "log - " + "X9 " * 600),
    ],
)
def test_case_spacing_punctuation_articles_and_light_endings_make_no_difference(a, b):
    assert key_of(a) == key_of(b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("use a longer timeout", "use a shorter timeout"),
        ("retry 3 times", "retry 5 times"),
        ("enable the cache", "disable the cache"),
        ("invalidate before the write", "invalidate after the write"),
        ("do retry", "do not retry"),
        ("x > 5", "x < 5"),
        ("C", "C++"),
        ("wait -1", "wait 1"),
        ("wait longer", "wait for longer"),
        ("修复登录", "修复注销"),
        ("?", "!"),
        ("दिन", "दान"),
        ("கி", "கு"),
        ("ไม่ ปิด", "ไม ปิด"),
        ("load ≤ 5", "load ≥ 5"),
        ("wait −1", "wait 1"),
        ("charge in €", "charge in £"),
        ("wait for 🟢", "wait for 🔴"),
        ("slice to n+1", "slice to n-1"),
        ("when ready", "when !ready"),
        ("join by &&", "join by ||"),
        ("pin it by ^", "pin it by ~"),
    ],
)
def test_other_words_numbers_signs_or_order_are_another_key(a, b):
    assert key_of(a) != key_of(b)


def test_an_outcome_is_keyed_by_its_general_words_else_by_its_own():
    outcome = EXAMPLES["outcome"]
    bare = replace(outcome, task="Fix CardTest", strategy="Clock.fixed")
    assert (bare.task_key, bare.strategy_key) == (key_of("Fix CardTest"), key_of("Clock.fixed"))
    worded = replace(bare, when="a test depends on today", do="freeze the clock")
    assert (worded.task_key, worded.strategy_key) == (key_of("a test depends on today"), key_of("freeze the clock"))
    assert replace(bare, strategy=" ").strategy_key == ""
