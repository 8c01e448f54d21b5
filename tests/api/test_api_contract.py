"""The Python API as it is promised: the example of the contract, and what each call gives back."""

import copy
import os
import pickle
import pwd
import shutil
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from functools import partial
from typing import get_type_hints

import pytest

from alma_cli import ALMA, AlmaError, MemorySlice
from alma_cli.api.retrieve import RetrieveOptions, Wanted
from alma_cli.core.learning.reports import Report, ReportOptions
from alma_cli.errors import AmbiguousId, InvalidInput, NotFound, ProjectNotFound, ScopeViolation, StoreBusy
from alma_cli.pipeline import TOGETHER
from alma_cli.project import make_project
from alma_cli.store.database.engine import CHECKPOINT_AT_BYTES, log_bytes
from alma_cli.store.inbox.lock import hold

CONTRACT_CONFIG = """\
alma:
  project_id: "my-project"
  storage: azure            # or "local" for development (the default)
  agents:
    helena:
      can_learn: [testing_strategies, selector_patterns, ui_patterns]
      cannot_learn: [backend_logic]
      min_occurrences_for_heuristic: 3
    victor:
      can_learn: [api_testing, database_validation]
      cannot_learn: [frontend_logic]
      min_occurrences_for_heuristic: 3
"""


@pytest.fixture
def alma(project):
    return ALMA.find(directory=project)


@pytest.fixture
def scoped(scoped_project):
    return ALMA.find(directory=scoped_project)


def test_the_contracts_example_runs_as_it_stands(configure):
    configure(CONTRACT_CONFIG)

    from alma import ALMA, MemoryScope  # the wheel also installs `alma`, a door to `alma_cli`

    alma = ALMA.from_config(".alma/config.yaml")
    memories = alma.retrieve(task="Test the login form validation", agent="helena", top_k=5)
    memories.to_prompt(max_tokens=2000)
    alma.learn(
        agent="helena",
        task="Test login form",
        outcome="success",
        strategy_used="Tested empty fields, invalid email, valid submission",
        feedback="User confirmed tests were thorough",
    )

    assert "" == memories.to_prompt(max_tokens=2000)
    (hit,) = alma.retrieve(task="Test the login form validation", agent="helena", top_k=5).outcomes
    assert ("Test login form", "success", "User confirmed tests were thorough", "helena") == (
        hit.task,
        hit.outcome,
        hit.feedback,
        hit.agent,
    )
    assert isinstance(alma.config.scope_for("helena"), MemoryScope)


@pytest.fixture
def worktrees(tmp_path):
    """The folders of a project in a main worktree and in one that is linked to it."""
    main, linked = tmp_path / "main", tmp_path / "linked"
    make_project(main, "alma:\n  project_id: shop\n")
    (main / ".git/worktrees/linked").mkdir(parents=True)
    (main / ".git/worktrees/linked/commondir").write_text("../..")
    make_project(linked, "alma:\n  project_id: shop\n")
    (linked / ".git").write_text(f"gitdir: {main}/.git/worktrees/linked")
    return main, linked


def test_a_configuration_that_is_named_in_a_linked_worktree_is_of_the_memory_that_all_share(worktrees):
    main, linked = worktrees
    assert main / ".alma" == ALMA.from_config(linked / ".alma/config.yaml").project.home


def test_a_slice_has_the_fields_of_the_json_as_attributes(alma):
    alma.learn("a", "Test the login form", "success")
    found = alma.retrieve("test the login form", "a")
    shown = found.to_json()
    assert isinstance(found, MemorySlice)
    for name, value in shown.items():
        if isinstance(value, list):
            assert [hit["id"] for hit in value] == [hit.id for hit in getattr(found, name)]
        else:
            assert value == pytest.approx(getattr(found, name), abs=0.001) if name == "retrieval_ms" else True
    (hit,) = found
    for name in ("id", "kind", "score", "similarity", "domain", "text", "task", "strategy", "labels", "created_at"):
        assert hasattr(hit, name)
    with pytest.raises(AttributeError):
        _ = hit.fact
    assert 1 == len(found)


def test_a_configuration_that_is_not_there(tmp_path):
    with pytest.raises(ProjectNotFound, match="there is no "):
        ALMA.from_config(tmp_path / ".alma/config.yaml")


