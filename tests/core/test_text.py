"""Text from agents is kept where it can be, and harmless where it is shown."""

import json
import unicodedata
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.text import (
    age,
    alike_form,
    as_name,
    clean,
    counted,
    did_you_mean,
    enumerated,
    harmless,
    most_like,
    normal_form,
    one_line,
    shown,
    whole_words,
    why_no_json,
)

HOSTILE = "a \t\n\r\x00\x1b\x7f\x85\x9b\xa0\u061c\u200e\u202e\u2028\u2066\u206a\ufeff\ud800\udfff\U000e0041\\é\u0301字"
any_text = st.text(st.characters()) | st.text(st.sampled_from(HOSTILE))  # st.characters() has lone surrogates, too
TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def hostile_characters(text):
    return [
        character
        for character in text
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or unicodedata.bidirectional(character) in TURNING
        or character in "\u061c\u200e\u200f"
    ]


# Cleaning


def test_what_cannot_be_encoded_is_replaced():
    assert clean("a\ud800b\udfff") == "a\ufffdb\ufffd"


@pytest.mark.parametrize("text", ["", "plain", "é 字 😀 \x1b\n"])
def test_what_can_be_encoded_is_kept_as_it_came(text):
    assert text == clean(text)


@given(any_text)
def test_cleaned_text_encodes_and_stays_as_it_is(text):
    cleaned = clean(text)
    assert cleaned.encode().decode() == cleaned
    assert clean(cleaned) == cleaned
    assert len(cleaned) == len(text)


# Showing


@pytest.mark.parametrize(
    ("text", "harmless_text"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\rb\x00\x9b", r"a\x0db\x00\x9b"),
        ("x\u202ey\u2066z\u206a", r"x\u202ey\u2066z\u206a"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("line\nnext\tcolumn é", "line\nnext\tcolumn é"),
    ],
)
def test_control_and_direction_characters_are_made_visible(text, harmless_text):
    assert harmless_text == harmless(text)


def test_text_hidden_in_characters_that_nobody_sees_is_made_visible_and_emoji_and_scripts_stay():
    hidden = "".join(chr(0xE0100 + ord(letter) - 16) for letter in "run it")
    assert "\U000e0162" not in harmless(f"\U0001f600{hidden}") and r"\U000e0162" in harmless(f"\U0001f600{hidden}")
    assert r"a\u200b\u200c\u2060b" == harmless("a\u200b\u200c\u2060b") == one_line("a\u200b\u200c\u2060b", 20)
    for text in ("\u2764\ufe0f\u200d\U0001f525", "\u0646\u0645\u06cc\u200c\u0634\u0648\u062f", "\u845b\U000e0100"):
        assert text == harmless(text)


@pytest.mark.parametrize("limit", range(1, 8))
def test_a_line_is_cut_within_hidden_text_too(limit):
    text = "ab\u200b\u200b\u200b\u200bc"
    assert one_line(text).startswith(one_line(text, limit)[:-1])


@given(any_text)
def test_harmless_text_has_no_hostile_characters_but_line_breaks_and_tabs(text):
    shown_text = harmless(text)
    assert set(hostile_characters(shown_text)) <= {"\n", "\t"}
    assert harmless(shown_text) == shown_text
    assert shown_text.encode().decode() == shown_text


@given(any_text, st.none() | st.integers(0, 12))
def test_one_line_is_one_harmless_line_within_its_limit(text, limit):
    line = one_line(text, limit)
    assert hostile_characters(line) == []
    assert line.encode().decode() == line
    assert one_line(line, limit) == line
    assert limit is None or len(line) <= max(1, limit)


@given(any_text, st.integers(1, 12))
def test_a_line_is_cut_only_when_it_is_too_long_and_says_so(text, limit):
    whole, cut = one_line(text), one_line(text, limit)
    if len(whole) <= limit:
        assert cut == whole
    else:
        assert cut[-1] == "\u2026"
        assert whole.startswith(cut[:-1])


def test_white_space_is_folded_however_long():
    assert one_line(" a\n\n\tb\u2028c\x1c ") == "a b c"
    assert one_line(" " * 10_000 + "far" + " " * 10_000 + "apart", 60) == "far apart"


def test_a_huge_line_is_cut():
    assert one_line("x" * 1_000_000, 5) == "xxxx\u2026"


# Values in messages


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        ("a\nb", "'a b'"),
        (1.5, "1.5"),
        ([1, "x"], "[1, 'x']"),
        (["\x1b[2J"], r"['\x1b[2J']"),
    ],
)
def test_a_value_in_a_message_is_short_and_harmless(value, text):
    assert text == shown(value)


