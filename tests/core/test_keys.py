import json
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.learning.concepts import alike, misspelt
from alma_cli.core.learning.keys import KeyCandidate, adds_wording, choose_key, new_key, same, told_apart
from alma_cli.core.learning.wording import MAX_LENGTH, wording

PAIRS = [
    json.loads(line) for line in (Path(__file__).parent / "data/same_pairs.ndjson").read_text("utf-8").splitlines()
]
HELD_OUT = [pair for pair in PAIRS if pair["half"] == "report"]

SOME_WORDS = (
    "test", "tests", "the", "login", "form", "not", "enable", "disable", "then", "from", "to", "3", "three", "30 s",
    "users.id", "Chrome", "MySQL", "x > 5", "(2 times)", "before", "turn", "off", ",", "don't", "--flag",
)  # fmt: skip
texts = st.lists(st.sampled_from(SOME_WORDS), max_size=7).map(" ".join) | st.text(max_size=20)
roles = st.sampled_from(["task", "strategy"])
cosines = st.sampled_from([-1.0, 0.0, 0.55, 0.7, 0.9, 1.0])


@given(texts, texts, cosines, roles)
def test_the_order_of_the_two_texts_makes_no_difference(a, b, cosine, role):
    assert same(a, b, cosine, role) == same(b, a, cosine, role)
    assert told_apart(a, b) == told_apart(b, a)


@given(texts, cosines, roles)
def test_a_text_means_the_same_as_itself(text, cosine, role):
    assert same(text, text, cosine, role)


@given(texts, texts, roles, cosines, cosines)
def test_a_greater_cosine_never_parts_what_a_smaller_joins(a, b, role, one, other):
    low, high = sorted((one, other))
    assert same(a, b, high, role) or not same(a, b, low, role)


@given(st.text())
def test_any_text_has_a_key_of_bounded_length(text):
    assert 8 <= len(new_key(text)) <= 80


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Wait for the element", "wait for element."),
        ("Retried the request 3 times", "retry  the requests three times!"),
        ("Normalise the table", "normalize tables"),
        ("Don\u2019t retry", "don't retry"),
        ("\uff21dd an index", "Add an index"),
        ("", "  "),
        ("!!!", "!!!"),
    ],
)
def test_texts_of_one_form_have_the_same_key_and_are_the_same_at_any_cosine(a, b):
    assert new_key(a) == new_key(b)
    assert same(a, b, -1.0, "strategy")


@given(st.text(min_size=3))
def test_no_word_of_a_text_stands_in_its_key(text):
    assert set(new_key(text)) <= set(string.hexdigits)
    assert len(new_key(text)) == len(new_key(""))


