"""`alma export` and `alma import`."""

import gzip
import json
import os
import stat
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta

import pytest

from alma_cli import ALMA
from alma_cli.api import transfer
from alma_cli.project import make_project
from alma_cli.store.inbox.lock import hold

KNOWLEDGE = {"kind": "knowledge", "agent": "a", "domain": "general", "fact": "CI has two cores", "source": "wiki"}


def lines(*values):
    return "".join(json.dumps(value) + "\n" for value in values)


@pytest.fixture
def exported(learn, run_alma):
    """The export of a few memories."""
    id = learn("Test the login form")
    run_alma("add", "knowledge", "CI has two cores", "--project-wide")
    run_alma("feedback", id, "--helped")
    return run_alma("export").out


# export


@pytest.mark.parametrize(
    "argv",
    [["import", "-"], ["learn", "--batch", "-"], ["retrieve", "-"], ["reflect", "--apply", "-"]],
    ids=lambda argv: argv[0],
)
@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="needs a file that opens and can't be read")
def test_a_stdin_that_cannot_be_read_is_told_of_as_such(run_alma, project, argv):
    with open("/proc/self/mem") as unreadable:
        finished = run_alma(*argv, stdin=unreadable)
        assert (2, "error: cannot read stdin: Input/output error") == (finished.code, finished.err.splitlines()[0])


def test_an_export_is_a_line_for_each_record_oldest_first(exported):
    records = [json.loads(line) for line in exported.splitlines()]
    assert ["outcome", "knowledge", "credit"] == [record["kind"] for record in records]
    assert exported.endswith("\n")


def test_an_export_into_a_file(exported, run_alma, project):
    assert (0, "", "wrote 3 memories to all.ndjson\n") == run_alma("export", "all.ndjson", "--wait", "5")
    file = project / "all.ndjson"
    assert (exported, 0o600) == (file.read_text(), stat.S_IMODE(file.stat().st_mode))
    assert [".alma", "all.ndjson"] == sorted(os.listdir(project))
    assert (0, exported, "") == run_alma("export", "-")


def test_a_file_that_is_a_link_stays_one(exported, run_alma, project):
    (project / "link.ndjson").symlink_to("all.ndjson")
    (project / "all.ndjson").write_text("what was there")
    assert 0 == run_alma("export", "link.ndjson").code
    assert (project / "link.ndjson").is_symlink()
    assert exported == (project / "all.ndjson").read_text()


def test_a_device_stays_a_device(exported, run_alma, project):
    fifo = project / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    assert 0 == run_alma("export", "fifo").code
    assert exported.encode() == os.read(reader, 1 << 16)
    os.close(reader)
    assert stat.S_ISFIFO(fifo.stat().st_mode)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("missing/all.ndjson", "No such file or directory"),
        (".", "Is a directory"),
        ("a\0b", "embedded null byte"),
        ("/dev/full", "No space left on device"),
    ],
)
def test_a_file_that_can_not_be_written(exported, run_alma, project, path, reason):
    shown = path.replace("\0", "\\x00")
    hint = "is the path right, and has it space?"
    assert (1, "", f"error: cannot write {shown}: {reason}\nhint: {hint}\n") == run_alma("export", path)
    assert [".alma"] == os.listdir(project)


@pytest.mark.parametrize("name", ["config.yaml", "memory.duckdb", "journal/x", "new.ndjson", ""])
@pytest.mark.parametrize("command", [["export"], ["report", "--out"]], ids=["export", "report"])
def test_no_file_of_almas_own_is_written_over(project, run_alma, learn, command, name):
    learn("Ship")
    before = {path: path.read_bytes() for path in (project / ".alma").rglob("*") if path.is_file()}
    (project / "link").symlink_to(project / ".alma" / name)
    for path in (project / ".alma" / name, project / "link"):
        finished = run_alma(*command, str(path))
        assert (2, True) == (finished.code, "where everything is ALMA's own" in finished.err), finished
    assert before == {path: path.read_bytes() for path in (project / ".alma").rglob("*") if path.is_file()}


def test_an_export_of_nothing(run_alma):
    assert (0, "", "") == run_alma("export")
    assert (0, "", "wrote 0 memories to all.ndjson\n") == run_alma("export", "all.ndjson")


# import


