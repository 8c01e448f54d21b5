"""What `alma run` remembers: how a command ended, and which tests of its report changed."""

import json
import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.cli import main
from alma_cli.errors import InvalidInput
from alma_cli.hooks.junit.changed import changed, keep_failing, load_failing
from alma_cli.hooks.junit.report import TestCase, read_report

REPORT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" errors="0" failures="1" tests="3">
  <testcase classname="tests.test_login" name="test_form" time="0.012"/>
  <testcase classname="tests.test_login" name="test_button" time="1.5">
    <failure message="AssertionError: assert 1 == 2">def test_button():
&gt;   assert 1 == 2</failure>
  </testcase>
  <testcase classname="tests.test_login" name="test_later"><skipped message="not yet"/></testcase>
</testsuite></testsuites>
"""
PASSES = '<testcase classname="a.spec.ts" name="signs in"/>'
FAILS = '<testcase classname="a.spec.ts" name="signs in"><failure/></testcase>'


@pytest.fixture
def outcomes(run_alma):
    def listed():
        lines = map(json.loads, run_alma("export").out.splitlines())
        return [line for line in lines if line["kind"] == "outcome"]

    return listed


@pytest.fixture
def run(project, capfdbinary):
    """Run a script through `alma run`, in this process: one that no signal ends, for `alma run` would end so too."""

    def command(script, *flags):
        code = main(argv := ["run", *flags, "--", "sh", "-c", script])
        return subprocess.CompletedProcess(argv, code, *capfdbinary.readouterr())

    return command


def test_a_success_is_remembered_with_its_duration(run, outcomes):
    run("echo out; echo noise >&2", "--agent", "helena", "--task", "Test the login form")
    (outcome,) = outcomes()
    assert ("helena", "Test the login form", "success", "") == tuple(
        outcome[key] for key in ("agent", "task", "outcome", "error")
    )
    assert outcome["duration_ms"] >= 0


def test_a_command_is_no_strategy(run, outcomes):
    run("true", "--task", "Test the login form")
    run("false", "--task", "Test the login form")
    run("true", "--task", "Test the login form", "--strategy", "Waited for the button")
    assert ["", "", "Waited for the button"] == [outcome["strategy"] for outcome in outcomes()]


def test_the_situation_and_the_approach_are_remembered_in_general_words(run, outcomes, project):
    (project / "new.xml").write_text(REPORT)
    general = ("--when", "a test waits for a page", "--do", "wait for the element")
    run("cp new.xml report.xml; exit 1", "--junit", "report.xml", *general)
    assert [("a test waits for a page", "wait for the element", "")] * 2 == [
        (one["when"], one["do"], one["strategy"]) for one in outcomes()
    ]


def test_a_failure_is_remembered_with_the_line_that_tells(run, outcomes):
    trace = r'Traceback (most recent call last):\n  File "shop.py", line 3, in price\nKeyError: \047eggs\047\n'
    run(rf"printf '\033[31mboom\033[0m\n{trace}10%%\r99%%\n' >&2; exit 3")
    (outcome,) = outcomes()
    assert ("failure", "exit status 3: KeyError: 'eggs'") == (outcome["outcome"], outcome["error"])


def test_a_line_that_lost_its_start_is_not_read(run, outcomes):
    run("printf '%17000d\n' 7 | tr ' 7' 'aX' >&2; echo end >&2; exit 3")
    assert "exit status 3: end" == outcomes()[0]["error"]


def test_a_line_longer_than_what_is_kept_is_read_from_where_it_is_kept(run, outcomes):
    run("printf '%17000d' 7 | tr ' ' ' ' >&2; printf 'no end' >&2; exit 3")
    assert outcomes()[0]["error"].startswith("exit status 3")


def test_a_command_that_a_signal_ended_failed(alma_process, outcomes):
    alma_process("run", "--", "sh", "-c", "kill -TERM $$")
    assert "ended by SIGTERM" == outcomes()[0]["error"]


def test_a_command_that_a_signal_without_a_name_ended_failed(alma_process, outcomes):
    alma_process("run", "--", "sh", "-c", "kill -40 $$")
    assert "ended by signal 40" == outcomes()[0]["error"]


@pytest.mark.parametrize("script", ["kill -INT $$", "exit 130", "kill -QUIT $$", "kill -HUP $$", "kill -PIPE $$"])
def test_a_command_that_the_user_stopped_is_not_remembered(script, alma_process, outcomes):
    alma_process("run", "--", "sh", "-c", script)
    assert [] == outcomes()


def test_credentials_in_the_command_and_its_errors_are_redacted(run, outcomes):
    secret = "gh" + "p_" + "a1" * 18
    finished = run(f"echo denied for {secret} >&2; exit 1")
    assert b"alma run: redacted what looks like a credential: github token\n" in finished.stderr
    assert secret not in json.dumps(outcomes())


def test_changed_tests_of_a_report_are_remembered(run, outcomes, project):
    (project / "new.xml").write_text(REPORT)
    run("cp new.xml report.xml; exit 1", "--junit", "report.xml", "--task", "Fix the login")
    (failed,) = [one for one in outcomes() if one["task"].startswith("Test ")]
    assert "Test tests.test_login::test_button" == failed["task"]
    assert "AssertionError: assert 1 == 2" == failed["error"]
    assert ("", 1500) == (failed["strategy"], failed["duration_ms"])
    run("cp new.xml report.xml; exit 1", "--junit", "report.xml")
    assert 1 == len([one for one in outcomes() if one["task"].startswith("Test ")])
    (project / "new.xml").write_text(REPORT.replace("failure", "system-out"))
    run("cp new.xml report.xml", "--junit", "report.xml", "--strategy", "Waited for the button")
    told = [(one["outcome"], one["strategy"]) for one in outcomes() if one["task"].startswith("Test ")]
    assert [("failure", ""), ("success", "Waited for the button")] == told


def test_a_test_keeps_its_name_when_its_project_is_moved(run, outcomes, project, monkeypatch):
    case = '<testsuite><testcase classname="{}/t/a.test.js" name="adds">{}</testcase></testsuite>'
    (project / "new.xml").write_text(case.format(project, '<failure message="boom"/>'))
    run("cp new.xml report.xml; exit 1", "--junit", "report.xml")
    moved = project.rename(project.with_name("moved"))
    monkeypatch.chdir(moved)
    (moved / "new.xml").write_text(case.format(moved, ""))
    run("cp new.xml report.xml", "--junit", "report.xml")
    assert [("Test t/a.test.js::adds", "failure"), ("Test t/a.test.js::adds", "success")] == [
        (one["task"], one["outcome"]) for one in outcomes() if one["task"].startswith("Test ")
    ]


def test_one_cause_that_fails_every_test_is_not_recorded_for_each(run, outcomes, project):
    cases = "".join(f'<testcase name="t{n}"><error message="no module shop"/></testcase>' for n in range(60))
    cases += "".join(f'<testcase name="u{n}"><error message="u{n} is wrong"/></testcase>' for n in range(9))
    (project / "new.xml").write_text(f"<testsuite>{cases}</testsuite>")
    finished = run("cp new.xml report.xml; exit 1", "--junit", "report.xml")
    assert b"10 more tests changed alike" in finished.stderr
    assert 59 == len([one for one in outcomes() if one["task"].startswith("Test ")])
    (project / "new.xml").write_text(f"<testsuite>{cases.replace('error', 'properties')}</testsuite>")
    assert b"19 more tests changed alike" in run("cp new.xml report.xml", "--junit", "report.xml").stderr
    assert b"" == run("cat new.xml > report.xml", "--junit", "report.xml").stderr


def test_a_report_that_this_run_did_not_write_is_not_looked_at(run, outcomes, project):
    (project / "report.xml").write_text(REPORT)
    finished = run("exit 1", "--junit", "report.xml")
    assert (1, 1) == (finished.returncode, finished.stderr.count(b"\n"))
    assert b"report.xml was not written by this run" in finished.stderr
    assert 1 == len(outcomes())


def test_a_report_that_is_none_is_told_in_a_line(run, outcomes):
    finished = run("echo nonsense > report.xml; exit 6", "--junit", "report.xml")
    assert (6, 1) == (finished.returncode, finished.stderr.count(b"\n"))
    assert b"the report report.xml isn't XML" in finished.stderr
    assert 1 == len(outcomes())


def report(tmp_path, text):
    path = tmp_path / "report.xml"
    path.write_text(text)
    return str(path)


def bomb():
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return f'<!DOCTYPE t [<!ENTITY e0 "boom">{entities}]><testsuite><testcase name="&e11;"/></testsuite>'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (bomb(), "declares a document type"),
        (
            '<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite>&x;</testsuite>',
            "declares a document type",
        ),
        ("<html></html>", "isn't a JUnit report: it starts with <html>"),
        ("<testsuite>", "isn't XML"),
        ('<?xml version="1.0" encoding="zip"?><testsuite/>', "is in an encoding that can't be read"),
        ('<?xml version="1.0" encoding="idna"?><testsuite name="xn--a.b"/>', "isn't XML|can't be read"),
        ('<?xml version="1.0" encoding="no-such"?><testsuite/>', "is in an encoding that can't be read"),
        ("", "isn't XML"),
    ],
)
def test_what_is_no_report_or_a_trap_is_refused(text, told, tmp_path):
    with pytest.raises(InvalidInput, match=told):
        read_report(report(tmp_path, text))


@pytest.mark.parametrize("path", ["/no/such/file", "/dev/zero", "/"])
def test_what_is_no_file_is_refused(path):
    with pytest.raises(InvalidInput):
        read_report(path)


def test_names_and_times_of_every_writer_are_read(tmp_path):
    for time in ("0,004", "0.004", "4e-3"):
        assert 4 == read_report(report(tmp_path, f'<testsuite><testcase time="{time}"/></testsuite>'))[0].duration_ms
    text = """<testsuite><testcase name="a" file="x.js" time="1,234.5"/><testcase classname="C" name="b" time="soon"/>
    <testcase name="c"><error message="E"/></testcase><testcase/></testsuite>"""
    cases = read_report(report(tmp_path, text))
    assert ["x.js::a", "C::b", "c", ""] == [case.name for case in cases]
    assert [1234500, 0, 0, 0] == [case.duration_ms for case in cases]
    assert [False, False, True, False] == [case.failed for case in cases]


def test_a_report_of_100_000_tests_with_huge_texts_is_read(tmp_path):
    case = '<testcase classname="m" name="n{}"><failure message="{}">{}</failure></testcase>'
    text = "".join(case.format(n, "m" * 10, "x" * 20) for n in range(100_000)) + case.format(
        "huge", "m", "x" * 9_000_000
    )
    cases = read_report(report(tmp_path, f"<testsuite>{text}</testsuite>"))
    assert 100_001 == len(cases)
    assert max(len(case.error) for case in cases) <= 4000


@pytest.mark.parametrize(
    ("said", "codec"),
    [
        ("", "utf-8"),
        ("", "utf-8-sig"),
        ("utf8", "utf-8"),
        ("utf-16", "utf-8"),
        ("UTF-8", "utf-16"),
        ("utf-8", "utf-16-le"),
        ("utf-16", "utf-16-be"),
        ("Shift_JIS", "shift_jis"),
        ("windows-1251", "cp1251"),
    ],
)
def test_a_report_is_read_in_the_encoding_that_it_has(said, codec, tmp_path):
    text = f'<?xml version="1.0" encoding="{said}"?>' if said else ""
    (tmp_path / "report.xml").write_bytes(f'{text}<testsuite>\r\n<testcase name="Ж"/></testsuite>'.encode(codec))
    assert ["Ж"] == [case.name for case in read_report(str(tmp_path / "report.xml"))]


@pytest.mark.parametrize(
    "odd", ["\x1b[31m", "\x1b", "&#27;[0;31m", "&#x1B;[1m", "\0", "&#0;", "&#xD83D;&#xDE00;", "\ufffe", "&#x7FFFFFFF;"]
)
def test_what_xml_forbids_and_tools_write_all_the_same_costs_no_report(odd, tmp_path):
    text = (
        f'<testsuite><testcase name="a&#10;b"><failure message="{odd}got 2">{odd}</failure>'
        f"<system-out><![CDATA[{odd}]]></system-out></testcase></testsuite>"
    )
    (case,) = read_report(report(tmp_path, text))
    assert ("a\nb", True, "got 2") == (case.name, case.failed, case.error)


def test_bytes_that_are_no_text_cost_no_report(tmp_path):
    (tmp_path / "report.xml").write_bytes(
        b"<testsuite><testcase name='a'><error>\xff\xfe</error></testcase></testsuite>"
    )
    assert [True] == [case.failed for case in read_report(str(tmp_path / "report.xml"))]


@pytest.mark.parametrize(
    ("inside", "failed"),
    [
        ('<skipped type="todo"/><failure message="not yet"/>', []),
        ('<failure message="Skipped: not today"/><skipped/>', []),
        ('<skipped/><error message="the teardown failed"/>', [True]),
        ('<error message="the teardown failed"/><skipped/>', [True]),
        ("<flakyFailure><stackTrace>E</stackTrace></flakyFailure>", [False]),
        ('<failure type="E"/><rerunFailure message="again"/>', [True]),
    ],
)
def test_a_case_with_several_results_is_taken_as_its_tool_means_it(inside, failed, tmp_path):
    cases = read_report(report(tmp_path, f'<testsuite><testcase name="a">{inside}</testcase></testsuite>'))
    assert failed == [case.failed for case in cases]


@pytest.mark.parametrize("state", ['status="notrun" result="suppressed"', 'status="disabled"', 'result="SKIPPED"'])
def test_a_case_that_was_not_run_did_not_pass(state, tmp_path):
    assert [] == read_report(report(tmp_path, f'<testsuite><testcase name="DISABLED_a" {state}/></testsuite>'))


def test_a_test_that_passed_when_it_was_run_again_did_not_fail(run, outcomes, project):
    flaky = REPORT.replace("</testsuite>", '<testcase classname="tests.test_login" name="test_button"/></testsuite>')
    (project / "new.xml").write_text(flaky)
    run("cp new.xml report.xml", "--junit", "report.xml")
    assert ["success"] == [one["outcome"] for one in outcomes()]


@pytest.mark.parametrize(
    ("runs", "failed"),
    [("FP", False), ("FFP", False), ("FF", True), ("PFP", True), ("PF", True), ("FPP", True), ("PP", False)],
)
def test_a_test_that_passed_when_it_was_run_again_is_told_from_several_of_one_name(runs, failed):
    failing = set()
    changed([[TestCase("a", run == "F", "", 0) for run in runs]], failing)
    assert failed == ("a" in failing)
    assert failing == {case.name for case in changed([[TestCase("a", True, "", 0)]], set()) if failed}


@pytest.mark.parametrize(
    ("report", "failed"),
    [
        (f"<testsuite>{FAILS}</testsuite><testsuite>{PASSES}</testsuite>", True),  # Playwright, in two browsers
        (f"<testsuite>{FAILS}{PASSES}</testsuite>", False),
        (f"<testsuite><testsuite>{FAILS}</testsuite>{PASSES}</testsuite>", True),  # Node's own runner
        (f"<testsuite>{FAILS}<testsuite>{PASSES}</testsuite></testsuite>", True),
        (f"<testsuite><testsuite>{PASSES}</testsuite>{FAILS}{PASSES}</testsuite>", False),
    ],
)
def test_a_test_of_another_suite_is_not_the_same_one_run_again(report, failed, tmp_path):
    (tmp_path / "report.xml").write_text(f"<testsuites>{report}</testsuites>")
    failing = set()
    changed([read_report(str(tmp_path / "report.xml"))], failing)
    assert ({"a.spec.ts::signs in"} if failed else set()) == failing


def test_a_rerun_test_that_passed_did_not_fail_where_another_failed(run, outcomes, project):
    again = '<testcase classname="tests.test_login" name="test_button"/><testcase name="other"><error/></testcase>'
    (project / "new.xml").write_text(REPORT.replace("</testsuite>", f"{again}</testsuite>"))
    run("cp new.xml report.xml; exit 1", "--junit", "report.xml")
    assert ["Test other"] == [one["task"] for one in outcomes() if one["task"].startswith("Test ")]


def test_a_test_that_failed_in_one_of_several_reports_failed():
    reports = [[TestCase("a", failed, "", 0)] for failed in (True, False)]
    assert [True] == [case.failed for case in changed(reports, set())]
    assert [] == changed(reports, set(), well=True)


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("tests.test_shop", "tests.test_shop::test_price"),
        ("tests.test_shop", "tests.test_shop.TestPrice::test_sum"),
        ("tests/test_shop.py::tests.test_shop", "tests.test_shop::test_price"),
        ("shop::[build failed]", "shop::TestPrice"),
        ("shop::TestMain", "shop::TestPrice"),
        ("com.shop.PriceTest::initializationError", "com.shop.PriceTest::sum"),
        ("com.shop.PriceTest::", "com.shop.PriceTest::sum"),
    ],
)
def test_tests_that_could_not_be_collected_and_are_run_by_now_are_mended(broken, mended):
    failing = {broken, "tests.test_shop::test_other", "shop::other"}
    (told,) = changed([[TestCase(mended, False, "", 3)]], failing)
    assert (broken, False) == (told.name, told.failed)
    assert {"tests.test_shop::test_other", "shop::other"} == failing
    assert [broken] == [case.name for case in changed([[TestCase(broken, True, "", 0)]], failing)]


def test_a_collection_that_breaks_again_is_recorded_again(run, outcomes, project):
    broken = '<testcase classname="" name="tests.test_shop"><error message="no module shop"/></testcase>'
    for case in (broken, '<testcase classname="tests.test_shop" name="test_price"/>', broken):
        (project / "new.xml").write_text(f"<testsuite>{case}</testsuite>")
        run("cp new.xml report.xml", "--junit", "report.xml")
    told = [(one["task"], one["outcome"]) for one in outcomes() if one["task"].startswith("Test ")]
    assert [("Test tests.test_shop", result) for result in ("failure", "success", "failure")] == told


def failing_report(name):
    return f'<testsuite><testcase classname="{name}" name="t"><failure message="m"/></testcase></testsuite>'


@pytest.mark.parametrize(
    "places",
    [
        ["api/build/one.xml", "web/build/sub/two.xml"],
        ["."],
        ["api", "web/build"],
        ["**/*.xml"],
        ["**/build/**/*.xml"],
        ["api/**", "w*/b*/**/two.xml"],
        ["{root}/**/*.xml"],
        ["**/build", "./api//build/one.xml"],
    ],
)
def test_the_reports_of_a_folder_a_pattern_and_several_files_are_read(places, run, outcomes, project):
    for folder in ("api/build", "web/build/sub", "web/.hidden/build"):
        (project / folder).mkdir(parents=True)
    (project / "web/build/round").symlink_to("..")
    (project / "one").write_text(failing_report("one"))
    (project / "two").write_text(failing_report("two"))
    (project / "api/build/old.xml").write_text(failing_report("old"))
    (project / "cov").write_text("<coverage/>")
    script = (
        "cp one api/build/one.xml; cp two web/build/sub/two.xml; cp cov web/build/coverage.xml;"
        "cp one web/.hidden/build/hidden.xml; exit 1"
    )
    flags = [word for place in places for word in ("--junit", place.format(root=project))]
    assert b"" == run(script, *flags).stderr
    told = sorted(one["task"] for one in outcomes() if one["task"].startswith("Test "))
    assert ["Test one::t", "Test two::t"] == told


def test_a_place_without_a_new_report_and_one_that_cannot_be_read_cost_no_other(run, outcomes, project):
    (project / "one").write_text(failing_report("one"))
    script = "mkdir out cov; cp one out/one.xml; echo '<test' > out/cut.xml; echo '<coverage/>' > cov/c.xml; exit 1"
    told = run(script, "--junit", "out", "--junit", "none/*.xml", "--junit", "", "--junit", "cov/c.xml").stderr
    assert 1 == told.count(b"\n")
    for what in (
        b"none/*.xml was not written by this run",
        b"report out/cut.xml isn't XML",
        b"cov/c.xml isn't a JUnit",
    ):
        assert what in told
    assert ["Test one::t"] == [one["task"] for one in outcomes() if one["task"].startswith("Test ")]
    told = run("cat cov/c.xml > cov/d.xml", "--junit", "cov").stderr
    assert b"of 1 file that this run wrote none is a JUnit report" in told


def test_a_pattern_that_the_shell_spread_is_said_to_want_quotes(run, project):
    finished = run("true", "--junit", "a.xml", "b.xml")
    assert (127, True) == (finished.returncode, b"put the pattern after --junit in quotes" in finished.stderr)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.booleans())), st.randoms(use_true_random=False))
def test_the_changes_add_up_to_the_last_state(reports, rng: random.Random):
    failing, state, now = set(), {}, set()
    for one in reports:
        state |= one
        for case in changed([[TestCase(name, failed, "", 0) for name, failed in one.items()]], failing):
            now ^= {case.name}
    assert {name for name, failed in state.items() if failed} == failing == now


def test_what_fails_is_kept_and_anything_else_is_nothing(project):
    from alma_cli.project import find_project

    found = find_project()
    keep_failing(found, {"b", "a"})
    assert {"a", "b"} == load_failing(found)
    for damaged in ("", "3", "{", "[1]"):
        (found.log_dir / "tests.json").write_text(damaged)
        assert set() == load_failing(found)


def test_the_agent_that_is_meant_must_be_known(scoped_project, run, outcomes):
    finished = run("exit 4", "--agent", "helga")
    assert (4, 1) == (finished.returncode, finished.stderr.count(b"\n"))
    assert b"there is no agent helga (the configuration names helena, victor; did you mean helena?)" in finished.stderr
    assert [] == outcomes()


def test_flags_of_the_command_are_its_own(alma_process, project):
    finished = alma_process(
        "run", "--", sys.executable, "-c", "import sys; print(sys.argv[1:])", "--json", "--dir", "/x"
    )
    assert b"['--json', '--dir', '/x']\n" == finished.stdout
