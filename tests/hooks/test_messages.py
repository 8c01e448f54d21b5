"""Last messages of turns in agents' natural words: what their line says, and what speaks against the last check.

The messages were written and labelled before the code that reads them was looked at.
"""

import pytest

from alma_cli.hooks.messages import speaks_against, told, without_line

GREEN_HOLDS = [
    "Done. The refund endpoint now rounds half up and all 42 tests pass.",
    "I've added the retry with jitter and a test for it. Everything is green.",
    "Fixed the race by taking the lock before reading the balance; the test that failed one time in ten passed 200 runs in a row.",
    "The build works again: the tsconfig of packages/ui lacked `composite`.",
    "No error anymore: the failing import was fixed and nothing else failed.",
    "The test that used to fail with 'connection refused' now passes; failures in CI should be gone.",
    "I removed the fallback that hid errors, so failed payments are reported now. All tests pass.",
    "Erledigt: die Rundung stimmt jetzt, alle Tests sind grün.",
    "Listo, todas las pruebas pasan.",
    "C'est corrigé : le cache est vidé après chaque écriture et les tests passent.",
    "修正しました。すべてのテストが通りました。",
    "It's a workaround rather than a fix: I raised the timeout to 30 s and the test passes.",
    "I think this fixes it, though I could not reproduce the crash.",
]
GREEN_SAYS_NOTHING = [
    "I couldn't get it to work. Mocking the clock breaks the scheduler, so I reverted my changes.",
    "That approach turned out to be a dead end: the ORM can't express the window function. I've reverted everything and the tests are green again.",
    "Reverted. The suite passes as before, but the N+1 query is still there.",
    "I gave up on running the e2e tests in parallel: they share one database. I put `workers: 1` back.",
    "I marked test_sync_twice as xfail for now, since I couldn't find out why it hangs.",
    "I've skipped the flaky test with `it.skip` so that CI is green; the cause is still unknown.",
    "Locally everything passes, but CI still fails with the same timeout, so this did not fix it.",
    "Ich habe es nicht geschafft; die Migration schlägt weiterhin fehl und ich habe alles zurückgesetzt.",
    "No conseguí que pasara la prueba de concurrencia; he revertido los cambios.",
    "Je n'ai pas réussi à reproduire l'erreur, j'ai annulé mes modifications.",
    "Partly done: the API is finished, the command-line part is still missing.",
    "I finished steps 1 to 3. Step 4 (backfill) isn't done because the staging database is locked.",
]
RED_HOLDS = [
    "Two of the five snapshot tests still fail; the other three are fixed.",
    "The migration works on SQLite, but on PostgreSQL the enum cast still fails. I stopped there.",
    "I hit my limit of attempts. The type error in the generated client is still there.",
    "Still failing. The worker starts, but the queue is never drained; I don't know why yet.",
]
RED_SAYS_NOTHING = [
    "Before I go on: do you want the column nullable, or filled with a default?",
    "All but one test pass; the remaining failure was there before my change (same on main).",
    "The only red test is test_geoip, which needs network and fails on main too. The rest of the suite is green.",
]
LINES = [
    (
        "Fixed the rounding.\n\nAlma-Outcome: success; when amounts are split over several lines; do round once at the end; why rounding each line drifts",
        "success",
    ),
    ("Alma-Outcome: failure; when running browser tests in parallel; do share one database", "failure"),
    ("Half of it works.\nAlma-Outcome: partial; when splitting a module; do move types first", "partial"),
    ("`Alma-Outcome: success; when caching; do key by tenant`", "success"),
    ("- Alma-Outcome: success; when caching; do key by tenant", "success"),
    ("> Alma-Outcome: failure; when caching; do key by user", "failure"),
    ("```\nAlma-Outcome: success; when caching; do key by tenant\n```", "success"),
    ("alma-outcome: Success", "success"),
    ("Alma-Outcome: FAILED", "failure"),
    ("Alma-Outcome: failed; when the token is cached; do refresh on 401", "failure"),
    ("Alma-Outcome: succeeded", "success"),
    ("Alma-Outcome: partially done", "partial"),
    ("Alma-Outcome: success.", "success"),
    ("Alma-Outcome: success, when the cache is cold, do warm it at deploy", "success"),
    ("Alma-Outcome: success - when the cache is cold - do warm it at deploy", "success"),
    ("Alma-Outcome:success;when the cache is cold;do warm it", "success"),
    (
        "First try:\nAlma-Outcome: failure; when a; do b\nThen I changed it.\nAlma-Outcome: success; when a; do c",
        "success",
    ),
    ("Alma Outcome: success; when a; do b", "success"),
    ("### Alma-Outcome: success; when a; do b", "success"),
    ("1. Alma-Outcome: failure", "failure"),
    ("Alma-Outcome: \u2705 success; when a; do b", "success"),
    ('Alma-Outcome: "partial"; when a; do b', "partial"),
    ("Alma-Outcome: fail; when a; do b", "failure"),
    ("Alma-Outcome: success; When: deploying twice; Do: lock the release", "success"),
    ("All done!\n\n*Alma-Outcome: success; when a; do b*", "success"),
    ("Alma-Outcome: success; when a request\nis retried; do send the same key", "success"),
    ("Alma-Outcome: success; when a; do b\n\nLet me know if you want anything else.", "success"),
]