def test_an_import_is_idempotent_by_id(exported, run_alma, run_json):
    assert (0, "", "imported 0 memories\n3 were there already\n") == run_alma("import", "-", stdin=exported)
    expected = {"imported": 0, "queued": 0, "present": 3, "forgotten": 0, "derived": 0, "refused": []}
    assert expected == run_json("import", "-", "--yes", "--wait", "5", stdin=exported)["data"]


def test_lines_without_an_id_are_imported_once_each(run_alma, run_json):
    fact = {"kind": "knowledge", "agent": "a", "fact": "CI has two cores"}
    dated = {"kind": "outcome", "agent": "a", "task": "Test the cart", "outcome": "success", "at": "2025-03-01"}
    now = {"kind": "outcome", "agent": "a", "task": "Test the menu", "outcome": "success"}
    lines = "".join(f"{json.dumps(line)}\n" for line in (fact, fact, dated, dated, now))
    counts = [run_json("import", "-", stdin=lines)["data"] for _ in range(2)]
    assert [(4, 1), (1, 4)] == [(count["imported"], count["present"]) for count in counts]
    right = run_json("import", "-", stdin=f"{json.dumps({**fact, 'agent': 'b'})}\n{json.dumps(fact)}\n")["data"]
    assert (1, 1) == (right["imported"], right["present"])


def test_what_is_there_with_other_words_stays_and_is_told(exported, run_alma, run_json):
    done = run_json("import", "-", stdin=exported)
    assert [] == [one for one in done["warnings"] if "says something else" in one]
    other = "".join(line.replace("CI has two cores", "CI has four") + "\n" for line in exported.splitlines())
    (known,) = run_json("list", "--kind", "knowledge")["data"]["memories"]
    for _ in range(2):
        told = run_alma("import", "-", stdin=other)
        assert (0, True) == (
            told.code,
            f"1 that was there says something else here, and stays: {known['id'][:8]}" in told.err,
        )
    assert [known] == run_json("list", "--kind", "knowledge")["data"]["memories"]
    twice = lines({**KNOWLEDGE, "id": "a" * 32, "fact": "one"}, {**KNOWLEDGE, "id": "a" * 32, "fact": "two"})
    assert "1 that was there says something else here" in run_alma("import", "-", stdin=twice).err


def test_an_import_from_a_file_and_from_a_pipe(run_alma, run_json, project):
    (project / "in.ndjson").write_text(lines(KNOWLEDGE))
    assert (0, "", "imported 1 memory\n") == run_alma("import", "in.ndjson")
    reader, writer = os.pipe()
    os.write(writer, lines({**KNOWLEDGE, "fact": "from a pipe"}).encode())
    os.close(writer)
    assert (0, "", "imported 1 memory\n") == run_alma("import", f"/dev/fd/{reader}")
    os.close(reader)
    assert ["from a pipe", "CI has two cores"] == [m["fact"] for m in run_json("list")["data"]["memories"]]


def test_what_was_forgotten_is_not_imported_again(exported, run_alma, run_json):
    id = json.loads(exported.splitlines()[0])["id"]
    run_alma("forget", id)
    told = "imported 0 memories\n2 were there already\n1 had been forgotten and stays so\n"
    assert (0, "", told) == run_alma("import", "-", stdin=exported)
    assert 1 == run_json("import", "-", stdin=exported)["data"]["forgotten"]


def test_what_is_derived_is_left_out(run_alma, run_json):
    derived = {"kind": "heuristic", "agent": "a", "condition": "c", "strategy": "s", "origin": "derived"}
    told = "imported 1 memory\n1 derived one was left out, to be derived again\n"
    assert (0, "", told) == run_alma("import", "-", stdin=lines(derived, KNOWLEDGE))
    assert ["knowledge"] == [m["kind"] for m in run_json("list")["data"]["memories"]]


def test_only_the_kind_and_its_main_fields_are_needed(run_alma, run_json):
    minimal = [
        {"kind": "outcome", "agent": "a", "task": "t", "outcome": "partial"},
        {"kind": "heuristic", "agent": "a", "condition": "c", "strategy": "s"},
        {"kind": "anti_pattern", "agent": "a", "pattern": "p"},
        {"kind": "preference", "agent": "_project", "preference": "x"},
        {"kind": "knowledge", "agent": "a", "fact": "f"},
    ]
    assert (0, "", "imported 5 memories\n") == run_alma("import", "-", stdin=lines(*minimal))
    found = run_json("list")["data"]["memories"]
    assert {"observed", "authored"} == {m["origin"] for m in found}
    assert ({"shop"}, {"general"}) == ({m["project_id"] for m in found}, {m["domain"] for m in found})


