"""`alma sync` and `alma sync status`, through a folder."""

import json
import os
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from alma_cli.project import make_project

SCHEMA = Draft202012Validator(
    json.loads((Path(__file__).parents[2] / "docs/schemas/sync.schema.json").read_text()),
    format_checker=FormatChecker(),
)
CONFIG = """\
alma:
  project_id: shop
  storage: file
  file: {path: ../shared}
"""


@pytest.fixture
def shared(project, configure):
    """The project shares a folder beside it."""
    configure(CONFIG)
    return project.parent / "shared"


@pytest.fixture
def other(shared, tmp_path):
    """Another machine's folder of the same project."""
    folder = tmp_path / "other"
    folder.mkdir()
    make_project(folder, CONFIG)
    return folder


@pytest.fixture
def run_json(run_json):
    """Run with --json; what `sync` answers is as its schema says."""

    def run(*argv, **options):
        envelope = run_json(*argv, **options)
        if argv[0] == "sync" and envelope["data"] is not None:
            SCHEMA.validate(envelope["data"])
        return envelope

    return run


def documents(shared):
    return sorted(path.stem for path in shared.rglob("*.json") if path.parent.name != "_project")


def test_what_one_learned_the_other_retrieves(shared, other, run_alma, run_json, learn):
    id = learn("Test the login form", strategy="Tested empty fields")
    finished = run_alma("sync")
    assert (0, "") == (finished.code, finished.out)
    assert finished.err.startswith(f"the folder {shared}: 0 pulled, 1 pushed (")
    assert [id] == documents(shared)
    data = run_json("sync", "--dir", str(other))["data"]
    assert (1, 0, False) == (data["pulled"], data["pushed"], data["busy"])
    found = run_json("retrieve", "the login form", "--agent", "helena", "--dir", str(other))["data"]
    assert [id] == [hit["id"] for hit in found["outcomes"]]


def test_a_credential_that_was_stored_unredacted_is_not_pushed(shared, other, run_alma, learn, monkeypatch):
    secret = "gh" + "p_" + "a1B2c3D4e5" * 3 + "f6G7h8"
    with monkeypatch.context() as unredacted:
        unredacted.setenv("ALMA_SECRETS_REDACT", "false")
        id = learn("Push the image", error=f"denied for {secret}")
        learn("Test the login form")
    finished = run_alma("sync")
    assert (0, "") == (finished.code, finished.out)
    assert "warning: before pushing, redacted what looks like a credential: github token\n" in finished.err
    assert not [path for path in shared.rglob("*") if path.is_file() and secret in path.read_text()]
    assert "warning" not in run_alma("sync").err
    run_alma("sync", "--dir", str(other))
    assert run_alma("show", id).out == run_alma("show", id, "--dir", str(other)).out
    assert "[redacted: github token]" in run_alma("show", id).out


def test_copies_that_a_cloud_drive_makes_are_told_of_and_change_nothing(shared, run_alma, run_json, learn):
    id = learn("Test the login form")
    run_alma("sync")
    (path,) = shared.rglob(f"{id}.json")
    made = [f"{id} (conflicted copy).json", f"{id} 2.json", f"{id}.sync-conflict-20261127-120000-ABC.json"]
    for name in made:
        (path.parent / name).write_text(path.read_text().replace("login", "logout"))
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", f".syncthing.{id}.json.tmp", f"{id}.json.part"):
        (path.parent / name).write_bytes(b"\0")
        (shared / "shop" / name).write_bytes(b"\0")
    first = run_json("sync")
    assert (0, 0) == (first["data"]["pulled"], first["data"]["pushed"])
    assert "and won't be overwritten" in first["warnings"][0]
    assert 3 == len(run_json("sync", "status")["data"]["set_aside"])
    assert "Test the login form" == run_json("show", id)["data"]["task"]
    for name in made:
        (path.parent / name).unlink()
    (shared / "shop/node_modules/left-pad").mkdir(parents=True)
    other = shared / "shop/node_modules/left-pad/package.json"
    other.write_text("{}")
    run_alma("sync")
    assert [str(other)] == [one["name"] for one in run_json("sync", "status")["data"]["set_aside"]]
    other.unlink()
    run_alma("sync")
    assert [] == run_json("sync", "status")["data"]["set_aside"]