def test_eight_threads_share_one_object(alma):
    failed = []

    def work(number):
        try:
            for turn in range(3):
                alma.learn("a", f"Test form {number} in turn {turn}", "success", key=f"{number}-{turn}")
                alma.retrieve(f"test form {number}", "a", top_k=3)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == failed
    tasks = {record.task for record in alma.memories()}
    assert {f"Test form {number} in turn {turn}" for number in range(8) for turn in range(3)} == tasks
    assert 24 == sum(tally.count for tally in alma.stats().tallies)


# Learning


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 1, 31, 9, 30),
        datetime(2026, 1, 31, 9, 30, tzinfo=UTC),
        datetime(2026, 1, 31, 11, 30, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_a_time_without_an_offset_is_utc(alma, at):
    learned = alma.learn("a", "Test the login form", "success", at=at)
    assert datetime(2026, 1, 31, 9, 30, tzinfo=UTC) == alma.memory(learned.id).at


@pytest.mark.parametrize("at", [datetime(2999, 1, 1), datetime(2999, 1, 1, tzinfo=UTC)])
def test_the_future_can_not_have_happened(alma, at):
    with pytest.raises(InvalidInput, match="is in the future"):
        alma.learn("a", "Test the login form", "success", at=at)
    assert [] == alma.memories()


def test_used_memories_get_credit_by_how_it_went(alma):
    fact = alma.add_knowledge("The login form validates on blur", agent="a").id
    slice_ = alma.retrieve("login form", "a")
    for outcome in ("success", "failure", "partial"):
        alma.learn("a", f"Test the login form, {outcome}", outcome, used=[fact[:8]], retrieval=slice_.retrieval_id)
    credits = alma.memories(kinds=["credit"])
    assert [(fact, -1), (fact, 1)] == sorted((credit.target, credit.value) for credit in credits)


def test_an_unknown_retrieve_is_told_and_the_outcome_recorded(alma):
    learned = alma.learn("a", "x", "success", retrieval="abc")
    assert ["`retrieval` was left out: no retrieve has the id abc"] == learned.warnings
    assert "x" == alma.memory(learned.id).task


def test_the_situation_in_which_was_asked_is_that_of_the_outcome_unless_it_says_another(alma):
    asked = alma.retrieve("test the login form", "a", when="When a form is tested").retrieval_id
    alone = alma.retrieve("test the login form", "a").retrieval_id
    learn = partial(alma.learn, "a", "Test the login form", "success", "Tried empty fields")
    learned = [
        learn(retrieval=asked[:12]),
        learn(retrieval=asked, when="a page is tested"),
        learn(retrieval=alone),
        alma.learn("b", "Test the login form", "success", "Tried empty fields", retrieval=asked),
    ]
    assert ["a form is tested", "a page is tested", "", ""] == [alma.memory(one.id).when for one in learned]
    report = Report(agent="a", task="Label the x-axis", outcome="success", retrieval=asked, at=datetime(2026, 1, 31))
    alma.learn_batch([(1, report)])
    assert "a form is tested" == alma.memories(kinds=["outcome"], containing="x-axis")[0].when


def test_no_credential_of_a_situation_is_logged(project, alma):
    alma.retrieve("log in", "a", when=f"the token {'ghp_' + 'a1B2' * 9} is refused")
    log = (project / ".alma/log/retrievals.ndjson").read_text()
    assert "is refused" in log
    assert "ghp_" not in log


def test_the_start_of_several_retrieves_credits_none_of_them(alma):
    alma.learn("a", "Test the login form", "success")
    ids = [alma.retrieve("test the login form", "a").retrieval_id for _ in range(17)]
    start = next(id[0] for id in ids if sum(other[0] == id[0] for other in ids) > 1)  # of 17 two begin alike
    learned = alma.learn("a", "Test it again", "success", retrieval=start)
    assert [f"`retrieval` was left out: several retrieves have an id that starts with {start}"] == learned.warnings
    assert not alma.memories(kinds=["credit"])


@pytest.mark.parametrize(
    "line",
    [
        *("[]", "null", "5", "{}", "[" * 100_000),
        *('{"retrieval_id": 5, "agent": "a", "ids": []}', '{"retrieval_id": "abc", "agent": "a", "ids": [5]}'),
        '{"retrieval_id": "abc", "agent": "a", "ids": "abc"}',
        '{"retrieval_id": "abc", "agent": "a", "ids": [], "when": 5}',
    ],
)
def test_an_odd_line_in_the_log_of_retrieves_keeps_no_outcome_from_being_recorded(project, alma, line):
    alma.learn("a", "Test the login form", "success")
    retrieval = alma.retrieve("test the login form", "a").retrieval_id
    with open(project / ".alma/log/retrievals.ndjson", "a") as log:
        log.write(f"{line}\n")
    assert ["`retrieval` was left out: no retrieve has the id abc"] == (
        alma.learn("a", "x", "success", retrieval="abc").warnings
    )
    alma.learn("a", "Test it again", "success", retrieval=retrieval)
    assert 1 == len(alma.memories(kinds=["credit"]))
    assert 1 == alma.report().to_json()["retrievals"]["retrieves"]


def test_a_situation_in_the_log_that_none_can_be_keeps_no_outcome_from_being_recorded(project, alma):
    retrieval = alma.retrieve("test the login form", "a", when="a form is tested").retrieval_id
    log = project / ".alma/log/retrievals.ndjson"
    log.write_text(log.read_text().replace("a form is tested", "w" * 201))
    learned = alma.learn("a", "Test the login form", "success", retrieval=retrieval)
    assert ("", ()) == (alma.memory(learned.id).when, tuple(learned.warnings))


def test_an_old_retrieve_is_still_found_after_its_log_was_set_aside(project, alma):
    alma.learn("a", "Test the login form", "success")
    first = alma.retrieve("test the login form", "a")
    log = project / ".alma/log/retrievals.ndjson"
    log.write_bytes(b'{"cut off\n' + log.read_bytes() + b" " * 1_000_000 + b"\n")
    alma.retrieve("test the login form", "a")
    assert (project / ".alma/log/retrievals.ndjson.old").exists()
    alma.learn("a", "Test it again", "success", retrieval=first.retrieval_id[:12])
    assert 1 == len(alma.memories(kinds=["credit"]))


@pytest.mark.parametrize(
    "call",
    [
        lambda alma: alma.learn("a", "x" * 300_000, "success"),
        lambda alma: alma.add_knowledge("x" * 300_000),
        lambda alma: alma.add_preference("x", source="y" * 300_000),
        lambda alma: alma.add_heuristic("x", "y" * 300_000),
        lambda alma: alma.add_anti_pattern("x", why_bad="y" * 300_000),
        lambda alma: alma.correct(alma.add_knowledge("short").id, "x" * 300_000),
    ],
)
def test_a_record_over_256_kib_is_refused(alma, call):
    with pytest.raises(InvalidInput, match="bytes; a memory has at most 262,144"):
        call(alma)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"top_k": 0}, "top_k: expected a whole number from 1 to 100, got 0"),
        ({"top_k": True}, "top_k: expected a whole number from 1 to 100, got True"),
        ({"top_k": 1.5}, "top_k: expected a whole number from 1 to 100, got 1.5"),
        (
            {"top_k": 10**60},
            "top_k: expected a whole number from 1 to 100, got 1,000,000,000,000,000,000,000,000,000,0…",
        ),
        ({"min_score": float("nan")}, "min_score: expected a number from 0 to 1, got nan"),
        ({"min_score": "0.5"}, "min_score: expected a number from 0 to 1, got '0.5'"),
        ({"max_tokens": -1}, "max_tokens: expected a whole number from 1 to 1,000,000, got -1"),
        (
            {"kinds": ["rumour"]},
            "kinds: expected anti_pattern, heuristic, preference, knowledge, outcome, got 'rumour'",
        ),
    ],
)
def test_what_can_not_be_asked_for_is_refused(alma, arguments, message):
    with pytest.raises(InvalidInput) as raised:
        alma.retrieve("x", "a", **arguments)
    assert message == raised.value.message