def test_the_domain_of_a_line_without_one_is_recognised(scoped_project, run_alma, run_json):
    line = {"kind": "knowledge", "agent": "helena", "fact": "Testing strategies for forms differ"}
    assert 0 == run_alma("import", "-", stdin=lines(line)).code
    assert "testing_strategies" == run_json("list")["data"]["memories"][0]["domain"]


def test_scopes_hold_for_imports_too(scoped_project, run_alma, run_json):
    forbidden = {**KNOWLEDGE, "agent": "helena", "domain": "backend_logic"}
    unknown = {**KNOWLEDGE, "agent": "helen"}
    finished = run_alma("import", "-", stdin=lines(forbidden, {**KNOWLEDGE, "agent": "victor"}))
    assert (6, "") == finished[:2]
    assert [
        "imported 1 memory",
        "line 1: helena may not learn backend_logic: its cannot_learn names it",
        "error: 1 line was refused by the agents' scopes; the rest is kept",
        "hint: helena may learn testing_strategies, selector_patterns, ui_patterns, general",
    ] == finished.err.splitlines()
    refusals = [row for row in run_json("log")["data"]["audit"] if row["action"] == "refuse"]
    assert ["helena"] == [row["agent"] for row in refusals]
    mixed = run_json("import", "-", stdin=lines(forbidden, unknown), code=1)
    assert ["scope_violation", "invalid_input"] == [refused["code"] for refused in mixed["data"]["refused"]]


def test_an_outcome_from_the_future_is_refused(run_alma):
    line = {"kind": "outcome", "agent": "a", "task": "t", "outcome": "success", "at": "2999-01-01T00:00:00+02:00"}
    finished = run_alma("import", "-", stdin=lines(line))
    assert (1, "line 1: at: 2998-12-31T22:00:00Z is in the future") == (finished.code, finished.err.splitlines()[1])


def test_an_import_needs_a_file_or_a_pipe(run_alma):
    missing = run_alma("import")
    assert (2, "error: missing argument 'FILE|-'") == (missing.code, missing.err.splitlines()[0])
    hint = "pipe NDJSON in, or name a file"
    assert (2, "", f"error: nothing is piped in\nhint: {hint}\n") == run_alma("import", "-", stdin=None)
    absent = run_alma("import", "absent.ndjson")
    assert (2, "error: cannot read absent.ndjson: No such file or directory") == (
        absent.code,
        absent.err.splitlines()[0],
    )


def test_an_export_that_is_read_slowly_holds_nobody_up(project, learn):
    for number in range(3):
        learn(f"Ship {number}")
    lines = ALMA.find().export()
    first = next(lines)
    with hold(str(project / ".alma/lock"), shared=False, wait_s=0):
        rest = list(lines)
    assert ["Ship 0", "Ship 1", "Ship 2"] == [json.loads(line)["task"] for line in [first, *rest]]


@pytest.mark.parametrize("command", [("import",), ("learn", "--batch")], ids=" ".join)
@pytest.mark.parametrize("indent", [2, None], ids=["over lines", "in one line"])
def test_an_array_in_the_place_of_lines_is_one_error_that_says_so(command, indent, run_alma, run_json):
    array = json.dumps([KNOWLEDGE] * 30_000 if indent is None else [KNOWLEDGE] * 50, indent=indent)
    told = "\ufeff\n" + array
    finished = run_alma(*command, "-", stdin=told)
    assert (2, "") == (finished.code, finished.out)
    assert (
        "error: stdin is a JSON array; expected one JSON object a line\nhint: jq -c '.[]' makes lines of an array\n"
        == finished.err
    )
    assert "invalid_input" == run_json(*command, "-", stdin=told, code=2)["error"]["code"]
    finished = run_alma(*command, "-", stdin=json.dumps(KNOWLEDGE, indent=2))
    assert (2, True) == (finished.code, "hint: jq -c . makes a line of each\n" in finished.err)