def test_copies_of_the_marker_alone_are_no_memories_to_ask_about(shared, other, run_json, learn, monkeypatch):
    run_json("sync")
    marker = shared / "shop/_project/_meta.json"
    for name in ("_meta (one's conflicted copy).json", "_meta.sync-conflict-20261128-120000-ABC.json"):
        (marker.parent / name).write_text(marker.read_text())
    monkeypatch.chdir(other)
    learn("Test the login form")
    assert 1 == run_json("sync")["data"]["pushed"]


def test_a_document_that_is_cut_to_nothing_is_set_aside_and_its_memory_stays(shared, run_alma, run_json, learn):
    id = learn("Test the login form")
    run_alma("sync")
    (path,) = shared.rglob(f"{id}.json")
    whole = path.read_bytes()
    path.write_bytes(b"")
    assert 1 == len(run_json("sync")["warnings"])
    assert ("Test the login form", b"") == (run_json("show", id)["data"]["task"], path.read_bytes())
    path.write_bytes(whole)
    run_alma("sync")
    assert [] == run_json("sync", "status")["data"]["set_aside"]


def test_two_projects_that_share_one_folder_stay_apart(shared, other, run_alma, run_json, learn):
    learn("Test the login form")
    run_alma("sync")
    (other / ".alma/config.yaml").write_text(CONFIG.replace("project_id: shop", "project_id: cafe"))
    done = run_json("sync", "--dir", str(other))["data"]
    assert (0, 0) == (done["pulled"], done["pushed"])
    assert "no memories" in run_alma("list", "--dir", str(other)).err


def test_a_project_that_moves_to_and_fro_exchanges_what_is_new_only(shared, project, run_json, learn, monkeypatch):
    learn("Test the login form")
    run_json("sync")
    there = project.parent / "elsewhere"
    for number, (before, after) in enumerate([(project, there), (there, project)] * 2):
        before.rename(after)
        monkeypatch.chdir(after)
        done = run_json("sync")["data"]
        assert (0, 0, 0) == (done["pulled"], done["pushed"], len(done["conflicts"]))
        learn(f"Test page {number}")
        assert 1 == run_json("sync")["data"]["pushed"]
    assert 5 == len(documents(shared))


def test_a_link_to_a_project_is_one_replica_with_it(shared, project, run_json, learn, monkeypatch):
    learn("Test the login form")
    run_json("sync")
    (project.parent / "link").symlink_to(project)
    monkeypatch.chdir(project.parent / "link")
    learn("Test the logout")
    monkeypatch.chdir(project)
    learn("Test the cart")
    run_json("sync")
    written = {
        json.loads(path.read_text())["hlc"].rpartition(".")[2]
        for path in shared.rglob("*.json")
        if len(path.stem) == 32
    }
    assert 1 == len(written)


def test_a_second_sync_leaves_every_file_as_it_was(shared, run_alma, learn):
    for _ in range(3):
        learn("Test the login form", strategy="Tested empty fields")
    assert 0 == run_alma("sync").code
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in shared.rglob("*") if path.is_file()}
    assert 4 == len([path for path in before if path.suffix == ".json"])  # the marker among them
    finished = run_alma("sync")
    assert "0 pulled, 0 pushed (" in finished.err
    assert before == {
        path: (path.stat().st_mtime_ns, path.read_bytes()) for path in shared.rglob("*") if path.is_file()
    }


def test_a_dry_run_lists_what_would_be_done(shared, run_alma, run_json, learn):
    id = learn("Test the login form")
    finished = run_alma("sync", "--dry-run")
    assert f"push\t{id}\toutcome\thelena\n" == finished.out
    assert "the marker would be written" in finished.err
    assert "1 would be pushed" in finished.err
    assert not shared.exists()
    plan = run_json("sync", "--dry-run")["data"]["plan"]
    assert [{"action": "push", "id": id, "kind": "outcome", "agent": "helena"}] == plan