@pytest.mark.parametrize("wait_s", [-1, float("nan"), float("inf"), 3601])
def test_a_wait_has_an_end(project, wait_s):
    with pytest.raises(InvalidInput, match="wait: expected a number from 0 to 3,600"):
        ALMA.find(directory=project, wait_s=wait_s)


def test_a_store_that_is_busy(project, alma):
    alma.add_knowledge("CI has two cores")
    hurried = ALMA.find(directory=project, wait_s=0)
    with hold(str(project / ".alma/lock"), shared=False, wait_s=1):
        learned = hurried.learn("a", "x", "success")
        batch = hurried.learn_batch([(1, _report("y"))])
        imported = hurried.import_([(1, {"kind": "knowledge", "agent": "a", "fact": "z"})])
        with pytest.raises(StoreBusy):
            hurried.retrieve("x", "a")
    assert (True, 1, 1) == (learned.queued, batch.queued, imported.queued)
    assert all(len(told.warnings) == 1 for told in (learned, batch, imported))
    assert {"x", "y"} == {record.task for record in alma.memories(kinds=["outcome"])}


def _report(task, **fields):
    return Report(agent="a", task=task, outcome="success", **fields)


def test_a_batch_reports_progress(alma):
    done = []
    alma.learn_batch([(n, _report(f"task {n}")) for n in range(257)], on_progress=done.append)
    assert [257] == done
    done.clear()
    credit = {"kind": "credit", "agent": "a", "target": "0" * 32, "value": 1}
    alma.import_([(n, credit) for n in range(TOGETHER + 88)], on_progress=done.append)
    assert [TOGETHER, 88] == done
    done.clear()
    assert 257 == alma.reindex(everything=True, on_progress=done.append)
    assert 257 == sum(done)
    assert 1 < len(done)


