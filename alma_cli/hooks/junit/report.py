"""Reads a test report in JUnit's XML.

Expat reads the report line by line. A report that declares a document type or entities is refused, so that it can't
grow when it is read, nor make us read other files.
"""

import os
from dataclasses import dataclass
from xml.parsers import expat

from alma_cli.core.text import clean
from alma_cli.errors import InvalidInput
from alma_cli.files import open_file
from alma_cli.hooks.junit.xml_text import xml_lines

_MAX_BYTES = 256 << 20
_MAX_TEXT = 4000

_NOT_RUN = frozenset({"notrun", "disabled", "skipped", "suppressed", "ignored"})
"""The states of a case that wasn't run, as GoogleTest and CTest have them."""


class OtherXml(InvalidInput):
    """XML that is no test report, such as one of coverage."""


@dataclass(frozen=True, slots=True)
class TestCase:
    """A test case that passed or (with `error`) failed; `name` is the same from run to run.

    `suite` tells the suites of one report apart: their tests may have the same names, as Playwright's of each browser.
    """

    __test__ = False  # otherwise pytest takes it for a test

    name: str
    failed: bool
    error: str
    duration_ms: int
    suite: int = 0


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
        raise OtherXml(f"{path} isn't a JUnit report: it starts with <{reader.root[:40]}>")
    return reader.cases


class _Reader:
    """Expat's callbacks, which gather the cases."""

    def __init__(self) -> None:
        self.cases: list[TestCase] = []
        self.root = ""
        self._suite = 0
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
        self._suite += name == "testsuite"
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
        self._suite += name == "testsuite"  # what follows is of the suite around it
        if name in ("failure", "error", "skipped") and self._text is not None:
            said = "".join(self._text).strip()
            self._error = f"{self._error}\n{said}".strip()[:_MAX_TEXT] if said not in self._error else self._error
            self._text = None
        elif name == "testcase" and self._case is not None:
            if "error" in self._results or "skipped" not in self._results:
                failed = not self._results.isdisjoint(("failure", "error"))
                self.cases.append(_case(self._case, failed=failed, error=self._error, suite=self._suite))
            self._case = None


def _case(attributes: dict[str, str], *, failed: bool, error: str, suite: int) -> TestCase:
    where = attributes.get("classname") or attributes.get("file") or ""
    name = clean(f"{where}::{attributes.get('name', '')}".removeprefix("::"))[:500]
    try:
        duration_ms = max(0, round(_number(attributes.get("time", "0")) * 1000))
    except (ValueError, OverflowError):
        duration_ms = 0
    return TestCase(name, failed=failed, error=clean(error), duration_ms=min(duration_ms, 10**12), suite=suite)


def _number(text: str) -> float:
    """The number, in whichever locale it was written: of comma and point the last is the decimal one."""
    whole, point, decimals = text.replace(",", ".").rpartition(".")
    return float(f"{whole.replace('.', '')}{point}{decimals}")
