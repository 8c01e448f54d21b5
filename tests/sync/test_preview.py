"""What a sync would do, and how things stand, is said without doing any of it."""

from dataclasses import replace

from alma_cli.api.examine import examine


def test_a_dry_run_says_what_would_be_done_and_does_none_of_it(two, container):
    one, other = two
    ids = [one.know(f"fact {'abc'[number]}") for number in range(3)]
    one.sync()
    other.sync()
    one.alma.forget([ids[0]])
    one.alma.correct(ids[1], "corrected")
    one.sync()
    new = other.know("from two")
    before, writes = other.records(), container.writes
    state = other.rows("SELECT * FROM sync_state")
    report = other.sync(dry_run=True)
    assert {("forget", ids[0]), ("pull", ids[1]), ("push", new)} == {(one.action, one.id) for one in report.plan}
    assert (2, 1, True) == (report.pulled, report.pushed, report.dry_run)
    assert (before, writes, state) == (other.records(), container.writes, other.rows("SELECT * FROM sync_state"))
    report = other.sync()
    assert (2, 1) == (report.pulled, report.pushed)


def test_a_dry_run_of_joining_compares_everything(machine, container):
    one, other = machine("one"), machine("two")
    one.know("one's")
    one.sync()
    other.know("two's")
    gone = other.know("wrong")
    other.alma.forget([gone])
    report = other.sync(dry_run=True, join=True)
    assert (1, 2) == (report.pulled, report.pushed)
    assert [] == other.rows("SELECT * FROM sync_state")
    report = machine("three").sync(dry_run=True, push=False)
    assert (1, 0) == (report.pulled, report.pushed)


def test_the_status_says_how_it_stands(two):
    one, _ = two
    one.know("CI has two cores")
    status = one.status()
    assert ({"helena": 1}, True, True, 0, 0) == (
        status.pending,
        status.answers,
        status.joined,
        status.blocked,
        status.conflicts,
    )
    one.sync()
    assert {} == one.status().pending
    assert one.status().synced_at is not None


def test_doctor_says_how_it_stands_without_asking_the_remote(machine, container):
    one, other = machine("one"), machine("two")
    one.session.config = replace(one.session.config, storage="azure")

    def found():
        [check] = [check for check in examine(one.session, {}) if check.name == "sync"]
        return check

    assert (True, "never synchronised; 0 waiting to be pushed, 0 of the remote's set aside") == (
        found().ok, found().found,
    )  # fmt: skip
    id = one.know("CI has two cores")
    assert ("1 waiting" in found().found, "run `alma sync`") == (True, found().hint)
    one.sync()
    assert (True, "") == (found().ok, found().hint)
    assert found().found.startswith("last complete 2026-05-04T12:")
    other.sync()
    container.put("p", "helena", id, "no JSON")
    one.sync()
    assert (False, "`alma sync status` says which can't be read, and why") == (found().ok, found().hint)
    assert "1 of the remote's set aside" in found().found
