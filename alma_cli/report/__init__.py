"""Writes the report as one HTML page that needs nothing else: no network, no other file.

Memory text is data here too: control and direction characters are made visible and everything is escaped, the numbers
of the charts are JSON that can't end its element, and the page's own policy lets only its own scripts and styles run,
by their hashes. Templates never write a `style` attribute, which that policy refuses.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from alma_cli import __version__
from alma_cli.core.text import counted, harmless, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jinja2 import Environment

    from alma_cli.api.report import Reported
    from alma_cli.core.learning.account import Account, Course
    from alma_cli.core.records import JsonValue

_FOLDER = Path(__file__).parent
_SCRIPTS = ("uplot/uPlot.iife.min.js", "page.js")
_STYLES = ("uplot/uPlot.min.css", "page.css")
MOST_WORK = 40
"""The most pairs of agent and domain whose outcomes are listed."""

MOST_REVIEWED = 20
"""The most rules that wait for review and are listed."""

MOST_COURSES = 60
"""The most lines that the chart of success can show."""


def page(reported: Reported) -> str:
    """The report as an HTML page."""
    scripts, styles = [_file(name) for name in _SCRIPTS], [_file(name) for name in _STYLES]
    account = reported.account
    return (
        _environment()
        .get_template("page.html")
        .render(
            reported=reported,
            account=account,
            version=__version__,
            scripts=scripts,
            styles=styles,
            policy=_policy(scripts, styles),
            work=account.work[:MOST_WORK],
            anchors={(one.agent, one.domain): f"w{place}" for place, one in enumerate(account.work[:MOST_WORK])},
            courses=_courses(account),
            charts=_charts(account),
            domains=list(dict.fromkeys(backed.rule.domain for backed in (*account.heuristics, *account.anti_patterns))),
            review=reported.review[:MOST_REVIEWED],
            listed={backed.rule.id for backed in (*account.heuristics, *account.anti_patterns)},
            waiting=sum(sum(domains.values()) for domains in reported.waiting.values()),
        )
    )


def _policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """The Content-Security-Policy under which only these scripts and styles do anything."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(map(_hash, scripts))}",
            f"style-src {' '.join(map(_hash, styles))}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _file(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def _harmless(value: object) -> object:
        return harmless(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        autoescape=True,
        loader=FileSystemLoader(_FOLDER),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Names and dates pass here too, so that no text gets by; what the templates made themselves is Markup.
        finalize=_harmless,
    )
    environment.filters.update(
        ours=Markup,  # only for the files of this folder
        line=one_line,
        day=_day,
        number=lambda number: f"{number:,}",
        percent=lambda share: f"{100 * share:.0f}%",
        points=lambda share: f"{100 * share:+.0f}".replace("-", "\N{MINUS SIGN}"),
        counted=counted,
    )
    return environment


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _courses(account: Account) -> Sequence[Course]:
    """The courses with the most outcomes, in the account's order: all, domains, agents, and agents in domains."""
    by_size = sorted(account.courses, key=lambda course: -sum(map(sum, course.points)))
    kept = {(course.agent, course.domain) for course in by_size[:MOST_COURSES]}
    return [course for course in account.courses if (course.agent, course.domain) in kept]


def _charts(account: Account) -> JsonValue:
    """The numbers of the charts: seconds since 1970 of each period, and the rates of each course with their bounds."""
    totals = next((course.points for course in account.courses if not course.agent and not course.domain), ())
    rules = [sum(counts) for counts in zip(account.created["heuristic"], account.created["anti_pattern"], strict=True)]
    return {
        "unit": account.unit,
        "periods": [int(datetime.combine(day, time(), UTC).timestamp()) for day in account.periods],
        "courses": [_course(course) for course in _courses(account)],
        "growth": {
            "success": [point.success for point in totals],
            "partial": [point.partial for point in totals],
            "failure": [point.failure for point in totals],
            "rules": [sum(rules[: place + 1]) for place in range(len(rules))],
        },
    }


def _course(course: Course) -> dict[str, JsonValue]:
    points = [point.succeeded for point in course.points]
    return {
        "outcomes": [point.outcomes for point in points],
        "rate": [None if point.rate is None else round(point.rate, 4) for point in points],
        "low": [round(point.bounds.lower, 4) if point.outcomes else None for point in points],
        "high": [round(point.bounds.upper, 4) if point.outcomes else None for point in points],
    }
