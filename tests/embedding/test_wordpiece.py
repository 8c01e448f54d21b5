import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from alma_cli.embedding import count_tokens
from alma_cli.embedding.minilm import encode, files, wordpiece
from tests.embedding.embedding_texts import REFERENCE, varied

TOKENIZER = Tokenizer.from_file(files.path("tokenizer.json"))


def expected(text: str) -> list[int]:
    """What `tokenizers` gives; it refuses lone surrogates, which BERT drops like the replacement character."""
    readable = "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)
    return TOKENIZER.encode(readable, add_special_tokens=False).ids


def actual(text: str) -> list[int]:
    return list(wordpiece.tokens(text))


@pytest.mark.parametrize("text", REFERENCE)
def test_the_reference_texts_have_the_tokens_that_tokenizers_gives(text):
    assert expected(text) == actual(text)


def test_thousands_of_texts_in_all_scripts_have_the_tokens_that_tokenizers_gives():
    different = [text for text in varied(4000) if expected(text) != actual(text)]
    assert different == []


def test_docstrings_have_the_tokens_that_tokenizers_gives():
    import argparse
    import builtins
    import datetime as dt
    import decimal
    import subprocess
    import tarfile
    import unicodedata

    modules = (argparse, builtins, dt, decimal, subprocess, tarfile, unicodedata, __import__("os"))
    docs = [thing.__doc__ for module in modules for thing in vars(module).values() if isinstance(thing.__doc__, str)]
    assert len(docs) > 500
    assert [text for text in docs if expected(text) != actual(text)] == []


@pytest.mark.parametrize(
    "plane", [range(0x8000), range(0x8000, 0x10000), range(0x10000, 0x30000, 3), range(0xE0000, 0xF0100, 7)]
)
def test_every_character_is_treated_as_tokenizers_does(plane):
    """In the middle of a word, whatever Unicode this Python knows."""
    for start in range(0, len(plane), 512):
        codes = [code for code in plane[start : start + 512] if not 0xD800 <= code < 0xE000]
        text = " ".join(f"a{chr(code)}b" for code in codes)
        if expected(text) != actual(text):
            assert [hex(code) for code in codes if expected(f"a{chr(code)}b") != actual(f"a{chr(code)}b")] == []


@given(st.text(alphabet=st.characters(), max_size=60))
@example("ΑΣ ΟΔΟΣ")  # a final sigma is no special case
@example("ﷺ")
@example("İstanbul")
def test_any_text_has_the_tokens_that_tokenizers_gives(text):
    assert expected(text) == actual(text)


@given(
    st.lists(
        st.sampled_from(["[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]", "[", "]", "cls", "a", " ", "##", "é"]),
        max_size=8,
    )
)
def test_special_tokens_in_a_text_are_found_as_tokenizers_finds_them(parts):
    assert expected("".join(parts)) == actual("".join(parts))


@given(st.integers(90, 110), st.sampled_from(["a", "é", "𝐚", "e\u0301"]))
def test_a_word_is_unknown_from_the_same_length_on(length, character):
    assert expected(character * length) == actual(character * length)


@given(st.integers(2000, 2100), st.sampled_from(["tokenisation", "日本", "a, ", "e\u0301\u0302", "x" * 150]))
def test_reading_in_chunks_does_not_show(length, word):
    text = (" " * (length % 7) + word * 2100)[:length] + " end"
    assert expected(text) == actual(text)


class CountingText(str):  # noqa: SLOT000
    """A text that notes how much of it is read."""

    characters_read = 0

    def __getitem__(self, key):
        part = super().__getitem__(key)
        CountingText.characters_read += len(part)
        return part


def test_only_the_start_of_a_megabyte_is_read():
    CountingText.characters_read = 0
    assert len(encode(CountingText("any words at all " * 60_000))) == 256
    assert CountingText.characters_read < 10_000


def test_tokens_are_counted_without_the_special_ones_and_past_256():
    assert count_tokens("") == 0
    assert count_tokens("Test the login form") == 5  # log ##in


def test_no_text_is_cheap_for_a_budget_because_the_model_does_not_know_it():
    assert count_tokens("\U0001f9ea" * 300) == 300
    assert count_tokens("x" * 1000) >= 1000 / 100
    assert count_tokens("x" * 5000) == 5000 / 100 * count_tokens("x" * 100)
    assert count_tokens("word " * 1000) == 1000