def test_keys_of_different_forms_differ():
    assert len({new_key(text) for text in ("x > 5", "x < 5", "C++", "C", "C#", "retry", "don't retry", "5%", "5")}) == 9


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        ("Set the timeout to 30 s", "Set the timeout to 60 s", "other numbers"),
        ("Wait 500 ms", "Wait 500 s", "other numbers"),
        ("Cache it for one hour", "Cache it for one day", "other numbers"),
        ("Upgrade to 1.26.1", "Upgrade to 1.26.2", "other numbers"),
        ("Shift by -5 px", "Shift by 5 px", "other numbers"),
        ("Fail if x > limit", "Fail if x < limit", "other numbers"),
        ("Move it from 5 to 7", "Move it from 7 to 5", "numbers in another order"),
        ("Retry the request", "Do not retry the request", "one is negated"),
        ("Run with retries", "Run without retries", "one is negated"),
        ("Rely on the cache", "Stop relying on the cache", "one is negated"),
        ("Use a longer timeout", "Use a shorter timeout", "opposites: increas / decreas"),
        ("Turn the cache on", "Turn the cache off", "opposites: disabl / enabl"),
        ("Mount the volume", "Unmount the volume", "opposites: mount / unmount"),
        ("Unmount the volume", "Mount the volume", "opposites: mount / unmount"),
        ("Run it in Chrome", "Run it in Firefox", "different things of one kind: chrom / firefox"),
        ("Patch utils/date.py", "Patch utils/money.py", "other identifiers: utils/date.py"),
        ("Call it with --verbose", "Call it with --quiet", "other identifiers: --quiet"),
        ("Fix OrderService", "Fix UserService", "other identifiers: orderservice"),
        ("Book a flight to Denver", "Book a flight to Boston", "other names: boston / denver"),
        ("get user, then cancel", "get user, then search, then cancel", "other steps"),
        ("get user; get booking; cancel booking", "get user; get booking; book flight", "other steps"),
        ("Copy data from A to B", "Copy data from B to A", "swapped: #a / #b"),
        ("Seed the table before the run", "Seed the table after the run", "swapped: run / seed"),
        ("1. deploy 2. migrate", "1. migrate 2. deploy", "other steps"),
        ("Replace tabs with spaces", "Replace spaces with tabs", "swapped: spac / tab"),
        ("Add an index on email", "Add an index on surname", "one thing for another: email / surnam"),
        ("Test the form on mobile", "Test the form with a screen reader", "one thing for another: mobil / pag reader"),
        ("Cancel the order", "Cancel the order unless it was shipped", "one says more: unless ship"),
        ("Add a bag to the booking", "Add a bag and a seat to the booking", "one says more: seat"),
        ("search direct flight", "get user, then search direct flight, then book it", "one says more: user book"),
    ],
)
def test_what_differs_is_named(a, b, reason):
    assert reason == told_apart(a, b)
    assert not same(a, b, 0.98, "strategy")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("cancel reservation", "book reservation"),
        ("Add an index on email", "Email: add a trigger"),
        ("Rotate the keys", "Bake a loaf of bread"),
    ],
    ids=["one word for another", "one word for another, in another order", "no word in common"],
)
def test_too_few_words_in_common_part_even_what_is_near(a, b):
    assert told_apart(a, b) == ""
    assert not same(a, b, 0.98, "strategy")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Disable the cache", "Turn the cache off"),
        ("Guests cannot open the page", "Prevent guests from opening the page"),
        ("Do not sleep; poll until ready", "Poll until ready instead of sleeping"),
        ("Wait up to 5 seconds for the toast", "Wait at most 5000 ms for the toast"),
        ("Index customer_id of orders", "Index orders.customer_id"),
        ("Back off and retry the call", "backoff and repeat the call"),
        ("Waited for the visable elemnt", "Wait for the visible element"),
        ("get_user -> cancel_booking", "get user, then cancel the reservation"),
        ("Move data from MySQL to Postgres", "Migrate MySQL data into Postgres"),
        ("TEST THE LOGIN FORM IN CHROME", "check login form in Chrome"),
        ("Let clients in", "Let new clients in"),
    ],
)
def test_other_words_for_the_same_are_joined(a, b):
    assert same(a, b, 0.8, "strategy")


def test_few_shared_words_need_a_greater_cosine():
    a, b = "Add paging to the customer list", "Sort a long list of orders by their total price"
    assert not same(a, b, 0.7, "strategy")
    assert same(a, b, 1.0, "strategy")


def test_a_low_or_unknown_cosine_joins_nothing():
    assert not same("Disable the cache", "Turn the cache off", 0.3, "task")
    assert not same("Disable the cache", "Turn the cache off", float("nan"), "task")


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("elemnt", "element", True),
        ("visable", "visible", True),
        ("becuase", "because", True),
        ("servrs", "servers", True),
        ("install", "instal", True),
        ("content", "context", False),
        ("upload", "unload", False),
        ("inbound", "outbound", False),
        ("date", "data", False),
        ("browser", "browser", True),
    ],
)
def test_only_slips_of_the_pen_count_as_misspelt(a, b, expected):
    assert expected == (a == b or misspelt(a, b)) == (a == b or alike(b, a))


def no_texts(_key):
    return ()


def test_the_nearest_candidate_that_is_the_same_gives_the_key():
    candidates = [
        KeyCandidate("opposite", "Enable the cache", 0.95),
        KeyCandidate("near", "Switch the cache off", 0.9),
        KeyCandidate("far", "Turn the cache off", 0.8),
    ]
    assert "near" == choose_key("Disable the cache", candidates, role="strategy", texts_of=no_texts)
    assert choose_key("Disable the cache", candidates[:1], role="strategy", texts_of=no_texts) is None
    assert choose_key("Disable the cache", [], role="strategy", texts_of=no_texts) is None


