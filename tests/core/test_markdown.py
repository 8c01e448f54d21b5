"""Bullets and short paragraphs of a page are facts under their headings; code, badges and the like are none."""

from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.learning.markdown import facts_in

PAGE = """\
---
title: front matter is no fact
---
# The shop

[![a badge of the build](https://x/y.svg)](https://x/y)
We deploy on Tuesdays,
after lunch.

## Tests ##
These are the rules we keep:
- Run `make test` before a push
  and look at its output
* [x] Freeze the clock in tests
1. Never sleep before a click
- https://example.org/a/b
- [only a link](https://example.org)

```sh
- this is code in a fence
```
    this is indented code too

| a table | is not | a fact |
<div>html is not a fact either</div>
<!-- a comment
of several lines is not
-->
> Quoted words are a paragraph.
<!-- >>> alma lessons >>> -->
- what ALMA wrote itself is left out
<!-- <<< alma lessons <<< -->
- Never sleep before a click
- <!-- hidden --> Shown beside a comment
"""


def test_the_facts_of_a_page():
    assert [
        (7, "The shop", "We deploy on Tuesdays, after lunch."),
        (12, "Tests", "Run `make test` before a push and look at its output"),
        (14, "Tests", "Freeze the clock in tests"),
        (15, "Tests", "Never sleep before a click"),
        (29, "Tests", "Quoted words are a paragraph."),
        (34, "Tests", "Shown beside a comment"),
    ] == [tuple(fact) for fact in facts_in(PAGE)]


def test_what_is_too_long_or_too_short_is_no_fact():
    assert [] == facts_in("too short\n\n" + "long " * 101)
    assert [] == facts_in("")
    assert ["no end of line here"] == [fact.text for fact in facts_in("no end of line here")]


@given(st.text(alphabet="-*#`~<>! |ab\\n\\t[]()1.", max_size=60))
def test_no_page_is_too_odd(page):
    assert all(fact.text == " ".join(fact.text.split()) for fact in facts_in(page))
