"""Reads a project's part of the container's change feed, page by page, with a position to continue from.

The position is the SDK's token for all physical ranges of the project. Two things about it (azure-cosmos 4.17): while
there are ranges of which nothing was read yet, it can't be resumed, and reading begins anew; and once the project
spans several ranges, the SDK reads these whole, so other projects' items come too, and are left out here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from alma_cli.errors import CheckpointLost
from alma_cli.remote.cosmos.meter import without_etags

if TYPE_CHECKING:
    from azure.cosmos import ContainerProxy

PAGE = 200
"""The most documents in a page (but those of one transaction come together)."""
_NOT_RESUMABLE = "Missing token"

Raw: TypeAlias = "dict[str, Any]"


def checkpoint_lost(why: str) -> CheckpointLost:
    """The error for a checkpoint that can't be continued."""
    return CheckpointLost(f"the changes can't be continued from where we were: {why}", hint="sync compares everything")


class Feed:
    """The changes of a project since a position (None: all of them)."""

    def __init__(self, container: ContainerProxy, project_id: str, position: str | None) -> None:
        self._container, self._project_id = container, project_id
        self._pages: Iterator[Iterator[Raw]] | None = None
        self.position = position
        self.is_drained = False

    def next_page(self) -> list[Raw]:
        """The next documents, perhaps none; after the call `position` and `is_drained` include them.

        After an error it may be called again, and nothing is missed. Raises the SDK's errors, and `CheckpointLost`
        when the position is of another container.
        """
        try:
            raws = self._fetched()
        except ValueError as error:
            if self.position is None or _NOT_RESUMABLE not in str(error):
                raise checkpoint_lost(str(error)) from error
            self.position = None
            raws = self._fetched()
        before, headers = self.position, self._container.client_connection.last_response_headers
        self.position = str(headers.get("etag") or "")
        self.is_drained = not raws
        if raws and self.position in ("", before):
            raise without_etags()
        return [raw for raw in raws if raw.get("project_id") == self._project_id]

    def _fetched(self) -> list[Raw]:
        if self._pages is None:
            self._pages = iter(self._begun())
        try:
            return list(next(self._pages, iter(())))
        except BaseException:
            self._pages = None  # an iterator of the SDK is at its end after an error
            raise

    def _begun(self) -> Iterator[Iterator[Raw]]:
        start: dict[str, Any] = {"continuation": self.position}
        if self.position is None:
            project = self._container.feed_range_from_partition_key([self._project_id])
            start = {"feed_range": project, "start_time": "Beginning"}
        return self._container.query_items_change_feed(max_item_count=PAGE, **start).by_page()
