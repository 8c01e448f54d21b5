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


def told(page):
    return [(fact.heading, fact.text) for fact in facts_in(page)]


def test_a_fence_ends_where_one_as_long_does():
    page = "````md\n```sh\n- this is code in a fence\n```\n- and this is code too\n````\n- Run the tests first\n"
    assert [("", "Run the tests first")] == told(page)
    assert [("", "Run the tests first")] == told("~~~\n```\n- this is still code\n~~~\n- Run the tests first\n")


def test_code_in_three_backticks_within_a_line_hides_nothing_below_it():
    assert ["```make ci``` runs all the tests", "Freeze the clock in tests"] == [
        text for _, text in told("```make ci``` runs all the tests\n\n- Freeze the clock in tests\n")
    ]


def test_a_rule_on_the_first_line_is_no_front_matter_without_an_end():
    assert [("", "Freeze the clock in tests")] == told("---\n- Freeze the clock in tests\n")
    for front in ("---\ntitle: the name of it\n...\n", "+++\ntitle = 'the name of it'\n+++\n"):
        assert [(3 + 1, "Freeze the clock in tests")] == [
            (fact.line, fact.text) for fact in facts_in(f"{front}- Freeze the clock in tests\n")
        ]


def test_a_heading_may_be_underlined():
    page = (
        "The rules we keep\n=================\nNever sleep in tests.\n\nOn the CI\n---\n- It has two cores\n---\nAll.\n"
    )
    assert [("The rules we keep", "Never sleep in tests."), ("On the CI", "It has two cores")] == told(page)


def test_what_is_quoted_is_read_as_what_stands_by_itself():
    page = "> [!NOTE]\n> Freeze the clock\n> in tests.\n>\n> - Never sleep before a click\n> ```\n> - code is no fact\n> ```\n"
    assert ["Freeze the clock in tests.", "Never sleep before a click"] == [text for _, text in told(page)]


@given(st.text(alphabet="-*#`~<>! |ab\\n\\t[]()1.", max_size=60))
def test_no_page_is_too_odd(page):
    assert all(fact.text == " ".join(fact.text.split()) for fact in facts_in(page))
