"""`alma log`, `stats`, `agents`, `doctor`, `reindex` and `config`."""

import shutil
import stat
import subprocess
import tempfile

import duckdb
import pytest

from alma_cli.api import ALMA
from alma_cli.embedding import MULTILINGUAL_MODEL, open_embedder
from alma_cli.project import make_project
from alma_cli.store.hnsw.extension import unavailable

MODEL = "sentence-transformers/all-MiniLM-L6-v2"


# log


def test_the_log_says_when_who_what_and_which(run_alma, run_json, learn, monkeypatch):
    id = learn("Test the login form")
    monkeypatch.setenv("USER", "ana")
    run_alma("feedback", id, "--helped")
    done = run_json("log")["data"]["audit"]
    assert [("ana", "insert", "helena", "credit"), ("tester", "insert", "helena", "outcome")] == [
        (row["by"], row["action"], row["agent"], row["detail"]) for row in done
    ]
    line = run_alma("log", id).out.rstrip("\n").split("\t")
    assert [
        done[1]["at"][:19].replace("T", " "),
        "tester",
        "insert",
        id,
        "helena",
        "outcome",
        "Test the login form [success]",
    ] == line
    assert 1 == len(run_json("log", "--limit", "1")["data"]["audit"])
    assert 1 == len(run_json("log", "-n", "1", "--wait", "5")["data"]["audit"])


def test_an_empty_log(run_alma, run_json):
    assert (0, "", "nothing was done yet\n") == run_alma("log")
    assert {"audit": [], "versions": []} == run_json("log")["data"]


# stats


def test_stats_count_by_agent_domain_and_kind(run_alma, run_json, learn):
    learn("Test the login form", domain="ui")
    id = learn("Test the logout form", outcome="failure", domain="ui")
    run_alma("add", "anti-pattern", "sleeping", "--project-wide")
    run_alma("forget", id)
    finished = run_alma("stats", "--wait", "5")
    assert "_project\tgeneral\tanti-pattern\t1\t0\nhelena\tui\toutcome\t1\t0\n" == finished.out
    data = run_json("stats")["data"]
    assert finished.err == f"2 records, 1 forgotten, {data['store_bytes'] / 1e6:.1f} MB\n"
    assert (2, 1, 0, {MODEL: 2}, {"helena": {"success": 1}}) == tuple(
        data[name] for name in ("total", "forgotten", "waiting", "models", "outcomes")
    )
    expected = {"agent": "helena", "domain": "ui", "kind": "outcome", "count": 1, "archived": 0}
    assert expected == data["tallies"][1]


def test_stats_of_nothing(run_alma):
    assert (0, "", "0 records, 0 forgotten, 0.0 MB\n") == run_alma("stats")


# agents


def test_agents_show_scopes_and_what_was_learned(configure, run_alma, run_json, learn):
    learn("Test the login form", domain="ui")
    learn("Design tables", agent="victor", outcome="failure", domain="database")
    learn("Design the API", agent="victor", outcome="success", domain="api")
    configure(
        """
alma:
  project_id: shop
  agents:
    helena: {can_learn: [ui], inherit_from: [victor]}
    victor: {cannot_learn: [database], share_with: ["*"]}
"""
    )
    assert [
        "helena\tui\t-\t1\t0\t0\t1 success\t1\t0",
        "victor\tanything\tdatabase\t2\t0\t0\t1 success, 1 failure\t0\t1",
    ] == run_alma("agents", "--wait", "5").out.splitlines()
    expected = {
        "agent": "victor",
        "may_learn": True,
        "can_learn": [],
        "cannot_learn": ["database"],
        "inherit_from": [],
        "share_with": ["*"],
        "learned": 2,
        "heuristics": 0,
        "anti_patterns": 0,
        "outcomes": {"failure": 1, "success": 1},
        "sees_of_others": 0,
        "hidden": 1,
    }
    assert expected == run_json("agents")["data"]["agents"][1]


def test_agents_when_nobody_is_named_and_nothing_learned(run_alma):
    told = 'any agent may learn anything ("*" in the configuration), and none has yet\n'
    assert (0, "", told) == run_alma("agents")


def test_an_agent_that_is_no_longer_named_is_listed_as_one_that_may_learn_nothing(configure, run_alma, run_json, learn):
    learn("Test the login form", agent="gone")
    configure("alma:\n  project_id: shop\n  agents: {helena: {}}\n")
    found = run_json("agents")["data"]["agents"]
    views = {view["agent"]: (view["learned"], view["may_learn"], view["hidden"]) for view in found}
    assert {"helena": (0, True, 0), "gone": (1, False, 1)} == views
    assert "gone\tnothing (not in the configuration)\t" in run_alma("agents").out


# doctor


def checks(envelope):
    return {check["name"]: check for check in envelope["data"]["checks"]}


