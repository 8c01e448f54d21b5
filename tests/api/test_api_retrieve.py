"""What a retrieve gives: whose memories, in what order, how many, and within which budget."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from alma_cli import ALMA
from alma_cli.embedding import count_tokens

MODEL = "sentence-transformers/all-MiniLM-L6-v2"


@pytest.fixture
def alma(project):
    return ALMA.find(directory=project)


def add_one_of_each(alma, agent, subject):
    """A memory of each kind about the subject; their ids in the order of a slice."""
    outcome = alma.learn(agent, f"Test the {subject} form", "success", f"Tried the {subject} fields").id
    return [
        alma.add_anti_pattern(f"testing the {subject} form by sleeping", agent=agent).id,
        alma.add_heuristic(f"testing the {subject} form", "begin with empty fields", agent=agent).id,
        alma.add_preference(f"Test the {subject} form with a keyboard", agent=agent).id,
        alma.add_knowledge(f"The {subject} form validates on blur", agent=agent).id,
        outcome,
    ]


def test_kinds_come_in_their_order(alma):
    ids = add_one_of_each(alma, "a", "login")
    assert ids == [hit.id for hit in alma.retrieve("test the login form", "a")]


def test_top_k_is_of_each_kind_and_the_best(alma):
    for number in range(4):
        alma.add_knowledge(f"The login form of shop {number} has {number} fields", agent="a")
        alma.learn("a", f"Test the login form of shop {number}", "success")
    every = alma.retrieve("test the login form", "a", 10)
    few = alma.retrieve("test the login form", "a", 2)
    assert (4, 4) == (len(every.knowledge), len(every.outcomes))
    assert [hit.id for hit in every.knowledge[:2]] == [hit.id for hit in few.knowledge]
    assert [hit.id for hit in every.outcomes[:2]] == [hit.id for hit in few.outcomes]
    assert [hit.score for hit in every.outcomes] == sorted((hit.score for hit in every.outcomes), reverse=True)


def test_the_budget_is_never_exceeded(alma):
    for subject in ("login", "signup", "checkout"):
        add_one_of_each(alma, "a", subject)
    for budget in (1, 20, 40, 60, 90, 150, 300, 2000):
        found = alma.retrieve("test the login, signup and checkout form", "a", max_tokens=budget)
        text = found.to_prompt(budget)
        assert found.tokens <= budget
        assert found.tokens == count_tokens(text)
        assert len(found) == text.count("\n- [")
        for smaller in (budget // 2, 1):
            assert count_tokens(found.to_prompt(smaller)) <= smaller


def test_the_prompt_of_what_was_found_is_within_the_budget_where_reasons_have_no_room(alma):
    alma.add_anti_pattern("sleep until the date has changed", agent="a", why_bad="the clock ticks on " * 6)
    whole = alma.retrieve("sleep until the date has changed", "a", strict=True).tokens
    found = alma.retrieve("sleep until the date has changed", "a", max_tokens=whole - 1, strict=True)
    assert 1 == len(found.anti_patterns)
    assert found.tokens == count_tokens(found.to_prompt(found.tokens)) < whole


def test_what_says_the_same_is_shown_once(alma):
    for task in ("Test the login form", "test the LOGIN form", "Test  the login form."):
        alma.learn("a", task, "success")
    found = alma.retrieve("test the login form", "a", explain=True)
    assert 1 == len(found.outcomes)
    assert ["the same as a memory that is shown"] * 2 == [reason for _, reason in found.near_misses]


def test_what_says_nearly_the_same_is_shown_once_but_not_its_opposite(alma):
    for fact in (
        "The cache is enabled in staging",
        "Cache enabled in the staging",
        "The cache is not enabled in staging",
    ):
        alma.import_([(1, {"kind": "knowledge", "agent": "a", "fact": fact, "source": "wiki"})])
    assert 2 == len(alma.retrieve("is the cache enabled in staging?", "a").knowledge)


EXACT = {
    "E1042": "what does E1042 mean?",
    "max_pool_size": "raise max_pool_size",
    "HttpClientFactory": "where is HttpClientFactory made",
    "--no-verify": "commit with --no-verify",
    "deploy/prod.tf": "edit deploy/prod.tf",
    "urllib3.exceptions.MaxRetryError": "urllib3.exceptions.MaxRetryError: Max retries exceeded",
    "conftest.py": 'File "tests/conftest.py", line 12, in store',
    "ERR_SSL_PROTOCOL": "net::ERR_SSL_PROTOCOL in the browser",
}


def test_names_codes_flags_and_files_always_pass(alma):
    lines = enumerate([*(f"Remember the lunch menu when {name} turns up" for name in EXACT), "The weather is fine"] * 1)
    alma.import_((number, {"kind": "knowledge", "agent": "a", "fact": fact, "source": "x"}) for number, fact in lines)
    for name, task in EXACT.items():
        assert [name in hit.fact for hit in alma.retrieve(task, "a").knowledge][:1] == [True], name


LANGUAGES = {
    "如何修复不稳定的登录测试": [
        "部署前先备份数据库",
        "登录页面的测试不稳定，需要等待按钮可点击",
        "缓存失效后接口变慢",
    ],
    "починить тест формы входа": ["Сделать копию базы данных", "Тест формы входа нестабилен", "Кэш работает медленно"],
    "إصلاح اختبار تسجيل الدخول": ["انسخ قاعدة البيانات", "اختبار صفحة تسجيل الدخول غير مستقر", "الواجهة بطيئة"],
    "แก้ไขการทดสอบเข้าสู่ระบบ": ["สำรองฐานข้อมูล", "การทดสอบหน้าเข้าสู่ระบบไม่เสถียร", "เอพีไอช้าหลังจากแคชหมดอายุ"],
    "ログインのテストを直す": [
        "データベースをバックアップする",
        "ログイン画面のテストが不安定",
        "画像は権限不足で失敗した",
    ],
    "로그인 테스트 고치기": [
        "배포 전에 데이터베이스를 백업한다",
        "로그인 화면 테스트가 불안정하다",
        "캐시가 만료되면 느려진다",
    ],
}


@pytest.mark.parametrize("task", LANGUAGES)
def test_in_any_script_a_memory_is_found_by_its_words(alma, task):
    facts = LANGUAGES[task]
    alma.import_(
        (number, {"kind": "knowledge", "agent": "a", "fact": fact, "source": "x"}) for number, fact in enumerate(facts)
    )
    found = alma.retrieve(task, "a")
    assert [facts[1]] == [hit.fact for hit in found.sure]
    assert ["only words are compared, not meaning: the bundled model reads the Latin script only"] == found.warnings


def test_near_misses_say_why_they_were_left_out(alma):
    for number in range(3):
        alma.add_knowledge(f"The login form of shop {number} has {number} fields", agent="a")
    alma.add_knowledge("Bake a cake with chocolate", agent="a")
    top = alma.retrieve("login form", "a", 1, explain=True)
    assert ["1 better ones of this kind"] * 2 + ["not similar enough to the task"] == [
        reason for _, reason in top.near_misses
    ]
    tight = alma.retrieve("login form", "a", max_tokens=1, explain=True)
    assert (0, 3) == (len(tight), sum(reason == "over the budget of 1 tokens" for _, reason in tight.near_misses))
    assert [] == list(alma.retrieve("login form", "a").near_misses)


def test_where_nothing_fits_into_the_budget_it_is_not_told_that_nothing_is_relevant(alma):
    told = "memories fit the task, and none of them into a budget of 1 tokens"
    alma.add_knowledge("The login form of the shop has two fields", agent="a")
    tight, found = (alma.retrieve("login form", "a", max_tokens=most) for most in (1, 200))
    assert (0, True, [told]) == (len(tight), tight.over_budget, list(tight.warnings))
    assert (1, False, []) == (len(found), found.over_budget, list(found.warnings))
    other = alma.retrieve("Bake a cake", "a", max_tokens=1, strict=True)
    assert (False, []) == (other.over_budget, list(other.warnings))


def test_where_nothing_is_sure_the_nearest_may_fit(alma):
    fact = alma.add_knowledge("Use parameterised statements, never string concatenation, for SQL", agent="a").id
    alma.add_knowledge("Bake a cake with chocolate", agent="a")
    found = alma.retrieve("Protect against injection attacks", "a")
    assert [(fact, False)] == [(hit.id, hit.sure) for hit in found]
    assert [] == found.sure
    assert "### May fit" in found.to_prompt()
    assert 0 == len(alma.retrieve("Protect against injection attacks", "a", strict=True))


def test_an_outcome_credits_no_memory_that_only_may_have_fitted(alma):
    alma.add_knowledge("Use parameterised statements, never string concatenation, for SQL", agent="a")
    found = alma.retrieve("Protect against injection attacks", "a")
    alma.learn("a", "Protect against injection attacks", "success", retrieval=found.retrieval_id)
    assert [] == alma.memories(kinds=["credit"])


def test_nothing_relevant_is_an_empty_slice(alma):
    alma.learn("a", "Bake a cake with chocolate", "success")
    found = alma.retrieve("postgres replication lag", "a")
    assert (0, "", 0, 1) == (len(found), found.to_prompt(), found.tokens, found.considered)


def test_an_exact_rare_word_is_always_found(alma):
    wanted = alma.learn("a", "Investigate E1042 after lunch", "success").id
    for number in range(5):
        alma.learn("a", f"Investigate the weather on day {number}", "success")
    assert wanted in [hit.id for hit in alma.retrieve("what does E1042 mean?", "a", 10)]


# Visibility


SHARING = """\
alma:
  project_id: shop
  agents:
    lead: {inherit_from: [junior]}
    junior: {share_with: [tester]}
    tester: {cannot_learn: [secret]}
    open: {share_with: ["*"], can_learn: [ui]}
    nosy: {inherit_from: ["*"]}
