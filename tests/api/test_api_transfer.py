"""Export and import lose nothing: what one store gives, another of the same project takes, to the last character."""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from alma_cli import ALMA
from alma_cli.core.learning.reports import report_from_json
from alma_cli.core.text import composed
from alma_cli.errors import StoreUnwritable
from alma_cli.project import make_project

SCHEMAS = {
    path.name: json.loads(path.read_text())
    for path in (Path(__file__).parents[2] / "docs/schemas").glob("*.schema.json")
}
REGISTRY = Registry().with_resources((name, Resource.from_contents(schema)) for name, schema in SCHEMAS.items())


def validator(name):
    return Draft202012Validator(SCHEMAS[f"{name}.schema.json"], registry=REGISTRY, format_checker=FormatChecker())


# Words from a tiny set, so that texts are sometimes equal, and any characters, so that every one is met.
texts = st.one_of(
    st.sampled_from(["login", "a\0b", "'; DROP", "é\u202e", "\n"]), st.text(st.characters(codec="utf-8"), max_size=12)
)
main_texts = texts.map(lambda text: f"x{text}")
times = st.datetimes(datetime(1970, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC)).map(
    lambda time: time.isoformat().replace("+00:00", "Z")
)
shares = st.floats(0, 1)
keys = {"task_key": texts, "strategy_key": texts}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
evidence = st.one_of(
    st.just({"occurrences": 0, "successes": 0.0}),
    st.integers(1, 5).flatmap(
        lambda n: st.floats(0, n).map(lambda successes: {"occurrences": n, "successes": successes})
    ),
)


def of_kind(kind, **fields):
    known = {
        "kind": st.just(kind),
        "id": st.uuids().map(lambda id: id.hex),
        "project_id": st.just("shop"),
        "agent": st.sampled_from(["helena", "victor", "_project"]),
        "domain": st.sampled_from(["general", "ui"]),
        "origin": st.sampled_from(["observed", "authored"]),
        "created_at": times,
        "updated_at": times,
        "labels": st.dictionaries(texts, texts, max_size=2),
        "archived": st.booleans(),
    }
    unknown = st.dictionaries(st.sampled_from(["x_one", "x_\u202e"]), json_values, max_size=2)
    return st.builds(lambda known, unknown: {**known, **unknown}, st.fixed_dictionaries({**known, **fields}), unknown)


records = st.one_of(
    of_kind(
        "outcome",
        task=main_texts,
        outcome=st.sampled_from(["success", "failure", "partial"]),
        strategy=texts,
        feedback=texts,
        error=texts,
        duration_ms=st.none() | st.integers(0, 2**53),
        at=times,
        when=st.sampled_from(["", "it fails at night"]),
        do=st.sampled_from(["", "wait"]),
    ),
    of_kind(
        "heuristic",
        condition=main_texts,
        strategy=main_texts,
        confidence=shares,
        last_validated_at=st.none() | times,
        evidence=evidence,
        **keys,
    ),
    of_kind(
        "anti_pattern",
        pattern=main_texts,
        why_bad=texts,
        better_alternative=texts,
        last_seen_at=st.none() | times,
        evidence=evidence,
        **keys,
    ),
    of_kind("preference", preference=main_texts, user_id=texts, category=texts, source=texts, confidence=shares),
    of_kind("knowledge", fact=main_texts, source=texts, confidence=shares, last_verified_at=st.none() | times),
    of_kind("credit", target=st.uuids().map(lambda id: id.hex), value=st.sampled_from([1, -1]), at=times),
).map(lambda record: {**record, **record.pop("evidence", {})})


def fresh(folder):
    Path(folder).mkdir()
    make_project(folder, "alma:\n  project_id: shop\n")
    return ALMA.find(directory=folder)


def imported(alma, lines):
    return alma.import_(list(enumerate(map(json.loads, lines), start=1)))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(records, min_size=1, max_size=8, unique_by=lambda record: record["id"]))
def test_export_and_import_lose_nothing(given_records):
    with tempfile.TemporaryDirectory() as folder:
        first, second = fresh(f"{folder}/first"), fresh(f"{folder}/second")
        lines = [json.dumps(record) for record in given_records]
        assert ([], len(lines)) == ((done := imported(first, lines)).refused, done.imported)
        exported = [line for line in first.export() if json.loads(line)["origin"] != "derived"]
        stored = {record["id"]: record for record in map(json.loads, exported)}
        for record in given_records:
            if "user_id" in record:
                record["user_id"] = composed(record["user_id"])  # names are one in each form of Unicode
            assert all(stored[record["id"]][name] == record[name] for name in record)
            validator("record").validate(stored[record["id"]])
        assert ([], len(lines)) == ((done := imported(second, exported)).refused, done.imported)
        assert sorted(first.export()) == sorted(second.export())
        again = imported(second, exported)
        assert (0, len(lines)) == (again.imported, again.present)