@pytest.mark.parametrize(
    "command, other",
    [(("import",), '{"kind": "field%d"}\n'), (("learn", "--batch"), '{"field%d": 1}\n')],
    ids=["import", "learn"],
)
def test_of_many_refused_lines_a_few_of_each_kind_are_told_of(command, other, run_alma, run_json):
    same, others = "{}\n" * 5_000, "".join(other % number for number in range(500))
    finished = run_alma(*command, "-", stdin=same + others)
    lines = finished.err.splitlines()
    assert (1, 100) == (finished.code, sum(line.startswith("line ") for line in lines))
    assert "and 5,400 other lines" in lines
    assert any(line.startswith("error: 5,500 lines were refused") for line in lines)
    data = run_json(*command, "-", stdin=same, code=1)["data"]
    assert 10 == len(data["refused"])


def test_after_a_rename_the_projects_own_export_is_accepted_and_doctor_counts_the_old_name(
    project, configure, exported, learn, run_json
):
    def doctor(code):
        return {check["name"]: check for check in run_json("doctor", code=code)["data"]["checks"]}["project"]

    assert (True, "every record is of this project_id") == (doctor(0)["ok"], doctor(0)["found"])
    configure("alma:\n  project_id: renamed\n")
    found = doctor(1)
    assert "another project_id: 3 of 'shop'" in found["found"]
    assert "was it renamed? `alma config rename renamed`" in found["hint"]
    done = run_json("import", "-", stdin=exported)["data"]
    assert (0, 3, []) == (done["imported"], done["present"], done["refused"])
    line = lines({**KNOWLEDGE, "project_id": "shop", "fact": "New"}, {**KNOWLEDGE, "project_id": "cafe"})
    done = run_json("import", "-", stdin=line, code=1)["data"]
    assert (1, [2]) == (done["imported"], [refused["line"] for refused in done["refused"]])
    (record,) = run_json("list", "--containing", "New")["data"]["memories"]
    assert "renamed" == record["project_id"]


def test_a_project_id_that_is_no_text_is_a_refused_line(run_json):
    (refused,) = run_json("import", "-", stdin=lines({**KNOWLEDGE, "project_id": ["shop"]}), code=1)["data"]["refused"]
    assert "project_id: expected text, got ['shop']" == refused["message"]


@pytest.mark.parametrize("argv", [["import", "-"], ["learn", "--batch", "-"]], ids=lambda argv: argv[0])
def test_lines_in_utf_16_are_one_error_that_says_so(run_alma, argv):
    finished = run_alma(*argv, stdin="\n".join(map(json.dumps, [KNOWLEDGE] * 3)).encode("utf-16"))
    told = "error: stdin is UTF-16; expected UTF-8\nhint: iconv -f UTF-16 -t UTF-8 makes it so\n"
    assert (2, "", told) == finished


@pytest.mark.parametrize("argv", [["import", "-"], ["learn", "--batch", "-"]], ids=lambda argv: argv[0])
@pytest.mark.parametrize("what", ["compressed", "a store", "UTF-16 without a mark", "zeros"])
def test_what_is_no_text_is_one_error_that_says_so(run_alma, project, learn, argv, what):
    learn("Test the login form")
    told = lines(*[KNOWLEDGE] * 500)
    given = {
        "compressed": gzip.compress(told.encode()),
        "a store": (project / ".alma/memory.duckdb").read_bytes(),
        "UTF-16 without a mark": told.encode("utf-16-le"),
        "zeros": bytes(5000),
    }[what]
    finished = run_alma(*argv, stdin=given)
    assert (2, "", 2) == (finished.code, finished.out, len(finished.err.splitlines())), finished.err
    assert "error: stdin is no text in UTF-8: is it compressed, or a database?\n" in finished.err


def test_a_list_within_an_object_is_one_error_with_what_makes_lines_of_it(run_alma):
    wrapped = '{"memories": [\n' + ",\n".join([json.dumps(KNOWLEDGE)] * 3) + "\n]}\n"
    finished = run_alma("import", "-", stdin=wrapped)
    assert (2, True) == (finished.code, finished.err.endswith("hint: jq -c '.[][]' makes a line of each\n"))


