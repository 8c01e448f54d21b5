"""Takes the pictures of the report in docs/images/, of a made project: `make pictures`, where there is a Chromium.

The project learns from the outcomes in tests/benchmarks/data/natural, in an order drawn by lot, three to four a day; an
agent's general words stand in for reflection. Nothing in it was arranged to look well.
"""

# ruff: noqa: INP001  # a script, not a package

import json
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import sync_playwright

from alma_cli.api import ALMA
from alma_cli.project import make_project
from alma_cli.report import page

IMAGES = Path(__file__).resolve().parent / "images"
sys.path.insert(0, str(IMAGES.parents[1]))
from tests.benchmarks import natural_words  # noqa: E402

MOST_BYTES = 200_000
CONFIG = """\
alma:
  project_id: "web-shop"
  agents:
    helena:
      can_learn: [testing_strategies, ui_patterns]
    victor:
      can_learn: [api_testing, database_validation]
"""
WHOSE = {
    "order-dependent-tests": ("helena", "testing_strategies"),
    "component-test-backend-data": ("helena", "testing_strategies"),
    "visual-regression-noise": ("helena", "testing_strategies"),
    "time-dependent-test": ("helena", "testing_strategies"),
    "brittle-locators": ("helena", "testing_strategies"),
    "input-lag-rerender": ("helena", "ui_patterns"),
    "hydration-mismatch": ("helena", "ui_patterns"),
    "overlay-keyboard-focus": ("helena", "ui_patterns"),
    "flaky-upstream-call": ("victor", "api_testing"),
    "stale-after-write": ("victor", "api_testing"),
    "response-field-change": ("victor", "api_testing"),
    "untrusted-user-content": ("victor", "api_testing"),
    "concurrent-record-edit": ("victor", "api_testing"),
    "large-table-migration": ("victor", "database_validation"),
    "hot-row-decrement": ("victor", "database_validation"),
    "connection-pool-exhaustion": ("victor", "database_validation"),
}
FACTS = ("CI has two cores and no network", "The staging database is restored every Sunday at 03:00 UTC")
BEGUN = datetime(2026, 4, 6, 9, tzinfo=UTC)
SHOTS = (
    ("report", 1200, 900, "light", "#glance", 0),
    ("report-dark", 1200, 900, "dark", "#works", 16),
    ("report-narrow", 360, 760, "light", "#avoid", 16),
)
"""Each picture's name, width, height and scheme, the part at its top, and the pixels above that."""


def records() -> Iterator[dict[str, object]]:
    """The lines of an export of the project."""
    drawn = random.Random(1)  # noqa: S311  # the same at each run
    words = natural_words.words_of_kinds(natural_words.CENTRAL)
    outcomes = natural_words.outcomes()
    drawn.shuffle(outcomes)
    at = BEGUN
    for number, outcome in enumerate(outcomes):
        at += timedelta(hours=24 * drawn.expovariate(3.5))
        agent, domain = WHOSE[outcome.task_kind]
        told = {name: getattr(outcome, name) for name in ("task", "outcome", "strategy", "error", "feedback")}
        general = {"when": words[outcome.task_kind], "do": words.get(outcome.strategy_kind, "")}
        if drawn.random() < 0.05:  # it waits for reflection
            general = {}
        yield {
            "kind": "outcome",
            "id": f"{number:032x}",
            "agent": agent,
            "domain": domain,
            "at": _text(at),
            **told,
            **general,
        }
    for number, fact in enumerate(FACTS):
        time = {"created_at": _text(BEGUN), "updated_at": _text(BEGUN)}
        yield {
            "kind": "knowledge",
            "id": f"f{number:031x}",
            "agent": "_project",
            "domain": "general",
            "fact": fact,
            **time,
        }


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def report() -> str:
    """The page of the project."""
    with tempfile.TemporaryDirectory() as folder:
        make_project(folder, CONFIG)
        alma = ALMA.from_config(f"{folder}/.alma/config.yaml")
        lines = [json.loads(json.dumps(record)) for record in records()]
        imported = alma.import_(enumerate(lines, start=1))
        assert not imported.refused, imported
        for backed in alma.report().account.heuristics[:4]:
            alma.feedback(backed.rule.id, helped=True)
        return page(replace(alma.report(), made_at=BEGUN + timedelta(weeks=10)))


def main() -> int:
    """Take all pictures; the exit code."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.stderr.write("no Chromium here: `make tools` installs it on Debian\n")
        return 1
    content = report()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name, width, height, scheme, part, above in SHOTS:
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, offline=True
            )
            shown = context.new_page()
            shown.set_content(content)
            if above:
                there = f"document.querySelector('{part}').offsetTop - {above}"
                shown.evaluate(f"scrollTo({{top: {there}, behavior: 'instant'}})")
            path = IMAGES / f"{name}.png"
            shown.screenshot(path=path, type="png")
            context.close()
            size = path.stat().st_size
            print(f"{path.relative_to(IMAGES.parents[1])}: {size / 1000:.0f} KB")
            if size > MOST_BYTES:
                sys.stderr.write(f"{path} has more than {MOST_BYTES:,} bytes\n")
                return 1
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
