"""Rows are laid out in any width: no line is wider, and the text is the last to go."""

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.cli.layout import cut, folded, laid_out, width_of
from alma_cli.cli.output import Table

ID = "3fa9c2d1" + "0" * 24
words = st.text(st.sampled_from("ab 字é\u0301\u200d🙂\t"), max_size=40)


def lines(width, rows=((ID, "3h", "success", "helena", "Test the login form of the shop"),), **options):
    table = Table(
        headings=("id", "age", "what", "agent", "memory"),
        rows=rows,
        flexible=[4],
        id_column=0,
        **{"whole": False, "first_to_go": [3, 1, 2], **options},
    )
    return laid_out(table, width, StringIO())


@given(words, st.integers(1, 120), st.booleans())
def test_no_line_is_wider_than_the_terminal(text, width, whole):
    shown = lines(width, [(ID, "3h", "success", "helena", text), (ID, "1y", "字字字", "a" * 40, "x")], whole=whole)
    least = 2 if whole and "字" in text + "字" else 1  # a wide character can't be cut
    assert all(width_of(line) <= max(width, least + 2) for line in shown)


def test_the_text_is_the_last_to_go():
    assert "3fa9c2d1  3h   success  helena  Test the login form of the shop" == lines(80)[1]
    assert "3fa9c2d1  3h   success  Test the login form o…" == lines(46)[1]
    assert "3fa9c2d1  success  Test the login form…" == lines(40)[1]
    assert "3fa9c2d1  Test the…" == lines(20)[1]
    assert "Test th…" == lines(8)[1]
    assert "…" == lines(1)[1]


def test_a_text_that_is_short_drives_no_column_out():
    assert "3fa9c2d1  3h   success  helena  Ship" == lines(40, [(ID, "3h", "success", "helena", "Ship")])[1]


def test_a_whole_text_goes_on_below_and_stands_alone_where_it_is_narrow():
    below = ["3fa9c2d1  3h   success  helena  Test the login form", " " * 32 + "of the shop"]
    assert below == lines(52, whole=True, first_to_go=[])[1:]
    assert ["3fa9c2d1 3h success helena", "  Test the login form of", "  the shop"] == lines(
        26, whole=True, first_to_go=[]
    )


def test_texts_that_stand_alone_have_their_headings():
    table = Table(headings=("name", "may", "may not"), rows=[("helena", "learn " * 9, "forget " * 9)], flexible=[1, 2])
    shown = laid_out(table, 30, StringIO())
    assert ["helena", "  may: learn learn learn learn"] == shown[:2]
    assert "  may not: forget forget" in shown


@given(words, st.integers(2, 30))
def test_folding_loses_nothing_but_spaces(text, width):
    found = folded(text, width)
    assert "".join(text.split()) == "".join("".join(found).split())
    assert all(width_of(line) <= width for line in found)


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("word", 4, "word"),
        ("words", 4, "wor…"),
        ("a word", 3, "a…"),
        ("字字字", 5, "字字…"),
        ("words", 0, ""),
        ("", 3, ""),
    ],
)
def test_a_text_is_cut_with_an_ellipsis(text, width, expected):
    assert expected == cut(text, width)


def test_numbers_that_stand_alone_have_their_headings():
    table = Table(headings=("kind", "count", "domain"), rows=[("outcome", "1,204", "testing " * 4)], flexible=[2])
    assert "outcome count 1,204" == laid_out(table, 24, StringIO())[0]
