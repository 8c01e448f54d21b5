"""Finds the test reports that a command wrote: single files, those of a folder, or of a pattern (`**/target/*.xml`)."""

import glob
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TypeAlias

from alma_cli.core.text import counted
from alma_cli.errors import InvalidInput
from alma_cli.hooks.junit.report import OtherXml, TestCase, read_report

_DEEP = re.compile(r"(?:^|/)\*\*/")

_State: TypeAlias = tuple[int, int, int]
"""The state of a file, which changes when it is written anew; the first of two is the smaller one."""


class Reports:
    """The test reports at some places, of which those are read that were written since this was made."""

    def __init__(self, places: Iterable[str]) -> None:
        self._before = {place: _states(place) for place in places}

    def read(self) -> tuple[list[list[TestCase]], list[str]]:
        """The test cases of each report, the oldest first, and what to tell of those that can't be read.

        Other XML, as of coverage, is passed over where a folder or a pattern was given.
        """
        written: dict[str, tuple[_State, bool]] = {}
        told = []
        for place, before in self._before.items():
            now = {path: state for path, state in _states(place).items() if before.get(path) != state}
            written |= {path: (state, path != place) for path, state in now.items()}
            if not now:
                told.append(f"{place} was not written by this run, so no test was looked at")
        found = []
        for path, (_, is_found) in sorted(written.items(), key=lambda item: item[1]):
            try:
                found.append(read_report(path))
            except OtherXml as error:
                told += [] if is_found else [error.message]
            except InvalidInput as error:
                told.append(error.message)
        if written and not found and not told:
            told.append(f"of {counted(len(written), 'file', 'files')} that this run wrote none is a JUnit report")
        return found, told


def _states(place: str) -> dict[str, _State]:
    found = {}
    for path in _files(place):
        with suppress(OSError, ValueError):
            state = os.stat(path)
            found[path] = (state.st_mtime_ns, state.st_size, state.st_ino)
    return found


def _files(place: str) -> Iterator[str]:
    for path in [place] if os.path.lexists(place) else _matches(place):
        if os.path.isdir(path):
            yield from (os.path.join(folder, name) for folder, names in _walk(path) for name in names if _is_xml(name))
        else:
            yield path


def _matches(pattern: str) -> Iterator[str]:
    """The paths that match. No link is followed by `**`: those of `node_modules` lead round and round."""
    deep = _DEEP.search(pattern)
    if deep is None:
        yield from glob.iglob(pattern)
        return
    for top in glob.iglob(pattern[: deep.start()] or (os.sep if deep[0].startswith(os.sep) else os.curdir)):
        for folder, _ in _walk(top):
            yield from _matches(os.path.normpath(os.path.join(glob.escape(folder), pattern[deep.end() :])))


def _walk(top: str) -> Iterator[tuple[str, Sequence[str]]]:
    """The folders below, and the files in each; hidden folders aside."""
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield folder, files


def _is_xml(name: str) -> bool:
    return name.lower().endswith(".xml")