@pytest.mark.parametrize("lines", [TOGETHER, TOGETHER + 1])
def test_a_batch_leaves_no_long_log(alma, project, lines):
    credit = {"kind": "credit", "agent": "a", "target": "0" * 32, "value": 1}
    assert lines == alma.import_([(n, credit) for n in range(lines)]).imported
    assert log_bytes(str(project / ".alma/memory.duckdb")) < CHECKPOINT_AT_BYTES


# Keywords


@pytest.mark.parametrize(
    "call",
    [
        lambda alma: alma.retrieve("x", "a", users="ana"),
        lambda alma: alma.learn("a", "x", "success", strategy="y"),
        lambda alma: alma.learn("a", "x", "success", feed_back="y"),
    ],
)
def test_a_misspelt_keyword_is_refused_by_name(alma, call):
    with pytest.raises(TypeError, match=r"unexpected keyword argument '(users|strategy|feed_back)'|multiple values"):
        call(alma)
    assert [] == alma.memories()


@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        (
            lambda alma: alma.add_preference("x", catgory="y"),
            "catgory: the kind preference has no such option",
            "did you mean category?",
        ),
        (
            lambda alma: alma.add_knowledge("x", why_bad="y"),
            "why_bad: the kind knowledge has no such option",
            "it has agent, domain, source, confidence",
        ),
        (
            lambda alma: alma.add("outcome", "x"),
            "kind: expected preference, knowledge, heuristic, anti_pattern, got 'outcome'",
            "",
        ),
        (lambda alma: alma.add_knowledge("x", source=["y"]), "source: expected text, got ['y']", ""),
        (lambda alma: alma.add_knowledge("x", confidence=2), "confidence: expected a number from 0 to 1, got 2", ""),
    ],
)
def test_an_option_that_a_kind_does_not_have_is_refused(alma, call, message, hint):
    with pytest.raises(InvalidInput) as raised:
        call(alma)
    assert (message, hint) == (raised.value.message, raised.value.hint)
    assert [] == alma.memories()


@pytest.mark.parametrize(
    ("options", "given", "values"),
    [
        (RetrieveOptions, {"task", "agent", "top_k"}, Wanted),
        (ReportOptions, {"agent", "task", "outcome", "strategy"}, Report),
    ],
)
def test_what_a_keyword_may_be_is_what_is_made_of_it(options, given, values):
    assert {*get_type_hints(options).items()} == {
        (name, kind) for name, kind in get_type_hints(values).items() if name not in given
    }


def test_what_is_not_given_has_its_default(alma):
    ids = [
        alma.add("preference", "Short names", user="", source="", confidence=None).id,
        alma.add("knowledge", "CI has two cores", domain=None).id,
        alma.add("heuristic", "When it rains", strategy="Take the bus").id,
    ]
    found = [alma.memory(id) for id in ids]
    assert [("_project", 1.0), ("_project", 1.0), ("_project", 0.5)] == [(one.agent, one.confidence) for one in found]


# Scope, on every way in