def test_what_was_forgotten_stays_so_in_the_store_that_forgot_it(tmp_path):
    first, second = fresh(tmp_path / "first"), fresh(tmp_path / "second")
    ids = [first.add_knowledge(f"fact {n} about {topic}").id for n, topic in enumerate(["tea", "rain", "steel"])]
    lines = list(first.export())
    first.forget(ids[:1])
    done = imported(first, lines)
    assert (0, 2, 1) == (done.imported, done.present, done.forgotten)
    assert 3 == imported(second, lines).imported


def test_what_another_project_exported_is_refused_until_it_is_left_out(tmp_path):
    alma = fresh(tmp_path / "first")
    line = {"kind": "knowledge", "agent": "a", "fact": "x", "project_id": "bank"}
    (refused,) = alma.import_([(1, line)]).refused
    assert "leave project_id out to import the memory into this project" == refused.error.hint
    del line["project_id"]
    assert 1 == alma.import_([(1, line)]).imported


# What --json prints is what the schemas say


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schemas_are_schemas(name):
    Draft202012Validator.check_schema(SCHEMAS[name])


def test_retrieve_learn_and_records_are_what_their_schemas_say(run_json, run_alma, learn):
    learn("Test the login form", strategy="Tried empty fields")
    learn("Bake a cake")
    for argv in (
        ["anti-pattern", "testing a login form by sleeping", "--agent", "helena"],
        ["heuristic", "testing a login form", "--strategy", "begin empty", "--agent", "helena"],
        ["preference", "Test the login form with a keyboard"],
        ["knowledge", "The login form validates on blur", "--agent", "helena"],
    ):
        id = run_json("add", *argv)["data"]["id"]
        validator("record").validate(run_json("show", id)["data"])
    credit = run_json("feedback", id, "--helped")["data"]
    validator("record").validate(credit)
    for argv in (["--explain"], [], ["--kind", "outcome"]):
        data = run_json("retrieve", "test the login form", "--agent", "helena", *argv)["data"]
        validator("retrieve").validate(data)
        assert ("--explain" in argv) == ("explain" in data["outcomes"][0])
    learned = run_json("learn", "--agent", "helena", "--task", "x", "--outcome", "success")["data"]
    validator("learn").validate(learned)
    batch = run_json("learn", "--batch", "-", stdin='{"agent": "a", "task": "x", "outcome": "success"}\n{}\n', code=1)
    validator("learn").validate(batch["data"])
    for memory in run_json("list")["data"]["memories"]:
        validator("record").validate(memory)


@pytest.mark.parametrize("way", ["learn_batch", "import_"])
def test_where_a_disk_fills_up_amid_a_batch_it_is_told_which_lines_are_recorded(project, way):
    alma = ALMA.find()
    line = {"agent": "a", "task": "T", "outcome": "success", "strategy": "S"}
    what = {**line, "kind": "outcome"} if way == "import_" else report_from_json(line, default_agent=None)
    lines = ((number, what) for number in range(1, 1031))

    def fill_up(_done):
        journal = project / ".alma" / "journal"
        journal.rmdir()
        journal.touch()

    with pytest.raises(StoreUnwritable) as raised:
        getattr(alma, way)(lines, on_progress=fill_up)
    assert raised.value.message.endswith("; the lines up to 1,024 were taken, and none after them")
    assert raised.value.hint.endswith("; then go on with line 1,025")
    (project / ".alma" / "journal").unlink()
    assert 1024 == len(alma.memories(kinds=("outcome",)))


def test_a_word_that_stands_for_nothing_is_not_imported_from_elsewhere(tmp_path):
    alma = fresh(tmp_path / "shop")
    lines = [
        {"kind": "outcome", "agent": "a", "task": f"t{n}", "outcome": "success", "strategy": "N/A"} for n in range(3)
    ]
    assert 3 == alma.import_(enumerate(lines, start=1)).imported
    assert [("", "")] * 3 == [(record.strategy, record.strategy_key) for record in alma.memories()]
