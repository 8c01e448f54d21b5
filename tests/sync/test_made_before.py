"""Stores and shared folders that earlier versions made, one of each in `made_before/`, with what `alma export` said then.

Each archive has a project `p` (a store with one write that still waits in the journal) and the folder `shared` that it
was synchronised with.
"""

import json
import tarfile
from pathlib import Path

import pytest

MADE_BEFORE = sorted((Path(__file__).parent / "made_before").glob("*.tar.gz"))


@pytest.fixture(params=MADE_BEFORE, ids=lambda path: path.name.removesuffix(".tar.gz"))
def made_before(request, tmp_path):
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    exported = request.param.with_name(request.param.name.removesuffix(".tar.gz") + ".ndjson")
    return tmp_path, records(exported.read_text(encoding="utf-8"))


def records(ndjson):
    return {record["id"]: record for record in map(json.loads, ndjson.splitlines())}


def answer(finished):
    assert finished.code == 0, finished.err
    return json.loads(finished.out)["data"]


def exported(run_alma, folder):
    finished = run_alma("export", "--dir", str(folder))
    assert finished.code == 0, finished.err
    return records(finished.out)


def of_what_was_known(records, known):
    """What was observed or authored, with the fields that it had then, without keys.

    A newer version may have more fields, and keys are made from the words, so derived memories have other ids.
    """
    return {
        id: {key: value for key, value in record.items() if key in known.get(id, record) and not key.endswith("_key")}
        for id, record in records.items()
        if record["origin"] != "derived"
    }


def test_a_store_of_an_earlier_version_opens_with_all_that_was_in_it(run_alma, made_before):
    folder, known = made_before

    assert of_what_was_known(exported(run_alma, folder / "p"), known) == of_what_was_known(known, known)


def test_it_learns_on_from_the_evidence_that_it_had(run_alma, made_before):
    folder, _ = made_before
    learn = (
        *("learn", "--agent", "helena", "--domain", "testing_strategies", "--task", "Test the login form"),
        *("--outcome", "success", "--strategy", "Tried empty fields, then an invalid e-mail"),
    )

    learned = answer(run_alma(*learn, "--dir", str(folder / "p"), "--json"))

    assert [(rule["change"], rule["occurrences"]) for rule in learned["heuristics"]] == [("strengthened", 5)]


def test_it_pushes_only_what_waited_then_nothing(run_alma, made_before):
    folder, _ = made_before

    first = answer(run_alma("sync", "--dir", str(folder / "p"), "--json"))
    again = answer(run_alma("sync", "--dir", str(folder / "p"), "--json"))

    assert (first["pulled"], first["pushed"], first["conflict_count"], first["set_aside"]) == (0, 2, 0, 0)
    assert (again["pulled"], again["pushed"], again["derived_written"], again["vectors_written"]) == (0, 0, 0, 0)


def test_a_new_machine_gets_all_of_it_from_the_folder(run_alma, made_before):
    folder, known = made_before
    answer(run_alma("sync", "--dir", str(folder / "p"), "--json"))
    (folder / "new/.alma").mkdir(parents=True)
    (folder / "new/.alma/config.yaml").write_bytes((folder / "p/.alma/config.yaml").read_bytes())

    answer(run_alma("sync", "--dir", str(folder / "new"), "--json"))

    assert of_what_was_known(exported(run_alma, folder / "new"), known) == of_what_was_known(known, known)
