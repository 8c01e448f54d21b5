"""Which prompts are tasks."""

import pytest

from alma_cli.hooks.prompts import is_task, refutation

NOTICE = "<task-notification>\n<task-id>b1</task-id>\n<summary>npm test completed</summary>\n</task-notification>"


@pytest.mark.parametrize(
    "prompt",
    [
        "Fix the login test",
        "修复登录页面的测试",
        "修复登录页面的测试 OK?",
        "把商店升级到 Next",
        "Обнови магазин до Next",
        "Исправь тест no",
        "ログインのテストを直して",
        "commit the fix for the login",
        "/ means divide: explain\nit with an example",
        f"{NOTICE}\n\nLook at why it took so long",
        "next: rename the enum",
        "Do what the <b>old</b> page did",
    ],
)
def test_a_prompt_that_says_anything_of_its_own_is_a_task(prompt):
    assert is_task(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        *(
            "",
            "  \n",
            "yes",
            "Continue",
            "go ahead!",
            "OK.",
            "yes, go on",
            "ok, commit and push",
            "👍",
            "да, продолжай",
        ),
        *(
            "好的，继续",
            "はい",
            "merci",
            "weiter bitte",
            "/compact",
            "/commit -m now",
            "!ls -la",
            NOTICE,
            NOTICE + NOTICE,
        ),
        "<system-reminder>be brief</system-reminder> ok",
    ],
)
def test_notices_commands_and_go_on_belong_to_the_task_before(prompt):
    assert not is_task(prompt)


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
