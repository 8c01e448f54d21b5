"""The page of `alma report` in a real browser: it needs nobody, runs nothing of a memory, and everybody can read it."""

import shutil
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from alma_cli.api import ALMA
from alma_cli.core.learning.reports import Report
from alma_cli.project import make_project
from alma_cli.report import page as page_of
from tests.conftest import CONFIG

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
playwright = pytest.importorskip("playwright.sync_api", reason="the extra `browser` isn't installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium (`make tools` installs it where it can)"),
]

ALONE = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
SIZES = [(360, "light"), (360, "dark"), (1440, "light"), (1440, "dark")]
HOSTILE = [
    "</script><img src=x onerror=\"document.title='ran'\">",
    "<svg/onload=\"document.title='ran'\"><script>document.title='ran'</script>",
    "{{7*7}} {% for x in range(9**9) %}",
    "\u202e\u2066exe.gnp\u2069 \x1b[31m \u200b",
    "javascript:document.title='ran' https://example.com/?leak <a href=https://example.com>x</a>",
    "x" * 5000,
    "]]> --> &lt;script&gt; \" ' ` ${document.title='ran'}",
]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report of some weeks of work by two agents, with hostile texts in every place that has a text."""
    folder = tmp_path_factory.mktemp("shop")
    make_project(folder, CONFIG.replace("shop", "'shop <b onclick=x>'"))
    alma = ALMA.from_config(folder / ".alma/config.yaml")
    begun = datetime(2026, 1, 5, tzinfo=UTC)
    learned = alma.learn_batch(
        (
            number,
            Report(
                agent=("helena", "vic<i>tor")[number % 2],
                domain=("testing_strategies", "ui <script>")[number % 4 // 2],
                task=f"{HOSTILE[number % len(HOSTILE)]} {number}",
                outcome=("success", "success", "failure", "partial")[number % 4 if number % 5 else 0],
                strategy=HOSTILE[number % 3],
                when=f"{HOSTILE[number % 4 // 2][:90]}",
                do=("poll <b>", "sleep {{7*7}}")[number % 4 // 2] if number % 7 else "",
                error=HOSTILE[number % 5] if number % 4 == 2 else "",
                feedback=HOSTILE[-1],
                at=begun + timedelta(days=number),
            ),
        )
        for number in range(84)
    )
    assert 84 == learned.learned
    known = alma.add_knowledge(HOSTILE[0], source=HOSTILE[1], agent="helena")
    alma.feedback(known.id, helped=True)
    alma.add_preference(HOSTILE[4], category=HOSTILE[0])
    path = folder / "report.html"
    path.write_text(page_of(alma.report()), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser(report):
    with playwright.sync_playwright() as driver:
        # as root, which CI is, Chromium has no sandbox
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=[*ALONE, "--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, report):
    """Open the report as somebody would; it must ask for nothing and complain of nothing, whatever is done there."""

    @contextmanager
    def opened(width=1440, scheme="light", **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
        context.set_offline(True)
        page = context.new_page()
        asked, said = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.goto(report)
        yield page
        assert [report] == [url.partition("#")[0] for url in asked if not url.startswith("data:")]
        assert [] == said
        assert page.title().startswith("shop <b onclick=x>")
        context.close()

    return opened


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_the_page_is_drawn_offline_and_fits_its_window(visit, width, scheme):
    with visit(width, scheme) as page:
        assert width == page.evaluate("document.documentElement.scrollWidth")
        charts = page.locator(".chart canvas")
        assert 2 == charts.count()
        assert all(200 < charts.nth(place).bounding_box()["width"] < width for place in range(2))
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        assert width == page.evaluate("document.documentElement.scrollWidth")


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_axe_finds_no_serious_fault(visit, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with visit(width, scheme) as page:
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        found = axe.run(page).response["violations"]
    assert [] == [
        (fault["id"], fault["nodes"][0]["html"][:200]) for fault in found if fault["impact"] in ("serious", "critical")
    ]


def test_no_text_of_a_memory_became_an_element(visit):
    with visit() as page:
        assert 0 == page.locator("img, b[onclick], main script, main a[href^='http'], [onload]").count()
        assert page.get_by_text("{{7*7}}").count()
        assert not page.get_by_text("\u202e").count()


def test_the_policy_stops_what_escaping_would_have_let_through(browser, report):
    page = browser.new_context().new_page()
    page.goto(report)
    refused = page.evaluate(
        """async () => {
            const seen = [];
            addEventListener("securitypolicyviolation", (event) => seen.push(event.effectiveDirective));
            document.body.insertAdjacentHTML("beforeend", `<img src="https://example.com/x" onerror="document.title='ran'">`);
            const script = document.createElement("script");
            script.textContent = "document.title = 'ran'";
            document.body.append(script);
            while (seen.length < 3) await new Promise((done) => setTimeout(done, 10));
            return seen.sort();
        }"""
    )
    assert ["img-src", "script-src-attr", "script-src-elem"] == refused
    assert "ran" != page.title()
    page.context.close()


def test_a_number_leads_to_its_memories(visit):
    with visit() as page:
        link = page.locator("table.work a.failure").first
        number = link.inner_text().split()[-1]
        link.click()
        heading = page.locator(f"[id='{link.get_attribute('href')[1:]}']")
        assert heading.is_visible()
        assert f"Failed {number}" == heading.inner_text()


def test_the_chart_shows_one_agent_when_asked(visit):
    with visit() as page:
        everything = page.locator("#success-at").inner_text()
        page.locator("#course").select_option(index=1)
        assert "no outcomes" not in everything
        assert everything != page.locator("#success-at").inner_text()
        assert 1 == page.locator("#success-chart canvas").count()


def test_only_what_says_some_words_is_shown(visit):
    with visit() as page:
        rules = page.locator(".rule:visible")
        before = rules.count()
        page.locator("#find").fill("sleep")
        assert 0 < rules.count() < before
        assert "sleep" in rules.first.inner_text()
        page.locator("#find").fill("")
        assert before <= rules.count()


def test_all_texts_are_there_without_scripts_and_on_paper(visit):
    with visit(java_script_enabled=False) as page:
        assert page.locator(".rule:visible").count()
    with visit(scheme="dark") as page:
        page.emulate_media(media="print")
        assert not page.locator("nav").is_visible()
        assert page.locator(".rule:visible").count()
        assert page.pdf().startswith(b"%PDF")