def test_a_conflict_is_listed_and_its_loser_is_in_the_log(shared, other, run_alma, run_json, learn):
    id = run_alma("add", "knowledge", "CI has one core", "--agent", "helena").out.strip()
    run_alma("sync")
    run_alma("sync", "--dir", str(other))
    run_alma("correct", id, "CI has two cores")
    run_alma("correct", id, "CI has three cores", "--dir", str(other))
    run_alma("sync")
    finished = run_alma("sync", "--dir", str(other))
    assert f"conflict\t{id}\tknowledge\thelena\tkept ours\n" == finished.out
    assert "1 conflict" in finished.err
    assert "alma log ID" in finished.err
    lost = {json.loads(row["content"])["fact"] for row in run_json("log", id, "--dir", str(other))["data"]["versions"]}
    assert "CI has two cores" in lost
    assert 1 == run_json("sync", "status", "--dir", str(other))["data"]["conflicts"]
    run_alma("sync")
    assert "CI has three cores" == run_json("show", id)["data"]["fact"]


def test_the_status_says_how_it_stands(shared, run_alma, run_json, learn):
    learn("Test the login form")
    lines = dict(line.split("\t") for line in run_alma("sync", "status").out.splitlines())
    assert (f"the folder {shared}", "yes", "never") == (lines["remote"], lines["answers"], lines["last sync"])
    assert "1 memory (helena 1)" == lines["pending"]
    run_alma("sync")
    data = run_json("sync", "status")["data"]
    assert (0, True, [], True) == (data["pending"], data["joined"], data["set_aside"], data["same_rules"])


def test_a_file_that_git_could_not_merge_is_named_and_never_overwritten(shared, run_alma, learn):
    id = run_alma("add", "knowledge", "CI has one core", "--agent", "helena").out.strip()
    run_alma("sync")
    [path] = shared.rglob(f"{id}.json")
    good = path.read_text()
    path.write_text(f"<<<<<<< HEAD\n{good}=======\n{good}>>>>>>> theirs\n")
    run_alma("correct", id, "CI has two cores")
    finished = run_alma("sync")
    assert 0 == finished.code
    assert f"warning: {path} was set aside, and won't be overwritten: git could not merge it" in finished.err
    assert path.read_text().startswith("<<<<<<< HEAD")
    assert f"{path}: git could not merge it" in run_alma("sync", "status").out
    path.write_text(good)
    assert "1 pushed" in run_alma("sync").err
    assert "CI has two cores" in path.read_text()


def test_a_folder_that_is_not_there_is_told_at_once_and_nothing_is_lost(shared, configure, run_alma, run_json, learn):
    id = learn("Test the login form")
    configure(CONFIG.replace("../shared", "/nowhere/at/all"))
    error = run_json("sync", code=4)["error"]
    assert ("remote_missing", "there is no folder /nowhere/at to hold /nowhere/at/all") == (
        error["code"],
        error["message"],
    )
    data = run_json("sync", "status")["data"]
    assert (False, 1) == (data["answers"], data["pending"])
    configure(CONFIG)
    run_alma("sync")
    assert [id] == documents(shared)


def test_a_shared_copy_that_the_next_sync_refuses_is_none_that_answers(shared, run_alma, run_json, learn):
    learn("Test the login form")
    run_alma("sync")
    shutil.rmtree(shared)
    refused = run_json("sync", code=4)["error"]
    data = run_json("sync", "status")["data"]
    assert (False, refused["message"], True) == (data["answers"], data["trouble"], data["joined"])
    assert "--reseed" in refused["hint"]
    assert refused["hint"] in run_alma("sync", "status").err
    checks = {one["name"]: one for one in run_json("doctor", code=1)["data"]["checks"]}
    assert (False, refused["message"]) == (checks["sync"]["ok"], checks["sync"]["found"])