@pytest.mark.parametrize(
    "call",
    [
        lambda alma: alma.learn("helena", "x", "success", domain="backend_logic"),
        lambda alma: alma.learn("helena", "Refactor the backend logic", "success"),
        lambda alma: alma.add_knowledge("x", agent="helena", domain="backend_logic"),
        lambda alma: alma.add_preference("x", agent="helena", domain="backend_logic"),
        lambda alma: alma.add_heuristic("x", "y", agent="helena", domain="api_testing"),
        lambda alma: alma.add_anti_pattern("x", agent="helena", domain="backend_logic"),
    ],
)
def test_refused_learning_leaves_an_audit_row_only(scoped, call):
    with pytest.raises(ScopeViolation) as raised:
        call(scoped)
    assert [("refuse", "helena", raised.value.message)] == [
        (row.action, row.agent, row.detail) for row in scoped.log().audit
    ]
    assert [] == scoped.memories()


def test_batches_and_imports_leave_it_too(scoped):
    report = _report("x", domain="backend_logic")
    from dataclasses import replace

    batch = scoped.learn_batch([(7, replace(report, agent="helena"))])
    line = {"kind": "knowledge", "agent": "victor", "fact": "x", "domain": "frontend_logic"}
    imported = scoped.import_([(3, line)])
    assert [(7, ScopeViolation), (3, ScopeViolation)] == [
        (refused.line, type(refused.error)) for refused in (*batch.refused, *imported.refused)
    ]
    assert {("refuse", "helena"), ("refuse", "victor")} == {(row.action, row.agent) for row in scoped.log().audit}
    assert [] == scoped.memories()


def test_a_domain_that_is_not_given_is_recognised(scoped):
    assert "testing_strategies" == scoped.learn("helena", "Choose testing strategies for forms", "success").domain
    assert "general" == scoped.learn("helena", "Order lunch", "success").domain


def test_a_refusal_by_recognition_names_the_remedy(scoped):
    with pytest.raises(ScopeViolation) as raised:
        scoped.learn("helena", "Refactor the backend logic", "success")
    assert raised.value.hint.startswith("if it is about something else, name it with --domain; ")
    assert "ui_patterns" == scoped.learn("helena", "Refactor the backend logic", "success", domain="ui_patterns").domain


@pytest.mark.parametrize("agent", ["helen", "HELENA", "*", "_private", ""])
def test_an_agent_that_is_not_there(scoped, agent):
    with pytest.raises(InvalidInput):
        scoped.learn(agent, "x", "success")
    with pytest.raises(InvalidInput):
        scoped.retrieve("x", agent)


# Looking


def test_what_there_is_of_a_new_project(alma):
    assert [] == alma.memories()
    assert [] == list(alma.export())
    assert [] == alma.agents()
    assert [] == alma.log().audit
    assert 0 == alma.outdated(everything=True)
    for call in (alma.memory, alma.log):
        with pytest.raises(NotFound):
            call("abc")
    assert 0 == len(alma.retrieve("x", "a"))


def test_ids_are_found_by_prefix(alma):
    ids = [alma.learn("a", f"task {n}", "success").id for n in range(17)]
    start = next(digit for digit in "0123456789abcdef" if sum(id.startswith(digit) for id in ids) > 1)
    with pytest.raises(AmbiguousId):
        alma.memory(start)
    assert ids[3] == alma.memory(ids[3]).id
    with pytest.raises(AlmaError):
        alma.forget([ids[0], start])
    assert 17 == len(alma.memories())


def test_who_did_it_is_in_the_audit(project, alma, monkeypatch):
    ALMA(alma.project, alma.config, by="ci").learn("a", "x", "success")
    monkeypatch.setenv("ALMA_USER", "ana")
    alma.learn("a", "y", "success")
    for name in ("ALMA_USER", "USER", "LOGNAME"):
        monkeypatch.delenv(name, raising=False)
    alma.learn("a", "z", "success")
    name = pwd.getpwuid(os.getuid()).pw_name
    assert [name, "ana", "ci"] == [row.by for row in alma.log().audit]