def test_objects_on_one_line_are_refused_with_what_makes_lines_of_them(run_json):
    (refused,) = run_json("import", "-", stdin=json.dumps(KNOWLEDGE) * 3, code=1)["data"]["refused"]
    assert "jq -c . makes a line of each object" == refused["hint"]


def test_what_a_clock_some_hours_ahead_recorded_is_imported(run_json):
    at = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    done = run_json(
        "import", "-", stdin=lines({"kind": "outcome", "agent": "a", "task": "t", "outcome": "success", "at": at})
    )
    assert (1, []) == (done["data"]["imported"], done["data"]["refused"])


def test_the_documents_of_a_shared_copy_are_imported_without_what_is_the_copys_own(
    configure, learn, run_json, tmp_path
):
    configure("alma:\n  project_id: shop\n  storage: file\n  file: {path: ../shared}\n")
    kept, gone = learn("Test the login form"), learn("Ship")
    run_json("sync")
    run_json("forget", gone, "--yes")
    run_json("sync")
    documents = [json.loads(path.read_text()) for path in sorted((tmp_path / "shared").rglob("*/*/*.json"))]
    record = run_json("show", kept)["data"]
    other = tmp_path / "other"
    other.mkdir()
    make_project(other, "alma:\n  project_id: shop\n")
    done = run_json("--dir", str(other), "import", "-", stdin=lines(*documents), code=1)["data"]
    told = [refused["message"] for refused in done["refused"]]
    assert (1, True) == (done["imported"], any("it was forgotten where this is from" in one for one in told))
    assert record == run_json("--dir", str(other), "show", kept)["data"]


def test_the_end_of_a_file_as_dos_has_it_is_no_line(run_json):
    done = run_json("import", "-", stdin=json.dumps(KNOWLEDGE) + "\r\n\x1a")["data"]
    assert (1, []) == (done["imported"], done["refused"])


