"""A marked block in somebody's Markdown: put in, changed and taken out, with what is around it as it was."""

import pytest

from alma_cli.errors import AlmaError
from alma_cli.hooks.install.blocks import with_block

FIRST, LAST = "<!-- >>> x >>> -->", "<!-- <<< x <<< -->"


def block(text, body):
    return with_block("AGENTS.md", text, "x", body)


@pytest.mark.parametrize("text", ["", "# Mine\n", "# Mine\r\n\r\nmore\r\n", "\n\n", f"say `{FIRST}`\n"])
def test_a_block_comes_and_goes_and_leaves_every_byte(text):
    there = block(text, "one\n")
    assert there.startswith(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    assert there.endswith(newline.join([FIRST, "one", LAST, ""]))
    assert there == block(there, "one\n")
    assert text == block(there, "")


def test_a_block_stays_where_it_was_moved_to():
    moved = f"# Mine\n\n{FIRST}\nold\n{LAST}\n\n## After\n"
    assert moved.replace("old", r"new \1 \g<0>") == block(moved, "new \\1 \\g<0>\n")


def test_a_text_that_ends_without_a_newline_gets_one():
    assert f"# Mine\n\n{FIRST}\none\n{LAST}\n" == block("# Mine", "one\n")


def test_a_block_at_the_very_end_may_lack_its_newline():
    assert f"{FIRST}\ntwo\n{LAST}\n" == block(f"{FIRST}\none\n{LAST}", "two\n")


def test_no_block_is_as_good_as_an_empty_one():
    assert "# Mine\n" == block("# Mine\n", "")


@pytest.mark.parametrize(
    "text", [f"{FIRST}\n", f"{LAST}\n", f"{LAST}\n{FIRST}\n", f"{FIRST}\n{FIRST}\n{LAST}\n", f"{FIRST}\n{LAST}\n" * 2]
)
def test_half_a_block_is_refused(text):
    with pytest.raises(AlmaError, match="isn't whole"):
        block(text, "one\n")