@pytest.mark.parametrize(
    "config, named",
    [
        ("alma: {project_id: shop}\n", "storage"),
        ("alma: {project_id: shop, storage: file}\n", "file.path"),
        ("alma: {project_id: shop, storage: file, file: {path: .alma/shared}}\n", "file.path"),
        ("alma: {project_id: shop, storage: azure}\n", "azure.endpoint"),
    ],
)
@pytest.mark.parametrize("command", [("sync",), ("sync", "status")], ids=" ".join)
def test_without_a_shared_copy_the_missing_key_is_named(configure, run_json, command, config, named):
    configure(config)
    error = run_json(*command, code=3)["error"]
    assert "invalid_config" == error["code"]
    assert named in error["message"]
    assert error["hint"]


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--push", "--pull"], "exclude each other"),
        (["--timeout", "0"], "--timeout: expected more than 0 seconds"),
        (["--timeout", "soon"], "not a number"),
        (["--agent", "*"], "agent"),
        (["nonsense"], "has no place for 'nonsense'"),
    ],
)
def test_what_makes_no_sense_is_refused(shared, run_json, arguments, said):
    error = run_json("sync", *arguments, code=2)["error"]
    assert said in error["message"]


@pytest.mark.parametrize("command", ["sync", "review", "publish"])
def test_an_agent_of_which_nothing_is_here_is_told(shared, run_json, learn, command):
    learn("Test the login form")
    (warning,) = run_json(command, "--agent", "helna")["warnings"]
    assert warning.startswith("no memory has the agent 'helna'; did you mean helena?")
    assert [] == run_json(command, "--agent", "helena")["warnings"]


def test_joining_has_to_be_said(shared, other, run_alma, run_json, learn):
    learn("Test the login form")
    run_alma("sync")
    run_alma("add", "knowledge", "CI has two cores", "--agent", "helena", "--dir", str(other))
    error = run_json("sync", "--dir", str(other), code=4)["error"]
    assert "remote_foreign" == error["code"]
    assert "alma sync --join" in error["hint"]
    finished = run_alma("sync", "--join", "--dir", str(other))
    assert (0, True) == (finished.code, "1 pulled, 1 pushed" in finished.err)
    assert "comparing everything" in finished.err


def test_refilling_an_emptied_folder_has_to_be_said_and_is_explained(shared, run_alma, run_json, learn):
    id = learn("Test the login form")
    run_alma("sync")
    shared.rename(shared.with_name("lost"))
    error = run_json("sync", code=4)["error"]
    assert "alma sync --reseed" in error["hint"]
    finished = run_alma("sync", "--reseed", "--yes")
    assert "is filled again from this store, as told: comparing everything, nothing is lost by it" in finished.err
    assert [id] == documents(shared)


def test_on_a_terminal_reseeding_is_asked_first(shared, run_on_terminal, alma_process):
    alma_process("learn", "--agent", "helena", "--task", "Test the login form", "--outcome", "success")
    alma_process("sync")
    finished = run_on_terminal("sync", "--reseed", typed="n\n")
    assert "Fill or change the shared copy for everybody from this store? [y/N]" in finished.out
    assert "nothing was done" in finished.out


def test_on_a_terminal_joining_is_asked_once(shared, other, run_on_terminal, alma_process):
    fact = ("add", "knowledge", "--agent", "helena")
    alma_process(*fact, "CI has two cores")
    alma_process("sync")
    alma_process(*fact, "CI is slow", "--dir", str(other))
    finished = run_on_terminal("sync", "--dir", str(other), typed="n\n")
    assert "Are both one project, and shall they be merged? [y/N]" in finished.out
    assert "nothing was exchanged" in " ".join(finished.out.split())
    finished = run_on_terminal("sync", "--dir", str(other), typed="y\n")
    assert "1 pulled, 1 pushed" in " ".join(finished.out.split())


def test_derived_memories_stay_out_of_a_folder_so_that_git_never_has_to_merge_them(shared, run_alma, learn):
    ids = [learn("Test the login form", strategy="Tested empty fields") for _ in range(3)]
    assert 0 == run_alma("sync").code
    assert sorted(ids) == sorted(documents(shared))


@pytest.mark.parametrize("lost", ["file", "folder"])
def test_what_vanished_from_a_folder_is_pushed_again_by_the_next_sync(shared, run_alma, learn, lost):
    id = learn("Test the login form")
    run_alma("sync")
    [path] = shared.rglob(f"{id}.json")
    path.unlink() if lost == "file" else shutil.rmtree(path.parents[1])
    finished = run_alma("sync")
    assert "1 documents that the folder" in finished.err
    assert "1 restored there" in finished.err
    assert path.exists()