def test_a_demonstration_that_has_no_temporary_folder_says_so(run_alma, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    finished = run_alma("demo")
    assert (1, "") == (finished.code, finished.out)
    assert finished.err.startswith("error: cannot keep the demonstration in a temporary file: No such file")


@pytest.mark.parametrize("argv", [[], ["kept.ndjson"]], ids=["to stdout", "to a file"])
def test_an_export_that_has_no_room_for_its_temporary_file_says_so(exported, monkeypatch, run_alma, tmp_path, argv):
    monkeypatch.setattr(transfer, "_IN_MEMORY_BYTES", 1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    finished = run_alma("export", *argv)
    assert (1, "") == (finished.code, finished.out)
    assert finished.err.startswith("error: cannot keep the export in a temporary file: ")
    assert finished.err.endswith("hint: free some space where temporary files are, or set TMPDIR\n")


def test_a_text_in_utf_16_is_read_as_it_is_meant(run_alma, learn, run_json):
    learn("Prüfe das Formular")
    given = "Prüfe das Formular".encode("utf-16")
    assert "Prüfe das Formular" == run_json("retrieve", "-", "--agent", "helena", stdin=given)["data"]["task"]


RULE = {"agent": "a", "domain": "general", "strategy": "s"}


@pytest.mark.parametrize(
    "line",
    [
        {"kind": "heuristic", "condition": "c", "last_validated_at": "9999-12-31", **RULE},
        {"kind": "anti_pattern", "pattern": "p", "agent": "a", "last_seen_at": "9999-12-31"},
        {**KNOWLEDGE, "last_verified_at": "9999-12-31"},
        {"kind": "credit", "agent": "a", "target": "0" * 32, "value": 1, "at": "9999-12-31"},
    ],
    ids=lambda line: line["kind"],
)
def test_nothing_that_is_imported_happened_in_the_future(run_alma, line):
    finished = run_alma("import", "-", stdin=json.dumps(line))
    assert 1 == finished.code
    assert "is in the future" in finished.err


def test_a_memory_that_a_clock_ahead_wrote_is_imported_as_of_now(run_alma, run_json, learn):
    line = {**KNOWLEDGE, "created_at": "9999-12-31T23:59:59Z", "updated_at": "9999-12-31T23:59:59Z"}
    assert 0 == run_alma("import", "-", stdin=json.dumps(line)).code
    later = learn("Ship")
    newest, imported = run_json("list")["data"]["memories"]
    assert (later, True) == (newest["id"], imported["created_at"] <= newest["created_at"])
    assert imported["updated_at"] == imported["created_at"]


@pytest.mark.slow
@pytest.mark.parametrize("command", [["learn", "--batch", "-"], ["import", "-"]], ids=lambda command: command[0])
def test_who_writes_slowly_into_a_pipe_holds_nobody_up(project, run_alma, learn, command):
    learn("Test the login form")
    line = json.dumps({"kind": "outcome", "agent": "a", "task": "slow", "outcome": "success", "strategy": ""})
    line = line if command[0] == "import" else json.dumps({"agent": "a", "task": "slow", "outcome": "success"})
    slow = subprocess.Popen(
        [sys.executable, "-m", "alma_cli", *command], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    slow.stdin.write(line.encode() + b"\n")
    slow.stdin.flush()
    assert "recorded a success" in run_alma("learn", "--agent", "a", "--task", "quick", "--outcome", "success").err
    assert "warning" not in run_alma("retrieve", "quick", "--agent", "a", "--wait", "1").err
    slow.communicate()
    assert 0 == slow.returncode
    assert 3 == len(run_alma("list").out.splitlines())


MARKDOWN = "# Rules\n\n- Run `make test` before a push\n- The password is ghp_" + "aB3dE6gH9j" * 3 + "aB3dE6\n"


def test_markdown_becomes_facts_once_with_its_page_and_heading(run_alma, run_json, project):
    (project / "CLAUDE.md").write_text(MARKDOWN)
    shown = run_alma("import", "CLAUDE.md", "--dry-run")
    assert (0, "CLAUDE.md:3\tRun `make test` before a push") == (shown.code, shown.out.splitlines()[0])
    assert 0 == run_json("stats")["data"]["total"], "a dry run stores nothing"
    data = run_json("import", "CLAUDE.md")["data"]
    assert (2, 0) == (data["imported"], data["present"])
    again = run_json("import", "CLAUDE.md")["data"]
    assert (0, 2) == (again["imported"], again["present"])
    facts = run_json("list", "--kind", "knowledge")["data"]["memories"]
    assert {"CLAUDE.md: Rules"} == {fact["source"] for fact in facts}
    assert {"_project"} == {fact["agent"] for fact in facts}
    assert not [fact for fact in facts if "ghp_" in fact["fact"]], "credentials are taken out"
    assert 0 == run_alma("undo", "--yes").code
    assert 2 == run_json("import", "CLAUDE.md")["data"]["imported"], "what was undone may come again"


def test_a_page_that_was_renamed_or_moved_brings_nothing_twice(run_alma, project):
    (project / "CLAUDE.md").write_text(MARKDOWN)
    run_alma("import", "CLAUDE.md")
    (project / "docs").mkdir()
    (project / "CLAUDE.md").rename(project / "docs/AGENTS.md")
    finished = run_alma("import", "docs")
    assert (0, True) == (finished.code, "imported 0 memories\n2 were there already" in finished.err)
    assert "says something else" not in finished.err


def test_a_folder_of_notes_is_imported_within_the_agents_scope(scoped_project, run_alma, run_json):
    notes = scoped_project / "notes"
    (notes / "node_modules").mkdir(parents=True)
    (notes / "a.md").write_text("The colour of the button is blue\n")
    (notes / "node_modules/b.md").write_text("This is not one of ours\n")
    (notes / "c.txt").write_text("This is no Markdown at all\n")
    (notes / "rules.mdc").write_text("---\nglobs: *.ts\n---\n- The width of a page is eighty\n")
    (notes / "d.markdown").write_text("The backend logic keeps orders in one table\n")
    finished = run_alma("import", "notes", "--agent", "helena")
    assert (6, True) == (finished.code, "helena may not learn this" in finished.err)
    facts = {one["fact"] for one in run_json("list")["data"]["memories"]}
    assert {"The colour of the button is blue", "The width of a page is eighty"} == facts


@pytest.mark.parametrize("folder", ["/", "..", "../neighbour/.."])
def test_a_folder_that_the_project_is_in_is_no_folder_of_notes(run_alma, run_json, project, folder):
    neighbour = project.parent / "neighbour"
    neighbour.mkdir()
    (neighbour / "a.md").write_text("The colour of the button is blue\n")
    finished = run_alma("import", folder)
    assert (2, "") == (finished.code, finished.out)
    assert f"{folder} has the whole project in it, and what is beside that" in finished.err
    assert 1 == run_json("import", "../neighbour")["data"]["imported"]


def test_the_project_itself_may_be_a_folder_of_notes(run_json, project):
    (project / "a.md").write_text("The colour of the button is blue\n")
    assert 1 == run_json("import", ".")["data"]["imported"]


def test_a_page_in_another_encoding_is_read_or_refused_and_never_half_read(run_alma, project):
    (project / "a.md").write_bytes("- The colour is blue\n".encode("utf-16"))
    assert "a.md:1\tThe colour is blue\n" == run_alma("import", "a.md", "--dry-run").out
    for content in ("- The colour is blue\n".encode("utf-16-le"), "- Die Töne sind blau\n".encode("latin-1")):
        (project / "a.md").write_bytes(content)
        finished = run_alma("import", "a.md")
        assert (2, True) == (finished.code, "a.md is no text in UTF-8" in finished.err)


def test_nothing_waits_for_a_pipe_in_the_place_of_a_page(run_alma, run_json, project):
    notes = project / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("The colour of the button is blue\n")
    os.mkfifo(notes / "b.md")
    assert 1 == run_json("import", "notes")["data"]["imported"]
    finished = run_alma("import", "notes/b.md")
    assert (2, True) == (finished.code, "cannot read notes/b.md: it is no regular file" in finished.err)


def test_an_export_into_a_name_that_is_too_long_says_so_in_a_line(run_alma):
    finished = run_alma("export", "x" * 99_999)
    told = f"error: cannot write {'x' * 199}\u2026: File name too long\nhint: is the path right, and has it space?\n"
    assert (1, "", told) == finished


def test_lines_for_the_other_command_are_answered_with_it(run_alma, learn, tmp_path):
    learn("Ship it")
    exported = run_alma("learn", "--batch", "-", stdin=run_alma("export").out)
    assert (1, True) == (exported.code, "hint: `alma import` reads memories" in exported.err)
    told = run_alma("import", "-", stdin=json.dumps({"agent": "a", "task": "T", "outcome": "success"}))
    assert (1, True) == (told.code, "hint: `alma learn --batch` reads outcomes" in told.err)
    told = run_alma("import", "-", stdin=json.dumps({"id": "1", "memory": "Likes tea", "user_id": "a"}))
    assert (1, False) == (told.code, "learn --batch" in told.err), "it is no outcome"


@pytest.mark.parametrize(
    "compressed", [b"\x1f\x8b\x08\x08\n\xd8name\x03\xff", b"BZh91AY&SY\n\xff", b"\x28\xb5\x2f\xfd\n"]
)
def test_a_compressed_file_is_told_as_such_whatever_its_first_line_has(run_alma, project, compressed):
    (project / "memories.gz").write_bytes(compressed)
    done = run_alma("import", "memories.gz")
    assert (2, "error: memories.gz is no text in UTF-8: is it compressed, or a database?") == (
        done.code,
        done.err.splitlines()[0],
    )


def test_what_other_commands_print_as_json_is_told_how_to_become_lines(run_alma, learn):
    learn("Test the login form")
    listed = run_alma("list", "--json").out
    finished = run_alma("import", "-", stdin=listed)
    hint = "jq -c '.data.memories[]' makes a line of each"
    assert (
        2,
        f"error: stdin is one JSON object that holds others; expected one object a line\nhint: {hint}\n",
    ) == (finished.code, finished.err)
    lines = "".join(f"{json.dumps(one)}\n" for one in json.loads(listed)["data"]["memories"])
    assert "imported 0 memories\n1 was there already\n" == run_alma("import", "-", stdin=lines).err
    batch = '{"done": [{"task": "x", "outcome": "success"}], "a b": [{"task": "y"}], "c": []}'
    assert "hint: jq -c '.done[]' makes a line of each\n" in run_alma("learn", "--batch", "-", stdin=batch).err
    with_list = '{"kind": "knowledge", "fact": "x", "agent": "a", "parts": [{"kind": 1}]}'
    assert 0 == run_alma("import", "-", stdin=with_list).code