def test_a_user_whom_the_machine_has_no_name_for_is_told_by_number(monkeypatch, alma):
    for name in ("ALMA_USER", "USER", "LOGNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 987_654_321)
    alma.learn("a", "x", "success")
    assert ["987654321"] == [row.by for row in alma.log().audit]


def test_a_project_that_was_removed_is_not_made_again_by_who_knew_it(project):
    alma = ALMA.find()
    shutil.rmtree(project / ".alma")
    with pytest.raises(ProjectNotFound, match="moved or removed"):
        alma.learn("me", "Ship", "success")
    assert not (project / ".alma").exists()


def test_a_memory_reread_has_the_configuration_as_it_is_now(project, configure):
    alma = ALMA.find(wait_s=3)
    configure("alma:\n  project_id: other\n")
    again = alma.reread()
    assert ("shop", "other", project) == (alma.config.project_id, again.config.project_id, again.project.root)


def test_a_text_where_a_list_is_expected_is_refused_and_not_read_letter_by_letter(alma):
    id = alma.add_knowledge("CI has two cores", agent="a").id
    for call in (
        lambda: alma.forget(id[:1]),
        lambda: alma.to_forget(id),
        lambda: alma.mark_seen(id),
        lambda: alma.learn("a", "t", "success", used=id[:1]),
        lambda: alma.retrieve("CI", "a", kinds="knowledge"),
        lambda: alma.search("CI", kinds="knowledge"),
    ):
        with pytest.raises(InvalidInput, match="expected a list, got"):
            call()
    assert [id] == [record.id for record in alma.memories()]


@pytest.mark.parametrize("wrong", [{"task": None}, {"agent": None}, {"task": b"x"}])
def test_what_is_no_text_is_refused_by_name(alma, wrong):
    (name,) = wrong
    given = {"task": "t", "agent": "a", **wrong}
    for call in (lambda: alma.learn(**given, outcome="success"), lambda: alma.retrieve(**given)):
        with pytest.raises(InvalidInput, match=f"(?i){name}: expected text, got"):
            call()
    with pytest.raises(InvalidInput, match="answer: expected text, got None"):
        alma.apply_reflection("a", None)


def test_what_python_would_take_for_something_else_is_refused_by_name(alma):
    id = alma.add_knowledge("CI has two cores", agent="a").id
    for call, said in (
        (lambda: alma.memory(5), "id: expected up to 32 hex digits, got 5"),
        (lambda: alma.feedback(id, helped="no"), "helped: expected True or False, got 'no'"),
        (lambda: alma.retrieve("CI", "a").to_prompt(None), "max_tokens: expected a whole number, got None"),
    ):
        with pytest.raises(InvalidInput, match=said):
            call()
    assert [id] == [record.id for record in alma.memories()]
    with pytest.raises(TypeError, match=r"learn\(\) got .* argument 'strategy'; did you mean strategy_used\?"):
        alma.learn("a", "t", "success", strategy="waited")
    with pytest.raises(TypeError, match=r"argument 'colour'$"):
        alma.learn("a", "t", "success", colour="red")


def test_a_filter_that_there_is_not_lets_nobody_take_all_for_some(alma):
    """`memories(kind="outcome")` gave memories of every kind."""
    alma.add_knowledge("CI has two cores", agent="a")
    for call, said in (
        (lambda: alma.memories(kind="outcome"), r"memories\(\) got .* 'kind'; did you mean kinds\?"),
        (lambda: alma.search("CI", outcomes="success"), r"search\(\) got .* 'outcomes'; did you mean outcome\?"),
        (lambda: alma.retrieve("CI", "a", topk=3), r"retrieve\(\) got .* 'topk'; did you mean top_k\?"),
    ):
        with pytest.raises(TypeError, match=said):
            call()
    for wrong, said in (
        ({"agent": 5}, "agent: expected text, got 5"),
        ({"labels": ["a"]}, "labels: expected names and values"),
        ({"outcome": ["success"]}, "outcome: expected text"),
        ({"containing": b"CI"}, "containing: expected text"),
        ({"archived": "no"}, "archived: expected True or False, got 'no'"),
        ({"kinds": [5]}, "kinds: expected text, got 5"),
        ({"sort": "relevance"}, "sort: expected newest or oldest, got 'relevance'"),
    ):
        with pytest.raises(InvalidInput, match=said):
            alma.memories(**wrong)
    for call, said in (
        (lambda: alma.search("CI", sort="best"), "sort: expected relevance or newest or oldest, got 'best'"),
        (lambda: alma.search(None), "WORDS: expected text, got None"),
        (lambda: alma.retrieve("CI", "a", strict="no"), "strict: expected True or False, got 'no'"),
        (lambda: alma.retrieve("CI", "a", user=5), "user: expected text, got 5"),
        (lambda: alma.add_knowledge(5), "TEXT: expected text, got 5"),
        (lambda: alma.add_knowledge("CI has cores", agent=None), "agent: expected text, got None"),
        (lambda: alma.learn("a", "t", "success", domain=5), "domain: expected text, got 5"),
        (lambda: alma.sync(agents="helena"), "agents: expected a list, got 'helena'"),
    ):
        with pytest.raises(InvalidInput, match=said):
            call()


def test_a_label_that_is_a_number_is_found_as_it_is_learned(alma):
    id = alma.learn("a", "Test the login form", "success", labels={"build": 0}).id
    assert [id] == [one.id for one in alma.memories(labels={"build": 0})]
    assert [] == alma.memories(labels={"build": 1})


def test_kinds_that_can_be_read_only_once_are_read_once(alma):
    id = alma.add_knowledge("CI has two cores", agent="a").id
    found = alma.retrieve("CI cores", "a", kinds=(kind for kind in ["knowledge"]))
    assert [id] == [hit.record.id for hit in found]


def test_a_time_without_a_zone_is_in_utc_where_memories_are_chosen_as_where_they_are_learned(alma, monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    at = datetime(2026, 3, 1, 12)
    try:
        id = alma.learn("a", "Test the login form", "success", at=at).id
        for since, until in ((at, at + timedelta(seconds=1)), (at, "2026-03-01"), (datetime.min, datetime.max)):
            assert [id] == [one.id for one in alma.memories(since=since, until=until)]
        assert [] == alma.memories(until=at)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("day", ["2026-01-31", "20260131", "2026-W05-6", "2026W056"])
def test_until_a_day_is_until_its_end_however_it_is_written(alma, day):
    id = alma.learn("a", "Test the login form", "success", at=datetime(2026, 1, 31, 9)).id
    assert [id] == [one.id for one in alma.memories(since=day, until=day)]


def test_until_the_last_day_of_the_calendar_is_for_ever(alma):
    id = alma.learn("a", "Test the login form", "success").id
    assert [id] == [one.id for one in alma.memories(until="9999-12-31")]


class Who(str, Enum):  # noqa: UP042  # as many have it, whose text in words is "Who.HELENA"
    """Agents and results as a program may name them."""

    HELENA = "helena"
    WELL = "success"


def test_a_member_of_an_enumeration_is_the_text_that_it_has(alma):
    told = [alma.learn(who, "Test the login form", "success", key="run 1") for who in (Who.HELENA, "helena")]
    assert [(False, False), (True, False)] == [(one.duplicate, one.differs) for one in told]
    assert told[0].id == told[1].id
    other = alma.memory(alma.learn(Who.HELENA, "Test the logout form", Who.WELL).id)
    assert "Test the logout form [success]" == other.text
    assert "## Memories of agent helena" in alma.retrieve("login form", Who.HELENA).to_prompt()


def test_nothing_given_for_a_strategy_is_none(alma):
    assert "" == alma.memory(alma.learn("a", "Test the login form", "success", None, when=None).id).strategy


def test_a_memory_goes_to_another_process(alma):
    """As `ProcessPoolExecutor` sends it where processes don't fork."""
    again = pickle.loads(pickle.dumps(alma))
    assert alma.config == again.config
    assert [again.learn("a", "Test the login form", "success").id] == [one.id for one in alma.memories()]
    assert 1 == len(copy.deepcopy(alma).memories())


def test_where_the_memory_of_a_worktree_was_moved_nothing_is_recorded_where_it_was(worktrees, tmp_path):
    main, linked = worktrees
    alma = ALMA.find(directory=linked)
    assert alma.learn(agent="me", task="Ship", outcome="success").id
    main.rename(tmp_path / "moved")
    for use in (lambda: alma.learn(agent="me", task="Ship", outcome="success"), lambda: alma.reread().memories()):
        with pytest.raises(ProjectNotFound, match=f"{main}/.alma is gone: the project was moved"):
            use()
    assert not main.exists()


def test_of_a_project_that_was_removed_nothing_is_read_as_if_nothing_were_known(alma, project):
    alma.add_knowledge("CI has two cores", agent="a")
    shutil.rmtree(project / ".alma")
    for call in (alma.memories, lambda: alma.retrieve("CI", "a"), alma.stats):
        with pytest.raises(ProjectNotFound, match="is gone: the project was moved or removed"):
            call()
    assert not (project / ".alma").exists()


@pytest.mark.parametrize("option", [{"at": "2025-01-01"}, {"labels": ["a"]}, {"followed": 5}, {"key": 7}])
def test_an_option_of_another_type_is_refused_by_name(alma, option):
    with pytest.raises(InvalidInput, match=f"{next(iter(option))}: expected"):
        alma.learn("a", "t", "success", **option)
