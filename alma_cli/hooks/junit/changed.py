"""Tells which test cases changed since they were last reported, and keeps which fail."""

import json
from collections.abc import Iterable, Iterator, Sequence

from alma_cli.files import read_object, write_whole
from alma_cli.hooks.junit.report import TestCase
from alma_cli.project import Project, make_log

_FILE = "tests.json"

_STAND_INS = frozenset(
    {"", "TestMain", "[build failed]", "[setup failed]", "initializationError", "executionError", "classMethod"}
)
"""The names under which tools report that the tests of a class, or package, could not be made or begun."""


def changed(reports: Iterable[Sequence[TestCase]], failing: set[str], *, well: bool = False) -> list[TestCase]:
    """The cases whose state differs from what was last reported; `failing` names those that failed, and is updated.

    `well` says that the command that wrote the reports went well: of a case that is there several times, the last run
    holds then. Else it failed if it did in one suite. A case that was never seen counts as having passed.
    """
    by_name: dict[str, list[TestCase]] = {}
    for report in reports:
        runs: dict[tuple[int, str], list[TestCase]] = {}
        for case in report:
            runs.setdefault((case.suite, case.name), []).append(case)
        for (_, name), found in runs.items():
            by_name.setdefault(name, []).append(found[-1] if well else _result(found))
    cases = [found[-1] if well else _worst(found) for found in by_name.values()]
    news = [case for case in cases if case.failed != (case.name in failing)]
    news += [TestCase(name, failed=False, error="", duration_ms=0) for name in _begun_again(by_name, failing)]
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


def _result(runs: Sequence[TestCase]) -> TestCase:
    """The run that holds of those of one name in one suite of a report.

    A test is run again until it passes, and then no more; any other order is that of several tests of one name.
    """
    is_run_again = all(run.failed for run in runs[:-1])
    return runs[-1] if is_run_again else _worst(runs)


def _worst(runs: Sequence[TestCase]) -> TestCase:
    return next((run for run in reversed(runs) if run.failed), runs[-1])


def _begun_again(seen: Iterable[str], failing: set[str]) -> Iterator[str]:
    """The failing cases that stood for tests that could not be collected, built or begun, and were run by now.

    They have the name of a module or class whose tests are in the reports, or a name that a tool gives to such.
    """
    missing = failing.difference(seen)
    if not missing:
        return
    run: set[str] = set()
    for name in seen:
        where, found, _ = name.partition("::")
        while found and where not in run:
            run.add(where)
            where, found, _ = where.rpartition(".")
    for name in sorted(missing):
        where, _, what = name.rpartition("::")
        if what in run or (where in run and what in _STAND_INS):
            yield name