"""


@pytest.fixture
def shared(configure, project):
    """A project where each agent has one fact, junior one in the domain secret too; ids by agent."""
    configure(SHARING)
    alma = ALMA.find(directory=project)
    ids = {
        agent: alma.add_knowledge(f"The login form as {agent} knows it", agent=agent, domain="ui").id
        for agent in ("lead", "junior", "tester", "open", "nosy", "_project")
    }
    ids["secret"] = alma.add_knowledge("The login form has a backdoor", agent="junior", domain="secret").id
    return alma, ids


def test_whose_memories_an_agent_sees(shared):
    alma, ids = shared
    expected = {
        "lead": {"lead", "junior", "secret", "open", "_project"},
        "junior": {"junior", "secret", "open", "_project"},
        "tester": {"tester", "junior", "open", "_project"},
        "open": {"open", "_project"},
        "nosy": {"nosy", "lead", "junior", "secret", "tester", "open", "_project"},
    }
    for agent, owners in expected.items():
        seen = {hit.id for hit in alma.retrieve("the login form", agent, 50)}
        assert (agent, owners) == (agent, {owner for owner, id in ids.items() if id in seen})


def test_what_its_owner_may_no_longer_learn_is_not_seen(shared, configure):
    alma, ids = shared
    configure(SHARING.replace("junior: {", "junior: {cannot_learn: [ui], "))
    again = ALMA.find(directory=alma.project.root)
    assert ids["junior"] not in {hit.id for hit in again.retrieve("the login form", "lead", 50)}


def test_preferences_are_shown_to_their_user_only(alma):
    ids = {
        user: alma.add_preference(f"The login form of {user or 'all'} is blue", user=user).id for user in ("", "ana")
    }
    mine = alma.add_preference("The login form is wide", agent="a").id
    assert {ids[""], mine} == {hit.id for hit in alma.retrieve("login form", "a").preferences}
    assert {ids[""], ids["ana"], mine} == {hit.id for hit in alma.retrieve("login form", "a", user="ana").preferences}
    assert {ids[""]} == {hit.id for hit in alma.retrieve("login form", "b", user="bo").preferences}


# Without the model


@pytest.fixture
def without_model(configure, project):
    """The project as configured for a model that is not on this machine."""
    configure("alma:\n  project_id: shop\n  embedding: {model: BAAI/bge-small-en-v1.5}\n")
    return ALMA.find(directory=project)


def test_without_its_model_learning_goes_on_and_words_are_compared(without_model):
    learned = without_model.learn("a", "Test the login form", "success")
    added = without_model.add_knowledge("The login form validates on blur", agent="a")
    found = without_model.retrieve("login form", "a")
    assert {learned.id, added.id} == {hit.id for hit in found}
    for told in (learned, added, found):
        assert 1 == len(told.warnings)
        assert told.warnings[0].startswith("only words are compared, not meaning: ")
    assert 0 == len(without_model.retrieve("sign-in page", "a"))


def test_reindex_gives_vectors_once_the_model_is_there(without_model, configure, project):
    id = without_model.learn("a", "Test the login form", "success").id
    configure("alma:\n  project_id: shop\n")
    alma = ALMA.find(directory=project)
    stale = alma.retrieve("check the sign-in form", "a")
    assert [
        f"1 of 1 memories have no vector by {MODEL}, so only their words were compared: run `alma reindex`"
    ] == list(stale.warnings)
    assert (1, 1, 0) == (alma.outdated(), alma.reindex(), alma.outdated())
    found = alma.retrieve("check the sign-in form", "a")
    assert ([id], []) == ([hit.id for hit in found], list(found.warnings))


# A folder that can't be written

READ_ONLY = """
import os, sys
from alma_cli import ALMA, AlmaError
from alma_cli.cli import main