def test_equally_near_candidates_give_the_same_key_in_any_order():
    candidates = [KeyCandidate(key, "Turn the cache off", 0.9) for key in "ba"]
    assert "a" == choose_key("Disable the cache", candidates, role="task", texts_of=no_texts)
    assert "a" == choose_key("Disable the cache", candidates[::-1], role="task", texts_of=no_texts)


def test_a_key_is_passed_over_if_any_of_its_texts_differs():
    candidates = [KeyCandidate("near", "Switch the cache off", 0.9), KeyCandidate("far", "Turn the cache off", 0.8)]
    texts_of = {"near": ["Switch the cache off", "Disable the cache of the CDN"], "far": ["Turn the cache off"]}
    assert "far" == choose_key("Disable the cache", candidates, role="strategy", texts_of=texts_of.__getitem__)


def test_a_second_text_of_another_form_is_kept_for_a_key():
    assert adds_wording("Disable the cache", [])
    assert adds_wording("Turn the cache off", ["Disable the cache"])
    assert not adds_wording("disable  the caches!", ["Disable the cache"])
    assert not adds_wording("Switch off the cache", ["Disable the cache", "Turn the cache off"])


@pytest.mark.parametrize("unit", ["a", "then ", "a, ", "turn ", "\x00\x1b", "\ufdfa", "1", "é_.", "x1_ ", " "])
def test_a_huge_text_is_only_ever_the_same_by_its_form(unit):
    text = unit * (1_000_000 // len(unit))
    assert same(text, text + " ", 1.0, "task")
    assert not same(text, text + "b", 1.0, "task")
    assert len(new_key(text)) <= 80


@pytest.mark.parametrize("alphabet", [string.ascii_lowercase, string.punctuation, "\u4e00\u4e8c\u4e09"])
def test_long_texts_of_many_words_are_compared(alphabet):
    words = [f"{a}{b}" for a in alphabet for b in alphabet]
    a, b = " ".join(words)[:MAX_LENGTH], " ".join(reversed(words))[:MAX_LENGTH]
    assert same(a, b, 1.0, "task") == same(b, a, 1.0, "task")
    assert told_apart(a, b) == told_apart(b, a)


def test_only_the_beginning_of_a_text_is_taken_apart():
    assert wording("a_b " * MAX_LENGTH) == wording(("a_b " * MAX_LENGTH)[:MAX_LENGTH])


@pytest.mark.parametrize("role", ["task", "strategy"])
def test_what_was_held_out_is_joined_rightly(role):
    of_role = [pair for pair in HELD_OUT if pair["role"] == role]
    joined = [pair for pair in of_role if same(pair["a"], pair["b"], pair["cosine"], role)]
    assert sum(pair["same"] for pair in joined) / len(joined) >= 0.97


@pytest.mark.parametrize("role", ["task", "strategy"])
def test_most_of_what_was_held_out_is_found_again(role):
    meant = [pair for pair in HELD_OUT if pair["same"] and pair["role"] == role]
    assert sum(same(pair["a"], pair["b"], pair["cosine"], role) for pair in meant) / len(meant) >= 0.65


@pytest.mark.parametrize("why", ["negation", "opposite", "number", "order"])
def test_nothing_held_out_of_these_kinds_is_joined(why):
    apart = [pair for pair in HELD_OUT if pair["why"] == why]
    assert [] == [pair for pair in apart if same(pair["a"], pair["b"], pair["cosine"], pair["role"])]


def test_a_huge_text_kept_for_a_key_tells_nothing_apart():
    candidates = [KeyCandidate("key", "Turn the cache off", 0.9)]
    texts_of = {"key": ["Turn the cache off", "Enable the cache " * MAX_LENGTH]}
    assert "key" == choose_key("Disable the cache", candidates, role="task", texts_of=texts_of.__getitem__)
