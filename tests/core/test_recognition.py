"""What the words of a text say about a domain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.scopes.recognition import StemmedText, evidence, stem


@pytest.mark.parametrize(
    "alike",
    [
        "test tests Tested testing",
        "validate validates validated validating validation validations",
        "implement implements implementing implementation",
        "authenticate authenticating authentication",
        "deploy deployed deploys deployment deployments",
        "query queries queried querying",
        "retry retries retrying",
        "log logs logged logging",
        "cache caches cached caching",
        "bus buses",
        "box boxes",
        "class classes",
        "api APIs",
        "database databases",
        "migrate migrating migration",
        f"{'long' * 12}s {'LONG' * 12}ing",
    ],
)
def test_forms_of_a_word_are_alike(alike):
    assert len({stem(word) for word in alike.split()}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("string", "str"),
        ("speed", "spe"),
        ("status", "statu"),
        ("need", "ne"),
        ("redis", "redi"),
        ("criterion", "criter"),
    ],
)
def test_words_that_only_look_like_forms_stay_whole(one, other):
    assert stem(one) != other


@given(st.text(max_size=20))
def test_a_stem_is_never_empty_nor_longer(word):
    stemmed = stem(word)
    assert bool(word) == bool(stemmed)
    assert len(stemmed) <= len(word.casefold())


def test_a_subject_says_more_than_an_activity_and_that_more_than_a_generic_word():
    text = StemmedText.of("test the api logic")
    scores = [evidence(text, name).score for name in ("api", "testing", "logic_puzzles")]
    assert sorted(scores, reverse=True) == scores
    assert len(set(scores)) == 3


def test_generic_words_are_what_a_name_is_about_if_it_has_no_others():
    found = evidence(StemmedText.of("collect best practices"), "best_practices")
    assert (found.likely, found.strong, found.words) == (True, True, ("best", "practices"))


def test_words_are_reported_as_written_once_and_in_order():
    assert evidence(StemmedText.of("Database: validate databases"), "database_validation").words == (
        "Database",
        "validate",
    )


def test_a_name_without_words_has_no_evidence():
    assert tuple(evidence(StemmedText.of("a b"), "---")) == (0.0, False, False, ())


words = st.lists(st.sampled_from(["api", "test", "logic", "ui", "data"]), max_size=4).map(" ".join)


@given(words, words, st.sampled_from(["api_testing", "ui_logic", "data"]))
def test_more_text_never_takes_evidence_away(one, more, name):
    less = evidence(StemmedText.of(one), name, "an api for data")
    assert less.score <= evidence(StemmedText.of(f"{one} {more}"), name, "an api for data").score
