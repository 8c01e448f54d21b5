"""Reads a test report in JUnit's XML, and tells which test cases changed since the last report.

Expat reads the report line by line. A report that declares a document type or entities is refused, so that it can't
grow when it is read, nor make us read other files.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from xml.parsers import expat

from alma_cli.core.text import clean
from alma_cli.errors import InvalidInput
from alma_cli.files import open_file, read_object, write_whole
from alma_cli.hooks.xml_text import xml_lines
from alma_cli.project import Project, make_log

_MAX_BYTES = 256 << 20
_MAX_TEXT = 4000
_FILE = "tests.json"

_NOT_RUN = frozenset({"notrun", "disabled", "skipped", "suppressed", "ignored"})
"""The states of a case that wasn't run, as GoogleTest and CTest have them."""


@dataclass(frozen=True, slots=True)
class TestCase:
    """A test case that passed or (with `error`) failed; `name` is the same from run to run."""

    __test__ = False  # otherwise pytest takes it for a test

    name: str
    failed: bool
    error: str
    duration_ms: int


def read_report(path: str) -> list[TestCase]:
    """The test cases of a report that were not skipped. Raises `InvalidInput` for a file that is no report."""
    reader = _Reader()
    try:
        with open_file(path) as file:
            if os.fstat(file.fileno()).st_size > _MAX_BYTES:
                raise InvalidInput(f"the report {path} isn't a file of at most {_MAX_BYTES >> 20} MiB")
            for line in xml_lines(file):
                reader.parser.Parse(line)
            reader.parser.Parse("", True)
    except OSError as error:
        raise InvalidInput(f"cannot read the report {path}: {error.strerror}") from error
    except expat.ExpatError as error:
        raise InvalidInput(f"the report {path} isn't XML: {error}") from error
    except (LookupError, ValueError) as error:
        raise InvalidInput(f"the report {path} is in an encoding that can't be read: {error}") from error
    if reader.root not in ("testsuites", "testsuite"):
        raise InvalidInput(f"{path} isn't a JUnit report: it starts with <{reader.root[:40]}>")
    return reader.cases


def changed(cases: Iterable[TestCase], failing: set[str], *, well: bool = False) -> list[TestCase]:
    """The cases whose state differs from the last report's; `failing` names those that failed then, and is updated.

    A case that is there several times failed if it did once: many cases may have one name. Where the command went
    `well` it was run again until it passed, so its last run holds. A case that was never seen counts as having passed.
    """
    by_name: dict[str, TestCase] = {}
    for case in cases:
        if case.name not in by_name or case.failed or well:
            by_name[case.name] = case
    news = [case for case in by_name.values() if case.failed != (case.name in failing)]
    failing.difference_update(case.name for case in news if not case.failed)
    failing.update(case.name for case in news if case.failed)
    return news


def load_failing(project: Project) -> set[str]:
    """The names of the cases that failed when they were last seen."""
    names = read_object(project.log_dir / _FILE).get("failing")
    return {name for name in names if isinstance(name, str)} if isinstance(names, list) else set()


def keep_failing(project: Project, failing: set[str]) -> None:
    """Keep the names for the next report. Raises `OSError`."""
    make_log(project)
    write_whole(project.log_dir / _FILE, json.dumps({"failing": sorted(failing)}).encode())


class _Reader:
    """Expat's callbacks, which gather the cases."""

    def __init__(self) -> None:
        self.cases: list[TestCase] = []
        self.root = ""
        self._case: dict[str, str] | None = None
        self._results: set[str] = set()
        self._error = ""
        self._text: list[str] | None = None
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _refuse(self, *_: object) -> None:
        raise InvalidInput("the report declares a document type or entities, which no test report needs")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.root = self.root or name
        if name == "testcase":
            self._case, self._results, self._error = attributes, set(), ""
            if _NOT_RUN & {attributes.get(key, "").lower() for key in ("status", "result")}:
                self._results.add("skipped")
        elif self._case is not None and name in ("failure", "error", "skipped"):
            self._results.add(name)
            self._error = (attributes.get("message") or attributes.get("type", ""))[:_MAX_TEXT]
            self._text = []

    def _characters(self, text: str) -> None:
        if self._text is not None and sum(map(len, self._text)) < _MAX_TEXT:
            self._text.append(text)

    def _end(self, name: str) -> None:
        if name in ("failure", "error", "skipped") and self._text is not None:
            said = "".join(self._text).strip()
            self._error = f"{self._error}\n{said}".strip()[:_MAX_TEXT] if said not in self._error else self._error
            self._text = None
        elif name == "testcase" and self._case is not None:
            if "error" in self._results or "skipped" not in self._results:
                failed = not self._results.isdisjoint(("failure", "error"))
                self.cases.append(_case(self._case, failed=failed, error=self._error))
            self._case = None


def _case(attributes: dict[str, str], *, failed: bool, error: str) -> TestCase:
    where = attributes.get("classname") or attributes.get("file") or ""
    name = clean(f"{where}::{attributes.get('name', '')}".removeprefix("::"))[:500]
    try:
        duration_ms = max(0, round(_number(attributes.get("time", "0")) * 1000))
    except (ValueError, OverflowError):
        duration_ms = 0
    return TestCase(name=name, failed=failed, error=clean(error), duration_ms=min(duration_ms, 10**12))


def _number(text: str) -> float:
    """The number, in whichever locale it was written: of comma and point the last is the decimal one."""
    whole, point, decimals = text.replace(",", ".").rpartition(".")
    return float(f"{whole.replace('.', '')}{point}{decimals}")
