"""Logs retrieves locally, best effort, so that an outcome can say which retrieve it followed."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from alma_cli.core.records import JsonValue
from alma_cli.core.redaction import redact
from alma_cli.core.retrieval.slices import MemorySlice
from alma_cli.core.text import one_line
from alma_cli.errors import AmbiguousId, NotFound
from alma_cli.files import append_line
from alma_cli.project import Project, make_log

_FILE = "retrievals.ndjson"
_MAX_BYTES = 1_000_000


class Retrievals(NamedTuple):
    """The retrieves that the log still has, how many of them gave something sure, and how often which memory."""

    retrieves: int
    giving: int
    given: Counter[str]

    def to_json(self) -> dict[str, JsonValue]:
        """The counts as a JSON object."""
        return {"retrieves": self.retrieves, "giving": self.giving, "given": dict(self.given)}


class NotedRetrieve(NamedTuple):
    """A retrieve in the log: who asked, in which situation (empty if none was said), the ids of its sure memories."""

    agent: str
    when: str
    ids: list[str]


def note(project: Project, found: MemorySlice) -> None:
    """Add the sure memories of a retrieve to the log, without waiting for the disk; where it can't be written, nothing.

    How the work went says nothing of a memory that may not have been about it.
    """
    line = {"retrieval_id": found.retrieval_id, "agent": found.agent, "ids": [hit.id for hit in found.sure]}
    if found.when:
        line["when"] = redact(found.when)[0]
    with suppress(OSError):
        make_log(project)
        append_line(project.log_dir / _FILE, json.dumps(line), max_bytes=_MAX_BYTES)


def noted(project: Project, prefix: str) -> NotedRetrieve:
    """The retrieve whose id starts so.

    Raises `NotFound` when it isn't in the log (any more), `AmbiguousId` when several have an id that starts so.
    """
    wanted = prefix.strip().lower()
    found = {
        one["retrieval_id"]: NotedRetrieve(one["agent"], one.get("when", ""), one["ids"])
        for one in _noted(project, wanted)
        if one["retrieval_id"].startswith(wanted)
    }
    if wanted and len(found) > 1:
        raise AmbiguousId(
            f"several retrieves have an id that starts with {one_line(prefix, 40)}", hint="give the whole id"
        )
    if wanted and found:
        return next(iter(found.values()))
    raise NotFound(
        f"no retrieve has the id {one_line(prefix, 40)}",
        hint="`alma retrieve --json` gives a retrieval_id; name memories themselves with --used",
    )


def lately(project: Project, agent: str | None = None) -> Retrievals:
    """What was retrieved by one agent, or by all, as far as the log goes back."""
    lists = [one["ids"] for one in _noted(project) if agent in (None, one["agent"])]
    return Retrievals(len(lists), sum(map(bool, lists)), Counter(id for ids in lists for id in ids))


def _noted(project: Project, containing: str = "") -> Iterator[dict[str, Any]]:
    """What is in the log, the newest first, without lines that were cut off when the machine stopped, or spoiled.

    Of those that don't contain a text nothing is read: a batch may name a retrieve in each line.
    """
    part = containing.encode("utf-8", "replace")
    for name in (_FILE, _FILE + ".old"):
        for line in filter(lambda line: part in line, reversed(_lines(project.log_dir / name))):
            with suppress(ValueError, RecursionError):
                one = json.loads(line)
                if _is_noted(one):
                    yield one


def _is_noted(value: object) -> bool:
    match value:
        case {"retrieval_id": str(), "agent": str(), "ids": list(ids), **more}:
            return all(isinstance(text, str) for text in (*ids, more.get("when", "")))
    return False


def _lines(path: os.PathLike[str]) -> list[bytes]:
    try:
        with open(path, "rb") as file:
            return file.read().splitlines()
    except OSError:
        return []
