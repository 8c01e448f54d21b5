"""Which prompts say that the work before them did not hold."""

import pytest

from alma_cli.hooks.refutations import only_refutes, refutation


@pytest.mark.parametrize(
    "prompt",
    [
        "nope. staging still loads the old host",
        "Deployed. Under load it's still there, only later",
        "CI doesn't like it, 4 of 6 runs are red",
        "That didn\u2019t help, the lock is taken twice",
        "same error:\n\nValueError: no such row",
        "hm, it is back",
        "Klappt leider nicht",
        "Der Job ist immer noch rot.",
        "\u00e7a ne marche toujours pas",
        "Sigue fallando en la CI",
    ],
)
def test_a_prompt_may_say_that_the_work_before_did_not_hold(prompt):
    assert refutation(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "The login doesn't work on Safari, please look",
        "No change of meaning, only the name says the unit",
        "same way as the tile host, please",
        "Do we still need the old endpoint?",
        "great. Next: the flaky upload test",
        "No patching of time then, inject the clock",
        "The nightly job hangs:\n\n> it is still there",
        "Die Seite geht auf dem Handy nicht auf",
    ],
)
def test_a_new_task_says_nothing_of_the_work_before(prompt):
    assert "" == refutation(prompt)


@pytest.mark.parametrize(
    ("prompt", "is_all"),
    [
        ("no, that didn\u2019t help: it is red on Safari", True),
        ("Still broken.\n\nTake it out again.", True),
        ("Still broken. Take it out. Then look at the lock", False),
        ("Deployed. Now tell the team. It's still there", False),
        ("same error:\n\nValueError: no such row", False),
        ("Fix the flaky login test", False),
        ("", False),
    ],
)
def test_a_prompt_that_asks_or_quotes_more_than_it_refutes_is_a_task_of_its_own(prompt, is_all):
    assert is_all == only_refutes(prompt)