def work(folder):
    alma = ALMA.find(directory=folder)
    print(len(alma.retrieve("test the login form", "a")), alma.stats().tallies[0].count)
    try:
        alma.learn("a", "x", "success")
    except AlmaError as error:
        print(type(error).__name__, error.exit_code)
    print(main(["doctor", "--dir", folder]))

ours, theirs = sys.argv[1:]
work(ours)  # loads all that is needed, which nobody may be unable to read
print("as nobody")
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
work(theirs)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_project_of_somebody_else_can_be_read(alma):
    alma.learn("a", "Test the login form", "success")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "shop")
        shutil.copytree(alma.project.root, copy)
        for path in (Path(folder), copy, *copy.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        finished = subprocess.run(
            [sys.executable, "-c", READ_ONLY, str(alma.project.root), str(copy)], capture_output=True, text=True
        )
    as_nobody = finished.stdout.partition("as nobody\n")[2]
    assert as_nobody.startswith("1 1\nStoreUnwritable 1\n"), finished
    assert as_nobody.endswith("\n1\n")
    assert f"FAILED\tfolder\t{copy}/.alma can't be written: retrieve works, learn doesn't\n" in as_nobody
    assert "ok\tstore\t1 record in " in as_nobody


def test_in_a_language_hardly_known_only_what_shares_a_word_is_sure(alma):
    facts = [
        "Datenbankmigrationen laufen in einem eigenen Job vor dem Ausrollen",
        "Das Passwort für den Testserver liegt im Tresor",
        "Umgebungsvariablen werden aus einer eigenen Datei geladen",
        "Bilder werden beim Hochladen verkleinert",
        "Rechnungen werden kaufmännisch gerundet",
    ]
    ids = [alma.add_knowledge(fact, agent="a").id for fact in facts]
    assert [(ids[0], True)] == [(hit.id, hit.sure) for hit in alma.retrieve("wann wird die Datenbank migriert", "a")]
    unfitting = alma.retrieve("wie lange muss ein Brot im Ofen backen", "a")
    assert 0 < len(unfitting) <= 3
    assert not any(hit.sure for hit in unfitting)


SITUATION = "a test depends on today's date"
RED = "PlannerTest breaks for our colleagues in Sydney"


@pytest.fixture
def lessons(alma):
    """Lessons about dates, which share no word with `RED`, and others."""
    for task in (
        "trial banner spec went red",
        "overdue badge fails at night",
        "coupon expires on the last of the month",
    ):
        alma.learn("a", task, "success", f"froze the clock in {task[:6]}", when=SITUATION, do="freeze the clock")
    for task in ("orders are charged twice", "an order is refunded two times", "seats are booked double"):
        alma.learn("a", task, "success", "added a key", when="a request is sent twice", do="send an idempotency key")


def test_by_its_situation_is_found_what_no_word_of_the_task_finds(alma, lessons):
    assert not [hit for hit in alma.retrieve(RED, "a").sure if hit.kind == "heuristic"]
    found = alma.retrieve(RED, "a", when="a spec goes by the current date")
    assert (["freeze the clock"], "a spec goes by the current date") == (
        [hit.strategy for hit in found.heuristics if hit.sure],
        found.to_json()["when"],
    )


def test_a_long_task_does_not_drown_its_situation(alma, lessons):
    task = f"{RED}. " + "Nobody has touched the payment page, the basket or the shipping form for weeks. " * 12
    assert ["freeze the clock"] == [
        hit.strategy for hit in alma.retrieve(task, "a", when=SITUATION).heuristics if hit.sure
    ]


def test_a_task_in_a_language_hardly_known_finds_rules_by_a_situation_in_english(alma, lessons):
    task = "Der Kartentest ist seit dem ersten Februar rot, und niemand weiß warum"
    assert not alma.retrieve(task, "a").sure
    assert ["freeze the clock"] == [
        hit.strategy for hit in alma.retrieve(task, "a", when=SITUATION).heuristics if hit.sure
    ]


@pytest.mark.parametrize(
    "task",
    [
        "カードのテストが二月から赤いのですが、理由がわかりません。" * 5,
        "Проверка карты не проходит с первого февраля, и никто не знает, в чём причина",
    ],
)
def test_a_task_that_the_model_cannot_read_finds_rules_by_a_situation_that_it_can(alma, lessons, task):
    found = alma.retrieve(task, "a", when="a spec goes by the current date")
    assert ["freeze the clock"] == [hit.strategy for hit in found.heuristics if hit.sure]
    assert () == tuple(found.warnings)


@pytest.mark.parametrize("when", ["ein Test hängt vom heutigen Datum ab", "テストが今日の日付に依存している"])
def test_a_situation_in_another_language_withholds_nothing_that_the_task_finds_alone(alma, lessons, when):
    task = "The test of the calendar fails on the first day of the month"
    alone, found = alma.retrieve(task, "a"), alma.retrieve(task, "a", when=when)
    assert {hit.id for hit in alone.sure} <= {hit.id for hit in found.sure}
    assert "freeze the clock" in [hit.strategy for hit in alone.heuristics if hit.sure]


@pytest.mark.parametrize("when", ["", "n/a", "None.", " "])
def test_a_situation_that_says_nothing_is_none(alma, lessons, when):
    found = alma.retrieve(RED, "a", when=when)
    assert ("", [hit.id for hit in alma.retrieve(RED, "a")]) == (found.when, [hit.id for hit in found])


def test_a_situation_has_no_when_of_its_own_here_either(alma, lessons):
    assert SITUATION == alma.retrieve(RED, "a", when=f"When {SITUATION}:").when
    assert 200 == len(alma.retrieve(RED, "a", when=f"When {'x' * 200}").when)  # as `learn` counts it
