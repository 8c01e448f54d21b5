"""`alma config rename`: another id for a project, in its configuration, its memories and its shared copy."""

import json
import shutil
from pathlib import Path

import pytest


@pytest.fixture
def shared(configure, tmp_path):
    configure("alma:\n  project_id: shop   # ours\n  storage: file\n  file: {path: ../shared}\n")
    return tmp_path / "shared"


@pytest.fixture
def other(shared, project, tmp_path):
    """A second machine."""
    folder = tmp_path / "other"
    (folder / ".alma").mkdir(parents=True)
    shutil.copy(project / ".alma/config.yaml", folder / ".alma/config.yaml")
    return folder


def memories(run_alma, *where):
    return {one["id"]: one for one in map(json.loads, run_alma("export", *where).out.splitlines())}


def bodies(folder):
    return [json.loads(path.read_text()) for path in folder.rglob("*.json")]


def test_everybody_who_renames_goes_on_together_and_keeps_everything(shared, other, run_alma, run_json, learn):
    for _ in range(3):
        learn("Test the login form", strategy="Tested empty fields")
    before = memories(run_alma)
    [rule] = [one["id"] for one in before.values() if one["origin"] == "derived"]
    run_alma("feedback", rule, "--helped")
    run_alma("sync")
    there = ("--dir", str(other))
    run_alma("sync", *there)
    late = run_alma("add", "knowledge", "CI is slow", "--agent", "helena", *there).out.strip()

    data = run_json("config", "rename", "web-shop")["data"]
    assert ("shop", "web-shop", 4) == (data["before"], data["project_id"], data["memories"])
    assert 'project_id: "web-shop"   # ours' in Path(".alma/config.yaml").read_text()
    after = memories(run_alma)
    assert {"web-shop"} == {one["project_id"] for one in after.values()}
    [new_rule] = [one["id"] for one in after.values() if one["origin"] == "derived"]
    assert [new_rule] == [one["target"] for one in after.values() if one["kind"] == "credit"]
    assert rule != new_rule
    assert "4 pushed" in run_alma("sync").err

    error = run_json("sync", *there, code=4)["error"]
    assert "is called 'web-shop' now" in error["message"]
    assert "alma config rename web-shop" in error["hint"]
    assert 0 == run_alma("config", "rename", "web-shop", *there).code
    finished = run_alma("sync", *there)
    assert "0 pulled, 1 pushed" in finished.err
    assert "conflict" not in finished.err
    assert "1 pulled, 0 pushed" in run_alma("sync").err
    assert memories(run_alma) == memories(run_alma, *there)
    assert late in memories(run_alma)
    assert {"web-shop"} == {body["project_id"] for body in bodies(shared / "web-shop")}


def test_a_project_id_that_was_only_edited_stops_the_sync_with_the_command(shared, run_alma, run_json, learn, project):
    id = learn("Test the login form")
    run_alma("sync")
    path = project / ".alma/config.yaml"
    path.write_text(path.read_text().replace("shop ", "web-shop "))
    for arguments in ((), ("--reseed", "--yes"), ("--dry-run",)):
        error = run_json("sync", *arguments, code=3)["error"]
        assert "the memories here are of 'shop', not of 'web-shop'" in error["message"]
        assert "`alma config rename web-shop`" in error["hint"]
    assert "the memories here are of 'shop'" in run_json("sync", "status")["data"]["trouble"]
    assert 0 == run_alma("config", "rename", "web-shop").code
    assert "1 pushed" in run_alma("sync").err
    assert [id] == [body["id"] for body in bodies(shared / "web-shop") if body["kind"] == "outcome"]


def test_a_name_that_another_project_has_is_refused_and_nothing_changes(shared, run_alma, run_json, learn, project):
    learn("Test the login form")
    run_alma("sync")
    shutil.copytree(shared / "shop", shared / "taken")
    [marker] = (shared / "taken/_project").glob("*.json")
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "project_uid": "x", "project_id": "taken"}))
    before = memories(run_alma), (project / ".alma/config.yaml").read_text()
    assert "another project called 'taken'" in run_json("config", "rename", "taken", code=4)["error"]["message"]
    assert before == (memories(run_alma), (project / ".alma/config.yaml").read_text())
    assert 0 == run_alma("sync").code


def test_a_name_that_the_configuration_would_refuse_changes_nothing(configure, run_alma, project):
    configure("alma:\n  project_id: shop\n")
    before = (project / ".alma/config.yaml").read_bytes()
    assert 3 == run_alma("config", "rename", "AccountKey=abcdefghij").code
    assert before == (project / ".alma/config.yaml").read_bytes()
    assert 0 == run_alma("stats").code


def test_there_and_back_again(shared, run_alma, learn):
    id = learn("Test the login form")
    run_alma("sync")
    before = memories(run_alma)
    for name in ("web-shop", "shop"):
        assert 0 == run_alma("config", "rename", name).code
        assert 0 == run_alma("sync").code
    assert before == memories(run_alma)
    assert id in before


def test_a_project_that_shares_nothing_is_renamed_too_and_what_waits_is_folded_in(configure, run_alma, learn):
    configure("alma:\n  project_id: shop\n")
    learn("Test the login form")
    assert "the project is called web; 1 memory was renamed" in run_alma("config", "rename", "web").err
    assert "0 memories were renamed" in run_alma("config", "rename", "web").err
    assert {"web"} == {one["project_id"] for one in memories(run_alma).values()}


def test_an_id_that_the_environment_gives_is_not_changed_here(configure, run_json, monkeypatch):
    configure("alma:\n  project_id: shop\n")
    monkeypatch.setenv("ALMA_PROJECT_ID", "shop")
    error = run_json("config", "rename", "web", code=3)["error"]
    assert "ALMA_PROJECT_ID has it" in error["message"]
    assert 2 == len(run_json("config", "rename", "a/b", code=2)["error"]["message"].split(": "))