def test_a_file_as_deep_as_no_reader_can_go_is_set_aside_and_stops_no_later_sync(shared, run_alma, run_json, learn):
    id = learn("Test the login form")
    run_alma("sync")
    [path] = shared.rglob(f"{id}.json")
    path.write_text("[" * 200_000)
    assert 1 == run_json("sync")["data"]["set_aside"]
    assert 0 == run_alma("sync", "--check").code
    assert 1 == len(run_json("sync", "status")["data"]["set_aside"])


def test_the_folder_of_an_agent_with_a_long_name_stays_set_aside_and_blocks_until_it_is_mended(
    shared, run_alma, run_json
):
    agent = "\u00e4" * 60
    id = run_alma("add", "knowledge", "CI has two cores", "--agent", agent).out.strip()
    run_alma("sync")
    [path] = shared.rglob(f"{id}.json")
    whole = path.read_bytes()
    path.write_bytes(b"<<<<<<< HEAD\n" + whole + b">>>>>>> theirs\n")
    run_alma("correct", id, "CI has four cores")
    for _ in range(2):
        finished = run_alma("sync")
        assert "1 memory was not pushed" in finished.err
        assert "run `alma sync` again" not in finished.err
        status = run_json("sync", "status")["data"]
        assert ([str(path)], 1) == ([one["name"] for one in status["set_aside"]], status["blocked"])
    path.write_bytes(whole)
    assert "1 pushed" in run_alma("sync").err
    status = run_json("sync", "status")["data"]
    assert ([], 0) == (status["set_aside"], status["blocked"])


def test_a_folder_that_is_not_there_is_not_called_empty(shared, run_alma, run_json, learn):
    learn("Test the login form")
    run_alma("sync")
    shared.rename(shared.with_name("lost"))
    assert "is not there" in run_json("sync", code=4)["error"]["message"]


def test_hostile_texts_go_over_whole_and_are_shown_harmless(shared, other, run_alma, run_json):
    text = "\x1b[2J red\u202e \U0001f600 \\u0000 {\"a\": 1} 'x'"
    id = run_alma("add", "knowledge", text, "--agent", "Zo\u00eb").out.strip()
    run_alma("sync")
    run_alma("sync", "--dir", str(other))
    assert text == run_json("show", id, "--dir", str(other))["data"]["fact"]
    assert "\x1b" not in run_alma("list", "--dir", str(other)).out


def test_the_path_of_the_folder_may_come_from_the_environment(shared, run_alma, learn, monkeypatch, tmp_path):
    id = learn("Test the login form")
    monkeypatch.setenv("ALMA_FILE_PATH", str(tmp_path / "elsewhere"))
    run_alma("sync")
    assert [id] == documents(tmp_path / "elsewhere")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_the_right_to_write_refuses(shared, run_json, learn):
    learn("Test the login form")
    shared.mkdir(mode=0o500)
    assert "remote_refused" == run_json("sync", code=4)["error"]["code"]


def test_a_vector_with_nan_in_a_shared_file_is_made_anew_and_any_other_nan_is_set_aside(
    shared, other, run_alma, run_json, learn
):
    ids = [learn(f"Test the {page} form") for page in ("login", "checkout")]
    run_alma("sync")
    paths = [next(shared.rglob(f"{id}.json")) for id in ids]
    whole = [json.loads(path.read_text()) for path in paths]
    number = str(whole[0]["embedding"][0])
    assert number in paths[0].read_text()
    paths[0].write_text(paths[0].read_text().replace(number, "NaN", 1))
    paths[1].write_text(json.dumps({**whole[1], "duration_ms": float("nan")}))
    assert 1 == run_json("sync", "--dir", str(other))["data"]["set_aside"]
    (aside,) = run_json("sync", "status", "--dir", str(other))["data"]["set_aside"]
    assert (f"helena/{ids[1]}", True) == (
        aside["name"],
        aside["reason"].startswith("duration_ms: expected a whole number"),
    )
    assert "Test the login form" == run_json("show", ids[0], "--dir", str(other))["data"]["task"]
    assert whole[0] == json.loads(paths[0].read_text(), parse_constant=pytest.fail)
