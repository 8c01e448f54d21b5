"""What keyword search sees of a text."""

import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.words import MAX_TERMS, identifiers, query_terms, terms, terms_of
from tests.core.record_examples import credit, preference

HOSTILE = {  # each about as large as a record can be
    "one word": "a" * 256_000,
    "joined words": "a-" * 128_000,
    "a word and joints": "a" + "-" * 256_000,
    "dashes": " --" * 64_000,
    "humps": "Aa" * 128_000,
    "humps and joints": "aA/" * 64_000,
    "capitals": "A" * 256_000 + "b",
    "underscores": "_" * 256_000,
    "white space": " \n" * 128_000,
    "no spaces": "字" * 256_000,
    "mixed scripts": "a字/" * 64_000,
    "accents": "a" + "\u0301\u0316" * 128_000,
    "what expands": "\ufdfa" * 100_000,
    "lone surrogates": "\ud800" * 256_000,
}
any_text = st.text(st.characters()) | st.text(st.sampled_from("aB1_-./:@#+é\u0301字テ \ud800"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Fix the login, fix IT", ["fix", "the", "login", "fix", "it"]),
        ("E1042", ["e1042"]),
        ("snake_case", ["snake_case", "snake", "case"]),
        ("MAX_TERMS", ["max_terms", "max", "terms"]),
        ("_private _emphasis_", ["_private", "private", "_emphasis_", "emphasis"]),
        ("LoginForm", ["loginform", "login", "form"]),
        ("getHTTPResponse", ["gethttpresponse", "get", "http", "response"]),
        ("Sha256Sum", ["sha256sum", "sha256", "sum"]),
        ("größeBerechnen", ["grösseberechnen", "grösse", "berechnen"]),
        ("ИмяФайла", ["имяфайла", "имя", "файла"]),
        ("APIs and URLs", ["apis", "and", "urls"]),
        ("well-known", ["well-known", "well", "known"]),
        ("src/app.py", ["src/app.py", "src", "app", "py"]),
        ("use --dry-run", ["use", "--dry-run", "dry-run", "dry", "run"]),
        ("(--verbose)", ["--verbose", "verbose"]),
        ("this--that", ["this--that", "this", "that"]),
        ("a---b --- c", ["a---b", "a", "b", "c"]),
        ("std::vector", ["std::vector", "std", "vector"]),
        (f"{'ab' * 20}/c", [f"{'ab' * 20}/c", "ab" * 20, "c"]),
    ],
)
def test_a_word_counts_in_lower_case_and_an_identifier_whole_and_by_its_parts(text, expected):
    assert Counter(expected) == terms(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("日本語", ["日本", "本語"]),
        ("字", ["字"]),
        ("人々", ["人々"]),
        ("Pythonのテスト", ["python", "のテ", "テス", "スト"]),
        ("テスト/login.py", ["テス", "スト", "login.py", "login", "py"]),
        ("로그인 폼", ["로그", "그인", "폼"]),
        ("ที่นี่", ["ที", "ี่", "่น", "นี", "ี่"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("שָׁלוֹם", ["שָׁלוֹם"]),
        ("Ελληνικά", ["ελληνικά"]),
    ],
)
def test_every_script_has_words(text, expected):
    assert Counter(unicodedata.normalize("NFKC", term) for term in expected) == terms(text)


def test_forms_of_the_same_text_have_the_same_terms():
    assert terms("caf\u00e9 STRASSE １２ ﬁle") == terms("cafe\u0301 straße 12 file")
    assert terms("co\u00adop\u200d") == terms("coop")


def test_no_more_terms_are_counted_than_there_may_be():
    assert terms("a/b " * 10_000).total() == MAX_TERMS
    assert terms("字" * 10_000).total() == MAX_TERMS
    assert terms("a/" * 10_000 + "a").total() == MAX_TERMS


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_record_is_read(text):
    assert terms(text).total() <= MAX_TERMS
    assert len(query_terms(text)) <= MAX_TERMS
    assert len(identifiers(text)) <= MAX_TERMS


# Tasks


def test_function_words_say_nothing_of_a_task():
    assert query_terms("Test the login form of the app, and the login") == ["test", "login", "form", "app"]


def test_function_words_count_when_there_are_no_others():
    assert query_terms("to be or not to be") == ["to", "be", "or", "not"]


# Identifiers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("E1042", ["e1042"]),
        ("why is it E1042?", ["e1042"]),
        ("fix:E1042", ["fix:e1042", "e1042"]),
        ("rename snake_case and MAX_TERMS", ["snake_case", "max_terms"]),
        ("the LoginForm, getURLs, HTTPServer", ["loginform", "geturls", "httpserver"]),
        ("ИмяФайла", ["имяфайла"]),
        ("pass --verbose and --dry-run", ["--verbose", "--dry-run"]),
        ("open src/app.py and /etc/hosts", ["src/app.py", "etc/hosts"]),
        ("ask a@b.org about utf8", ["a@b.org", "utf8"]),
        ("std::vector in Python 3.11", ["3.11"]),
        ("テストlogin_form", ["login_form"]),
    ],
)
def test_names_codes_flags_and_paths_are_identifiers(text, expected):
    assert [name for name in expected if name in terms(text)] == expected
    assert expected == [name for name in identifiers(text) if name != "std::vector"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Fix the README",
        "HTTP",
        "APIs",
        "well-known",
        "e.g. this, i.e. that",
        "and/or",
        "the 2nd, 3rd and 10th",
        "don't",
        "1042",
        "字テスト",
        "Größe",
        "_emphasis",
        "a --- b",
    ],
)
def test_plain_words_are_not_identifiers(text):
    assert identifiers(text) == []


@given(st.lists(st.text("abz", min_size=1), max_size=4))
def test_words_in_any_case_are_not_identifiers(words):
    assert identifiers(" ".join(words)) == []
    assert identifiers(" ".join(words).upper()) == []
    assert identifiers(" ".join(words).title()) == []


# Any text


@given(any_text)
def test_what_is_found_of_a_text_is_among_its_terms(text):
    found = terms(text)
    assert set(query_terms(text)) <= set(found)
    assert set(identifiers(text)) <= set(found)
    assert all(found)
    assert found == terms(f"\n{text} ")


@given(st.lists(st.text("aB_é字", min_size=1), max_size=5))
def test_the_terms_of_a_text_are_those_of_its_words(words):
    assert sum((terms(word) for word in words), Counter()) == terms(" ".join(words))


def test_a_memory_has_the_words_of_each_of_its_texts_once():
    memory = preference(preference="Short answers", category="style", source="Ada", user_id="u7", labels={"pr": "9"})
    assert Counter(["short", "answers", "style", "ada"]) == terms_of(memory)


def test_a_credit_has_no_words():
    assert terms_of(credit()) == Counter()
