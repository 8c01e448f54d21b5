"""`alma report` writes one page of all that was learned, in which no memory's text is anything but text."""

import json
import os
import re
import sys
import threading
from html.parser import HTMLParser

import pytest

HOSTILE = "</script><img src=x onerror=alert(1)> {{7*7}} {% raw %} \u202egnp.exe \x1b[31m & \"' <!-- ]]>"
WAITS = {"strategy": "Polled the button", "when": "a page loads late", "do": "poll for the button"}


class Page(HTMLParser):
    """What a page consists of: its elements, their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.attributes, self.ids, self.words = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        self.attributes += attributes
        self.ids += [value for name, value in attributes if name == "id"]

    def handle_data(self, text):
        self.words.append(text)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture
def report(run_alma):
    """The page that `alma report` writes."""

    def run(*argv):
        finished = run_alma("report", "--out", "-", *argv)
        assert (0, "") == (finished.code, finished.err)
        return Page(finished.out)

    return run


def test_the_page_is_written_beside_the_store_for_its_owner_only(project, run_alma):
    finished = run_alma("report")
    path = project / ".alma/report.html"
    assert (0, f"{path}\n") == (finished.code, finished.out)
    assert 0o600 == path.stat().st_mode & 0o777
    assert path.read_text().startswith("<!doctype html>")


def test_the_page_of_an_agent_that_nothing_is_of_says_so(run_alma, run_json, learn):
    learn("Test the login")
    told = "no memory has the agent 'helna'; did you mean helena?"
    assert [told] == run_json("report", "--agent", "helna")["warnings"]
    assert told in run_alma("report", "--agent", "helna", "--out", "-").err
    assert [] == run_json("report", "--agent", "helena")["warnings"]


def test_the_page_of_an_empty_project_says_how_to_begin(report):
    assert "Nothing was recorded yet. alma learn TASK --ok HOW" in report().text


def test_the_page_has_rules_with_their_evidence_and_what_works_better(learn, report, run_alma):
    for number in range(6):
        learn(f"Press the pay button {number}", **WAITS)
        learn(f"Press the pay button {number}", "failure", **{**WAITS, "do": "sleep two seconds", "error": "timed out"})
    text = report().text
    assert "a page loads late → poll for the button worked 6 of 6 ✓ worked Press the pay button 5" in text
    assert "sleep two seconds (when: a page loads late) why timed out instead poll for the button" in text
    assert "12 outcomes , of which 50% worked, taught 1 way that works and 1 way to avoid" in text


def test_each_link_leads_to_something_on_the_page(learn, report, run_alma):
    id = learn("Press the pay button", **WAITS)
    learn("Press it again", "failure", agent="victor", domain="ui")
    run_alma("feedback", id, "--helped")
    page = report()
    links = [value for name, value in page.attributes if name == "href" and value != "data:,"]
    assert all(link.startswith("#") for link in links)
    assert set() == {link[1:] for link in links} - set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert "#w0-success" in links


def test_texts_of_memories_stay_texts(learn, report, run_alma):
    for _ in range(3):
        learn(HOSTILE, feedback=HOSTILE, strategy=HOSTILE, when="a <b> & c", do=f"{HOSTILE[:80]}", domain="<s>ui")
    run_alma("add", "knowledge", HOSTILE, "--project-wide", "--source", HOSTILE)
    page = report()
    assert not {"img", "s"} & set(page.elements)
    assert [] == [name for name, _ in page.attributes if name.startswith("on") or name == "style"]
    assert "</script><img src=x onerror=alert(1)> {{7*7}} {% raw %} \\u202egnp.exe \\x1b[31m" in page.text
    assert "\u202e" not in page.text


def test_scripts_and_styles_run_only_by_their_hashes(report):
    page = report()
    policy = next(value for name, value in page.attributes if name == "content" and "script-src" in value)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert [] == [value for name, value in page.attributes if name == "src"]


def test_the_numbers_of_the_charts_are_json(learn, run_alma):
    learn("Press the pay button", agent="<script>")
    page = run_alma("report", "--out", "-").out
    (numbers,) = re.findall(r'<script type="application/json" id="charts">(.*?)</script>', page)
    assert [1] == json.loads(numbers)["growth"]["success"]


def test_the_page_of_one_agent_leaves_others_out(scoped_project, learn, report):
    learn("Press the pay button", domain="ui_patterns")
    learn("Call the endpoint", agent="victor", domain="api_testing")
    text = report("--agent", "victor").text
    assert "What victor learned" in text
    assert "Call the endpoint" in text
    assert "Press the pay button" not in text


def test_json_has_the_numbers_and_where_the_page_is(project, learn, run_json):
    learn("Press the pay button")
    data = run_json("report", "--out", "page.html")["data"]
    assert str(project / "page.html") == data["path"]
    assert (project / "page.html").exists()
    assert (1, 1.0) == (data["counts"]["outcome"], data["results"]["rate"])


def test_what_is_forgotten_is_in_no_file_that_was_made_of_it(project, learn, run_alma):
    id = learn("Press the pay button")
    run_alma("report")
    run_alma("completion", "--values", "ids")
    made = [project / ".alma/report.html", project / ".alma/completion"]
    assert all("Press the pay button" in path.read_text() for path in made)
    run_alma("forget", id, "--yes")
    assert not any(path.exists() for path in made)


def test_the_effect_is_told_with_its_interval(learn, report):
    for number in range(40):
        shown = "withheld" if number % 4 == 0 else "shown"
        learn(f"Task {number}", "failure" if number % 8 == 0 else "success", label=f"memories={shown}")
    text = report().text
    assert "succeeded 50 points more often than work from which they were withheld by lot (95%: +21 to +76)" in text
    assert "this may be chance" not in text


def test_what_was_given_is_counted_with_what_came_of_it(learn, report, run_json, run_alma):
    id = learn("Press the pay button of the shop", strategy="Waited for it")
    assert "What was given" not in report().text
    for _ in range(2):
        assert [id] == [
            hit["id"]
            for hit in run_json("retrieve", "press the pay button of the shop", "--agent", "helena")["data"]["outcomes"]
        ]
    run_json("retrieve", "bake a cake", "--agent", "victor")
    run_alma("feedback", id, "--misled")
    text = report().text
    assert "3 retrieves of late, of which 2 gave something that surely fits: 1 memory , 2 times in all." in text
    assert "Memories helped 0 times and misled 1 time" in text
    assert f"given 2× misled 1× {id[:8]}" in text
    assert "1 retrieve of late, of which 0 gave" in report("--agent", "victor").text
    assert {"retrieves": 3, "giving": 2, "given": {id: 2}} == run_json("report")["data"]["retrievals"]


def test_rules_that_nobody_reviewed_wait_and_lead_to_their_places(learn, report, run_alma, run_json):
    for number in range(3):
        learn(f"Press the pay button {number}", **WAITS)
    (rule,) = run_json("report")["data"]["review"]
    page = report()
    assert "1 rule that nobody has looked at; alma review --kind rule goes through them." in page.text
    assert ("href", f"#m-{rule}") in page.attributes
    run_alma("review", "--seen")
    assert "nobody has looked at" not in report().text


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--out", "."], "is no file to write"),
        (["--out", "-", "--json"], "is no file to write"),
        (["--out", "nowhere/page.html"], "cannot write"),
        (["--out", "a\0b"], "cannot write"),
        (["--out", ""], "is no file to write"),
        (["--agent", ""], "agent"),
    ],
)
def test_what_cannot_be_written_is_a_usage_error(run_alma, argv, says):
    finished = run_alma("report", *argv)
    assert 2 == finished.code
    assert says in (finished.err or finished.out)


def test_a_pipe_stays_a_pipe(project, run_alma):
    os.mkfifo(project / "pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append((project / "pipe").read_bytes()))
    reader.start()
    assert 0 == run_alma("report", "--out", "pipe").code
    reader.join()
    assert read[0].startswith(b"<!doctype html>")
    assert (project / "pipe").is_fifo()


def test_an_unknown_agent_is_named_with_the_one_that_was_meant(scoped_project, run_alma):
    assert "helena" in run_alma("report", "--agent", "helna").err


@pytest.mark.slow
def test_open_shows_it_in_the_browser(project, alma_process, tmp_path):
    shown, browser = tmp_path / "shown", tmp_path / "browser.py"
    browser.write_text(f"import sys; open({str(shown)!r}, 'w').write(sys.argv[1])")
    finished = alma_process("report", "--open", environ={"BROWSER": f"{sys.executable} {browser} %s"})
    assert (0, b"") == (finished.returncode, finished.stderr)
    assert f"file://{project}/.alma/report.html" == shown.read_text()


def test_a_path_is_told_without_what_steers_a_terminal(learn, run_alma, tmp_path):
    learn("Test the login form")
    finished = run_alma("report", "--out", str(tmp_path / "a\x1b[31mb.html"))
    assert (0, False) == (finished.code, "\x1b" in finished.out + finished.err)
    assert (tmp_path / "a\x1b[31mb.html").exists()
