"""Documents that can't be read are kept aside, never overwritten, and used once they can be."""

import json

from tests.sync.replicas import is_idle, known_to_both, shared_records


def test_a_document_that_makes_no_sense_is_kept_aside_and_never_overwritten(two, container):
    one, other = two
    id = known_to_both(one, other, "CI has two cores")
    container.put("p", "helena", id, "<<<<<<< HEAD")
    one.alma.correct(id, "CI has four cores")
    report = one.sync()
    assert (1, 0) == (report.set_aside, report.pushed)
    assert any("won't be overwritten" in warning for warning in report.warnings)
    assert any("not pushed" in warning for warning in report.warnings)
    assert "<<<<<<< HEAD" == container.documents["p", "helena", id][1]
    status = one.status()
    assert (1, 1) == (len(status.set_aside), status.blocked)
    assert 0 == one.sync().set_aside  # known already
    body = json.dumps({"id": id, "agent": "helena", "kind": "dream"})
    container.put("p", "helena", id, body)
    assert 1 == one.sync().set_aside


def test_a_memorys_id_in_capitals_is_kept_aside_and_brings_nothing_back(two, container):
    one, other = two
    id = one.know("a secret")
    one.sync()
    body = shared_records(container)[id]
    one.alma.forget([id])
    one.sync()
    container.put("p", "helena", id.upper(), json.dumps({**body, "id": id.upper()}))
    for each in (one, other):
        assert 1 == each.sync().set_aside
        assert {} == each.records()
        assert is_idle(each.sync())


def test_what_was_put_right_is_taken_in_and_what_waited_for_it_pushed(two, container):
    one, other = two
    id = known_to_both(one, other, "CI has two cores")
    _, content = container.documents["p", "helena", id]
    container.put("p", "helena", id, content[:-1])
    one.alma.correct(id, "CI has four cores")
    one.sync()
    container.put("p", "helena", id, content)
    report = one.sync()
    assert (1, 0) == (report.pushed, len(one.status().set_aside))
    other.sync()
    assert "CI has four cores" == other.records()[id]["fact"]


def test_texts_that_are_no_unicode_are_set_aside_once_and_stop_nothing(two, container):
    one, other = two
    id = one.know("CI has two cores")
    one.sync()
    surrogate = {"id": "f" * 32, "agent": "helena", "project_id": "p", "kind": "dream \ud800", "x": "\udfff"}
    container.put("p", "helena", "f" * 32, json.dumps(surrogate))
    container.put(
        "p", "helena", "a" * 32, json.dumps({**surrogate, "id": "a" * 32, "kind": "knowledge", "hlc": "\udcff"})
    )
    derived = {"id": "b" * 32, "agent": "helena", "project_id": "p", "kind": "heuristic", "content_hash": "\ud800"}
    container.put("p", "helena", "b" * 32, json.dumps(derived))
    assert 2 == other.sync().set_aside
    assert id in other.records()
    assert is_idle(other.sync())


def test_a_stamp_of_a_replica_that_no_store_has_is_set_aside_and_stops_nothing(two, container):
    one, other = two
    id = known_to_both(one, other, "CI has two cores")
    body = shared_records(container)[id]
    for replica in ("\ud800", "x" * 101):
        container.put("p", "helena", id, json.dumps({**body, "hlc": f"{body['hlc'][:22]}.{replica}", "fact": "odd"}))
        for each in two:
            assert 1 == each.sync().set_aside
            assert "CI has two cores" == each.records()[id]["fact"]
            assert is_idle(each.sync())


def test_what_somebody_removed_is_no_longer_kept_aside(two, container):
    one, _ = two
    container.put("p", "helena", "f" * 32, "nonsense")
    one.sync()
    del container.documents["p", "helena", "f" * 32]
    one.sync(check=True)
    assert [] == list(one.status().set_aside)


def test_what_is_set_aside_is_asked_for_again_only_when_it_can_be_used_and_all_at_once(two, container):
    one, _ = two
    for number in range(300):
        body = {"id": f"{number:032x}", "agent": "helena", "project_id": "p", "kind": "dream"}
        container.put("p", "helena", body["id"], json.dumps(body))
    id = one.know("CI has two cores")
    report = one.sync()
    assert (300, 1, 3) == (report.set_aside, report.pushed, len(report.warnings))
    assert "298 more were set aside: `alma sync status` lists them" == report.warnings[-1]
    one.sync()
    calls = []
    one.sync(faults=calls.append)
    assert ["read", "changes"] == calls
    body = {**shared_records(container)[id], "id": "e" * 32}
    container.documents["p", "helena", body["id"]] = (0, json.dumps(body))  # an old change
    one.rows(
        "INSERT INTO quarantine SELECT 'helena/' || repeat('e', 32), 'helena', repeat('e', 32), 'kind: unknown', "
        f"'{json.dumps(body)}', now()"
    )  # as an older version left it
    calls = []
    one.sync(faults=calls.append)
    assert ["read", "changes", "again"] == calls
    assert "CI has two cores" == one.records()["e" * 32]["fact"]
    assert 300 == len(one.status().set_aside)


def test_a_correction_is_pushed_once_the_document_that_blocked_it_is_gone(two, container):
    one, _ = two
    id = one.know("CI has two cores")
    one.sync()
    container.put("p", "helena", id, "nonsense")
    one.alma.correct(id, "CI has four cores")
    assert 1 == one.sync().set_aside
    assert 1 == one.status().blocked
    del container.documents["p", "helena", id]
    assert (1, []) == ((report := one.sync()).pushed, report.warnings)
    assert 0 == one.status().blocked
    assert "CI has four cores" == shared_records(container)[id]["fact"]