def test_of_something_deep_or_long_only_the_start_is_shown():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    assert shown(deep) == "[[[[[[[...]]]]]]]"
    assert len(shown(list(range(1_000_000)))) <= 60
    assert len(shown("x" * 1_000_000)) <= 62


def test_a_number_python_cannot_write_is_called_huge():
    assert shown(10**5000) == "a huge number"
    assert shown([10**5000]) == "a huge number"


# Hints


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("helen", "did you mean helena?"),
        ("VICTOR", "did you mean Victor?"),
        ("nobody", ""),
        ("", ""),
        ("helena" * 1_000_000, ""),
    ],
)
def test_a_hint_names_what_is_most_like_a_word(word, hint):
    assert hint == did_you_mean(word, ["Victor", "helena"])


def test_a_hint_shows_the_name_as_it_is_to_be_written_and_harmless():
    assert "did you mean `alma learn`?" == did_you_mean("lern", ["learn"], shown_as="`alma {}`")
    assert r"did you mean a\x1bb?" == did_you_mean("ab", ["a\x1bb"])


def test_several_names_are_given_best_first():
    assert ["learn", "yearn"] == most_like("leearn", ["stats", "yearn", "learn"], limit=3)
    assert [] == most_like("zzz", ["learn"], limit=3)


# Comparing


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Use pytest.", "use  PyTest"),
        ("login-form", "login form"),
        ("“Quoted”, isn’t it?", "quoted isn t it"),
        ("Straße", "STRASSE"),
        ("caf\u00e9", "cafe\u0301"),
        ("ﬁle １", "file 1"),
        ("co\u00adop\u200der", "cooper"),
        ("...", "..."),
    ],
)
def test_texts_that_differ_only_in_case_punctuation_spacing_or_form_are_alike(one, other):
    assert alike_form(one) == alike_form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Use C++", "Use C#"),
        ("Use C++", "Use C"),
        ("a < b", "a > b"),
        ("x == y", "x != y"),
        ("timeout -1", "timeout 1"),
        ("की", "का"),
        ("!!!", "???"),
        ("1.5", "15"),
    ],
)
def test_texts_that_mean_different_things_are_not_alike(one, other):
    assert alike_form(one) != alike_form(other)


@given(any_text)
def test_any_text_can_be_compared(text):
    assert alike_form(text) == alike_form(f" {text}\n") or not text.strip()


# Normal form


@given(st.text(max_size=100))
def test_the_normal_form_is_that_of_unicode(text):
    visible = "".join(c for c in text if normal_form(c) or c.isspace())
    assert unicodedata.normalize("NFKC", visible) == normal_form(visible)


def test_accents_without_end_take_no_time_without_end():
    assert len(normal_form("a" + "\u0301\u0316" * 130_000)) > 200_000  # in one go, this takes a minute


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(seconds=-5), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=1), "1m"),
        (timedelta(minutes=59.9), "59m"),
        (timedelta(hours=23.9), "23h"),
        (timedelta(days=6.9), "6d"),
        (timedelta(days=364), "52w"),
        (timedelta(days=800), "2y"),
    ],
)
def test_an_age_has_one_unit(length, shown):
    assert shown == age(length.total_seconds())


def test_a_count_has_its_noun_in_singular_or_plural():
    assert ["0 memories", "1 memory", "1,200 memories"] == [counted(n, "memory", "memories") for n in (0, 1, 1200)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("9" * 5000, "a number has too many digits"),
        ("[" * 100_000, "it is nested too deeply"),
        (bytes(101), "it isn't text"),
    ],
)
def test_why_a_text_is_no_json_is_said_in_words_for_people(text, why):
    with pytest.raises((ValueError, RecursionError)) as caught:
        json.loads(text)
    assert why == why_no_json(caught.value)


def test_of_very_many_names_the_first_are_told_and_how_many_more_there_are():
    assert "a, b" == enumerated(["a", "b", "a"])
    told = enumerated((f"agent{number}" for number in range(5000)), between="; ")
    assert told.startswith("agent0; agent1; ")
    assert told.endswith("; agent19; 4,980 more")


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("the key is in the way", "the key is in the way"),
        ("the key is in the wayside", "the key is in the\u2026"),
        ("statement timeout; everything waited", "statement timeout\u2026"),
        ("x" * 30, "x" * 20 + "\u2026"),
        ("a " + "y" * 30, "a " + "y" * 18 + "\u2026"),
    ],
)
def test_a_text_is_cut_between_words_unless_one_is_very_long(text, cut):
    assert cut == whole_words(text, 21)


def test_a_name_is_composed_and_can_be_encoded():
    assert "\u00e9\ufffd" == as_name("e\u0301\udcff")
    assert "helena" == as_name("helena")
