"""Which prompts are tasks."""

import pytest

from alma_cli.hooks.prompts import is_task

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
