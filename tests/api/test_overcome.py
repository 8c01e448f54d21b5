"""Which memory tells how an error was overcome, and what is told again under one key."""

from datetime import UTC, datetime, timedelta

import pytest

from alma_cli import ALMA
from alma_cli.core.learning.reports import Report

ERROR = "sqlalchemy.exc.NoResultFound: No row was found when one was required"


@pytest.fixture
def alma(project):
    return ALMA.find()


def test_an_outcome_that_met_the_error_and_worked_is_the_answer(alma):
    learned = alma.learn("me", "Send invoices by a job", "success", "Queued it after the commit", error=f"x\n{ERROR}")
    alma.learn("me", "Bake a cake", "success", "Used butter", error="OvenError: the oven door was open all the time")
    assert learned.id == alma.overcome(ERROR.replace("one was", "one 17 was"), "me").id
    assert alma.overcome(ERROR, "me", without=[learned.id]) is None
    assert alma.overcome("OSError: nothing of the kind was ever seen", "me") is None
    assert alma.overcome("exit status 1", "me") is None


def test_after_a_failure_the_same_situation_that_worked_is_the_answer(alma):
    when = "a job misses a row that was just stored"
    failed = alma.learn("me", "Labels are lost", "failure", "x", when=when, do="delay the job", error=ERROR)
    assert alma.overcome(ERROR, "me") is None
    worked = alma.learn("me", "Where do invoices go", "success", "y", when=when, do="queue it after the commit")
    assert worked.id == alma.overcome(ERROR, "me").id
    assert alma.overcome(ERROR, "me", without=[worked.id]) is None
    assert failed.id != worked.id


def test_what_has_nothing_to_do_with_a_failure_is_no_answer(alma):
    alma.learn("me", "Labels are lost", "failure", "Delayed the job by two seconds", error=ERROR)
    alma.learn("me", "Bake a chocolate cake", "success", "Used more butter")
    assert alma.overcome(ERROR, "me") is None


def test_only_what_the_agent_may_see_is_an_answer(alma, configure):
    configure("alma:\n  project_id: shop\n  agents: {helena: {}, victor: {}, eve: {share_with: ['victor']}}\n")
    alma = ALMA.find()
    alma.learn("eve", "Send invoices by a job", "success", "Queued it after the commit", error=ERROR)
    assert alma.overcome(ERROR, "victor") is not None
    assert alma.overcome(ERROR, "helena") is None


def test_what_is_told_again_under_a_key_replaces_what_was_told(alma):
    report = Report(agent="me", task="Write the docs", outcome="success", strategy="Not yet", key="turn/1")
    first = alma.relearn(report)
    assert alma.relearn(report).duplicate
    again = alma.relearn(Report(agent="me", task="Write the docs", outcome="failure", strategy="Gave up", key="turn/1"))
    assert (first.id, False) == (again.id, again.duplicate)
    (outcome,) = alma.memories()
    assert ("failure", "Gave up") == (outcome.outcome, outcome.strategy)
    assert 1 == len(alma.log(first.id).versions)


def test_credit_follows_the_last_result_that_is_told_under_a_key(alma):
    given = alma.learn("me", "Bake a cake", "success", "Used butter").id
    for result, credited in (("success", 1), ("partial", 0), ("failure", -1), ("partial", 0), ("success", 1)):
        alma.relearn(Report(agent="me", task="Bake a pie", outcome=result, strategy="So", key="turn/1", used=[given]))
        assert credited == sum(one.value for one in alma.memories(kinds=("credit",)) if not one.archived)


def test_a_credit_that_was_taken_back_keeps_nothing_from_being_stale(alma):
    old = datetime.now(UTC) - timedelta(days=200)
    given = alma.learn("me", "Bake a cake", "success", "Used butter", at=old).id
    for result, stale in (("success", []), ("partial", [given])):
        alma.relearn(Report(agent="me", task="Bake a pie", outcome=result, strategy="So", key="turn/1", used=[given]))
        assert stale == list(alma.archive_stale(dry_run=True).ids)


def test_what_was_forgotten_is_not_told_again(alma):
    report = Report(agent="me", task="Write the docs", outcome="success", strategy="Not yet", key="turn/1")
    alma.forget([alma.relearn(report).id])
    assert alma.relearn(report).forgotten
    assert [] == alma.memories()