@pytest.mark.parametrize("message", GREEN_HOLDS)
def test_a_green_check_holds_where_nothing_speaks_against_it(message):
    assert not speaks_against("green", message)


@pytest.mark.parametrize("message", GREEN_SAYS_NOTHING)
def test_a_green_check_says_nothing_of_work_that_was_given_up_or_put_off(message):
    assert speaks_against("green", message)


@pytest.mark.parametrize("message", RED_HOLDS)
def test_a_red_check_holds_where_nothing_speaks_against_it(message):
    assert not speaks_against("red", message)


@pytest.mark.parametrize("message", RED_SAYS_NOTHING)
def test_a_red_check_says_nothing_where_the_agent_asks_or_it_was_red_before(message):
    assert speaks_against("red", message)


@pytest.mark.parametrize(("message", "result"), LINES)
def test_a_line_says_the_result_however_it_is_set(message, result):
    assert result == told(message).result


@pytest.mark.parametrize(
    "line",
    [
        "success|failure|partial[; when ...]",
        "success | failure",
        "<success>",
        "-\nFailed tests: 0",
        "unknown",
        "none",
        "done",
    ],
)
def test_an_example_and_other_words_are_no_result(line):
    assert told(f"I end with a line:\nAlma-Outcome: {line}") is None


@pytest.mark.parametrize(
    "marks", ["; when {}; do {}; why {}", ", when {}, do {}, why {}", " - when {} - do {} - why {}"]
)
def test_the_parts_of_a_line_may_stand_between_other_marks(marks):
    said = told("Alma-Outcome: success" + marks.format("a cache is cold", "warm it", "it is slow")).said
    assert ("a cache is cold", "warm it", "it is slow") == said
    assert ("a, do b", "c") == told("Alma-Outcome: success; when a, do b; do c").said[:2]


@pytest.mark.parametrize(
    "line",
    [
        '; when "a cache is cold"; do \u201cwarm it\u201d',
        "; when `a cache is cold`; do `warm it`",
        "; when **a cache is cold**; do **warm it**",
        "; when <a cache is cold>; do [warm it]",
        "; when=a cache is cold; do=warm it",
        "\n- **When:** a cache is cold\n- **Do:** warm it",
        ";\nwhen a cache is cold;\ndo warm it",
    ],
)
def test_the_general_words_of_a_line_are_read_out_of_their_marks_and_from_the_lines_to_which_it_goes_on(line):
    message = f"Warmed it.\n\nAlma-Outcome: success{line}\n\nWhen you deploy: do tell me."
    assert ("a cache is cold", "warm it", "") == told(message).said
    assert "Warmed it. When you deploy: do tell me." == without_line(message)


def test_marks_within_general_words_are_theirs():
    said = told('Alma-Outcome: success; when "a" is not "b"; do use List<T>').said
    assert ('"a" is not "b"', "use List<T>") == said[:2]


def test_the_strategy_is_the_message_without_its_lines():
    assert "Waited. Then asked." == without_line(
        "Waited.\nAlma-Outcome: unknown\n\nThen asked.\n`Alma-Outcome: success`"
    )
    assert "" == without_line("```\nAlma-Outcome: success\n```")
    assert "`make lint` is new." == without_line("`make lint` is new.\n\nAlma-Outcome: success")


def test_a_line_in_the_signs_of_chinese_and_japanese_is_read():
    message = "修正しました。\n\nAlma-Outcome： success；when a test depends on the date；do freeze the clock"
    said = told(message)
    assert said is not None
    assert ("success", "a test depends on the date", "freeze the clock") == (said.result, said.said.when, said.said.do)
    assert "修正しました。" == without_line(message)