def test_doctor_finds_a_new_project_well(run_alma, run_json):
    found = checks(run_json("doctor"))
    assert list(found) == [
        *("configuration", "environment", "folder", "locks", "disk", "store", "journal", "index", "bundled model"),
        *("embedding", "round trip"),
    ]
    assert "exact: every memory is compared" == found["index"]["found"]
    assert all(check["ok"] for check in found.values())
    assert "empty: nothing was recorded yet" == found["store"]["found"]
    finished = run_alma("doctor", "--wait", "5")
    assert (0, "") == (finished.code, finished.err)
    assert all(line.startswith("ok\t") for line in finished.out.splitlines())


def with_index(project):
    config = project / ".alma/config.yaml"
    config.write_text(config.read_text() + "  index: hnsw\n")


def test_an_index_that_is_missing_is_told_of_and_everything_is_compared(project, run_alma, run_json, learn):
    id = learn("Test the login form")
    with_index(project)
    index = checks(run_json("doctor", code=1))["index"]
    assert not index["ok"]
    assert index["found"].startswith("exact, since hnsw is not active: ")
    assert [id] == [
        hit["id"] for hit in run_json("retrieve", "test the login", "--agent", "helena")["data"]["outcomes"]
    ]


@pytest.mark.skipif(bool(unavailable()), reason=f"DuckDB's vss extension: {unavailable()}")
def test_reindex_makes_the_index_and_what_comes_later_is_found_too(project, run_alma, run_json, learn):
    with_index(project)
    old = learn("Test the login form")
    assert 0 == run_alma("reindex").code
    assert checks(run_json("doctor"))["index"]["found"].startswith("hnsw, active: 1 vectors")
    new = learn("Test the signup form")
    found = run_json("retrieve", "test the login and signup form", "--agent", "helena")["data"]["outcomes"]
    assert {old, new} == {hit["id"] for hit in found}


def test_doctor_counts_and_leaves_everything_as_it_is(run_json, learn):
    learn("Test the login form")
    before = run_json("stats")["data"]["total"]
    found = checks(run_json("doctor"))
    assert found["store"]["found"].startswith("1 record in ")
    assert (f"all by {MODEL}", "nothing is hidden by a scope", "0 waiting") == tuple(
        found[name]["found"] for name in ("vectors", "scope", "journal")
    )
    assert before == run_json("stats")["data"]["total"]


def test_doctor_names_what_is_wrong_and_ends_with_1(project, run_alma, run_json, learn, monkeypatch):
    learn("Test the login form")
    (project / ".alma").chmod(0o755)
    monkeypatch.setenv("ALMA_AGNET", "helena")
    (project / ".alma/journal/0-broken.json").write_text("{")
    envelope = run_json("doctor", code=1)
    assert ("failed", "3 checks failed") == (envelope["error"]["code"], envelope["error"]["message"])
    found = {name: check["found"] for name, check in checks(envelope).items() if not check["ok"]}
    assert {
        "environment": "unknown: ALMA_AGNET",
        "folder": f"others may read {project}/.alma",
        "journal": "1 unreadable files were set aside",
    } == found
    finished = run_alma("doctor")
    assert 1 == finished.code
    assert f"FAILED\tfolder\tothers may read {project}/.alma\n" in finished.out
    assert "environment: `alma config show` lists the variables that are read\n" in finished.err


def test_doctor_says_so_where_it_has_no_room_for_a_store_to_try(run_json, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    check = checks(run_json("doctor", code=1))["round trip"]
    assert check["found"].startswith("cannot keep a store in a temporary file: ")
    assert check["hint"] == "free some space where temporary files are, or set TMPDIR"


def test_the_variable_that_holds_the_key_is_known_to_doctor(configure, run_json, monkeypatch):
    configure("alma:\n  project_id: shop\n  azure: {auth: key, key: '${ALMA_SHOP_KEY}'}\n")
    monkeypatch.setenv("ALMA_SHOP_KEY", "x")
    assert checks(run_json("doctor"))["environment"]["ok"]


def test_doctor_says_what_can_be_done_about_a_damaged_store(project, run_json):
    (project / ".alma/memory.duckdb").write_bytes(b"this is not a database" * 1000)
    found = checks(run_json("doctor", code=1))["store"]
    assert not found["ok"]
    both = "move it and its .wal away (a log of another store spoils any that is put back), then "
    assert f"{both}`alma import` your last export; the journal is kept" == found["hint"]
    backup = project / ".alma/backup/memory-schema-1.duckdb"
    backup.parent.mkdir(exist_ok=True)
    backup.touch()
    assert f"{both}restore {backup}; the journal is kept" == checks(run_json("doctor", code=1))["store"]["hint"]


def test_doctor_tells_a_log_of_another_moment_from_a_damaged_store(project, run_alma, run_json, learn):
    store = project / ".alma/memory.duckdb"
    log = project / ".alma/memory.duckdb.wal"
    run_alma("forget", learn("Test the logout form"), "--yes")
    learn("Test the login form")
    earlier = log.read_bytes()
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{store}' AS store")
        connection.execute("FORCE CHECKPOINT store")
    log.write_bytes(earlier)
    found = checks(run_json("doctor", code=1))["store"]
    assert "if it was put back from a copy, move only its .wal away" in found["hint"]
    log.unlink()
    assert "Test the login form" in run_alma("list").out


def test_doctor_says_once_how_much_the_bundled_model_cannot_read_and_which_model_can(run_alma, run_json, learn):
    learn("Test the login form")
    learn("Größe der Bestellung prüfen")
    assert "language" not in checks(run_json("doctor"))
    learn("测试登录表单")
    found = checks(run_json("doctor"))["language"]
    assert found["ok"]
    assert found["found"] == "1 of 3 memories are in a script that the bundled model can't read: words find them"
    assert f"alma config set embedding.model {MULTILINGUAL_MODEL}`" in found["hint"]
    finished = run_alma("doctor")
    assert (0, 1) == (finished.code, finished.err.count("multilingual"))


def test_the_model_that_doctor_names_is_one_that_can_be_configured():
    assert open_embedder(MULTILINGUAL_MODEL).dimension == 384


def test_doctor_lists_what_the_present_scope_hides(configure, run_json, learn):
    learn("Design the tables", domain="database")
    learn("Design the tables", domain="ui", agent="gone")
    configure("alma:\n  project_id: shop\n  agents: {helena: {cannot_learn: [database]}}\n")
    found = checks(run_json("doctor"))["scope"]["found"]
    assert "hidden by the present scopes: 1 of gone in ui; 1 of helena in database" == found


# reindex


def test_reindex_gives_vectors_where_they_are_missing(project, run_alma, run_json, learn):
    learn("Test the login form")
    learn("Test the logout form")
    derived = "derived everything again: 0 derived memories changed\n"
    assert (0, "", f"embedded 0 memories with {MODEL}\n{derived}") == run_alma("reindex")
    with ALMA.find(directory=project)._session.store().file.opened(read_only=False) as connection:
        connection.execute("UPDATE memories SET embedding_model = 'an older one' WHERE task LIKE '%login%'")
    envelope = run_json("retrieve", "test the login form", "--agent", "helena")
    assert [f"1 of 2 memories have no vector by {MODEL}, so only their words were compared: run `alma reindex`"] == (
        envelope["warnings"]
    )
    found = checks(run_json("doctor", code=1))["vectors"]
    assert (f"1 memory has no vector by {MODEL}", "run `alma reindex`") == (found["found"], found["hint"])
    assert (0, "", f"embedded 1 memory with {MODEL}\n{derived}") == run_alma("reindex", "--yes", "--wait", "5")
    assert [] == run_json("retrieve", "test the login form", "--agent", "helena")["warnings"]
    assert {"embedded": 2, "derived_changed": 0, "model": MODEL} == run_json("reindex", "--all")["data"]


def test_reindex_of_nothing(run_json):
    assert {"embedded": 0, "derived_changed": 0, "model": MODEL} == run_json("reindex", "--all")["data"]


# config


def test_config_show_says_where_each_value_came_from(project, run_alma, run_json, monkeypatch):
    monkeypatch.setenv("ALMA_RETRIEVAL_TOP_K", "3")
    settings = {s["key"]: (s["value"], s["origin"]) for s in run_json("config", "show")["data"]["settings"]}
    assert ("shop", f"{project}/.alma/config.yaml:2") == settings["project_id"]
    assert ("3", "ALMA_RETRIEVAL_TOP_K") == settings["retrieval.top_k"]
    assert ("local", "default") == settings["storage"]
    assert "retrieval.top_k\t3\tALMA_RETRIEVAL_TOP_K\n" in run_alma("config", "show").out


def test_config_check_lists_every_problem(project, configure, run_alma, run_json):
    file = project / ".alma/config.yaml"
    told = (0, "", f"{file} is valid\n")
    assert told == run_alma("config", "check")
    configure("alma:\n  project_id: shop\n  storge: local\n  wait_s: long\n")
    finished = run_alma("config", "check")
    assert (3, "") == finished[:2]
    assert [
        f"error: {file}:4: wait_s is 'long'; it takes a number from 0 to 3,600",
        f"error: {file}:3: there is no key storge",
        "hint: did you mean storage?",
    ] == finished.err.splitlines()
    envelope = run_json("config", "check", code=3)
    assert ("invalid_config", 2) == (envelope["error"]["code"], len(envelope["data"]["problems"]))
    assert str(file) == envelope["data"]["path"]


# Where the project is


@pytest.mark.parametrize("where", [".", ".alma"])
def test_the_project_is_named_before_or_behind_the_command_or_by_a_variable(
    project, run_alma, monkeypatch, tmp_path, where
):
    monkeypatch.chdir(tmp_path)
    assert 3 == run_alma("stats").code
    path = str(project / where)
    assert 0 == run_alma("--dir", path, "stats").code
    assert 0 == run_alma(f"--dir={path}", "stats").code
    assert 0 == run_alma("stats", "--dir", path).code
    assert 0 == run_alma("--dir", path, "config", "show").code
    assert 0 == run_alma("--dir", path, "add", "knowledge", "CI has two cores", "--project-wide").code
    monkeypatch.setenv("ALMA_DIR", path)
    assert 0 == run_alma("stats").code
    assert 3 == run_alma("stats", "--dir", str(tmp_path)).code


def test_the_one_behind_the_command_wins(project, run_alma, tmp_path):
    assert 0 == run_alma("--dir", str(tmp_path), "stats", "--dir", str(project)).code
    assert 3 == run_alma("--dir", str(project), "stats", "--dir", str(tmp_path)).code


def test_without_a_project_the_remedy_is_named(run_alma, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    hint = "`alma init` makes one here"
    message = f"no .alma/ in {tmp_path} or any folder above"
    assert (3, "", f"error: {message}\nhint: {hint}\n") == run_alma("retrieve", "x", "--agent", "a")


def test_what_is_stored_is_its_owners_only(project, run_alma, learn):
    learn("Test the login form")
    run_alma("retrieve", "Test the login form", "--agent", "helena")
    open_to_others = [path for path in (project / ".alma").rglob("*") if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert [] == open_to_others


@pytest.mark.parametrize("name", ["journal", "log", "backup", "lock", "memory.duckdb"])
def test_doctor_tells_of_a_file_in_the_place_of_a_folder_and_the_other_way_round(project, run_alma, name):
    path = project / ".alma" / name
    if is_folder := name in ("journal", "log", "backup"):
        shutil.rmtree(path, ignore_errors=True)
        path.write_text("")
    else:
        path.mkdir()
    finished = run_alma("doctor")
    said = f"{path} is a {'file, and has to be a folder' if is_folder else 'folder, and has to be a file'}"
    assert (1, True) == (finished.code, said in finished.out), finished
    assert "move it away" in finished.err


@pytest.mark.slow
def test_doctor_tells_an_emptied_project_from_a_new_one(project, run_json, learn):
    def store(code=0):
        return checks(run_json("doctor", code=code))["store"]

    subprocess.run(["git", "init", "-q"], check=True)
    assert "empty: nothing was recorded yet" == store()["found"]
    learn("Ship")
    assert store()["found"].startswith("1 record in ")
    subprocess.run(["git", "add", ".alma"], check=True)
    subprocess.run(["git", "clean", "-fdxq"], check=True)
    assert store(1)["found"].startswith("gone: something was recorded since ")
    told = run_json("status")["data"]
    assert (True, "alma doctor") == (bool(told["emptied_since"]), told["next"]["command"])
    learn("Ship again")
    assert run_json("status")["data"]["emptied_since"] is None
    assert store()["found"].startswith("1 record in ")
    shutil.rmtree(project / ".alma")
    make_project(project, "alma:\n  project_id: new\n")
    assert "empty: nothing was recorded yet" == store()["found"]


def test_config_set_writes_a_value_and_says_what_it_was(run_alma, run_json, project):
    file = project / ".alma/config.yaml"
    finished = run_alma("config", "set", "retrieval.top_k", "3", "--yes")
    assert (0, "", f"retrieval.top_k is 3 ({file}:4); it was 5 (default)\n") == finished
    assert "alma:\n  project_id: shop\n  retrieval:\n    top_k: 3\n" == file.read_text()
    again = run_json("config", "set", "retrieval.top_k", "3")["data"]
    assert {"key": "retrieval.top_k", "value": "3", "origin": f"{file}:4", "before": "3"} == again


def test_config_set_warns_where_the_environment_has_its_own(run_alma, monkeypatch):
    monkeypatch.setenv("ALMA_WAIT_S", "7")
    told = "wait_s is 7 (ALMA_WAIT_S)\nwarning: ALMA_WAIT_S in the environment overrides what was written\n"
    assert (0, "", told) == run_alma("config", "set", "wait_s", "5")


def test_config_set_mends_a_broken_configuration(run_alma, configure):
    configure("alma:\n  project_id: shop\n  wait_s: soon\n")
    assert 3 == run_alma("stats").code
    assert 0 == run_alma("config", "set", "wait_s", "5").code
    assert 0 == run_alma("stats").code
