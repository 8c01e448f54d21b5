"""The interface of a shared copy: documents by agent and id, their changes in order, and safe writes.

A remote is opened for one project and sees no other. A document is one JSON object; `core.replication.documents` says
what is in it, and a remote stores whatever it is given, including fields that it doesn't know. Fields that a service
adds (`_etag`, `_ts`, ...) are taken off again. Nothing is merged here: the latest write holds; clashes are reported.

Every call ends: when the shared copy doesn't answer, it raises within the patience that the remote was opened with.
Calls come from one thread. Errors are `RemoteUnreachable` (no answer; it may help to try again), `RemoteRefused` (the
credential), `RemoteThrottled` (it stayed too busy), `RemoteMissing` (no such database, container or folder),
`CheckpointLost` (see `changes`), and `RemoteError` for anything else that a user has to know.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from alma_cli.core.replication.documents import Body, Document, Unreadable

Found: TypeAlias = Document | Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some changes, and the checkpoint to go on from once they are applied."""

    found: tuple[Found, ...]
    checkpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A document to store: a new one (`etag` is None), or one that replaces the version named by `etag`.

    `vector` is its "embedding" in JSON, if it has one: as text, since numbers cost more than all the rest.
    """

    agent: str
    id: str
    body: Body
    vector: str = ""
    etag: str | None = None

    def document(self) -> Body:
        """All of the document."""
        return {**self.body, "embedding": json.loads(self.vector)} if self.vector else self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The document was stored; this is its version."""

    write: Write
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Nothing was stored: a new document is there already, or the version in its place isn't the one that was named.

    `present` is what is there now; None when somebody removed the document that was to be replaced.
    """

    write: Write
    present: Found | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLarge:
    """Nothing was stored: the remote never takes a document of this size."""

    write: Write
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """Nothing was stored: the remote lets us write, but not there. `reason` says where, and who can change it."""

    write: Write
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The place of a document that was set aside: what its `name`, `agent` and `id` were when it was found."""

    name: str
    agent: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Some memories of an agent, whatever they say, and the number of all that it has."""

    documents: Sequence[Document]
    of: int


WriteResult: TypeAlias = Written | Clash | TooLarge | Forbidden


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The use of a remote since it was opened; `request_charge` is in request units, 0 where none are paid."""

    requests: int = 0
    request_charge: float = 0.0


class Remote(Protocol):
    """The shared copy of one project."""

    @property
    def name(self) -> str:
        """The name for messages: an address with database and container, or a folder."""
        ...

    @property
    def is_there(self) -> bool:
        """False when nothing is in its place yet, and the first write would make it."""
        ...

    @property
    def has_readers(self) -> bool:
        """True when it is searched by readers without a store, for whom derived memories are written."""
        ...

    @property
    def server_time(self) -> datetime | None:
        """The time by the remote's own clock, aware, at its latest answer; None before that, or without a clock."""
        ...

    @property
    def usage(self) -> Usage:
        """The use so far, including the requests that the remote's library made by itself."""
        ...

    def read(self, agent: str, id: str) -> Found | None:
        """The document, as it is now, or None.

        With `MARKER_AGENT` and `MARKER_ID` of `core.replication.documents` this is the project's marker, and the
        cheapest way to see whether the remote answers: one request, which notices a missing container or a refused
        credential.
        """
        ...

    def changes(self, checkpoint: str | None) -> Iterator[Page]:
        """All documents of the project that were written since the checkpoint (None: all), page by page.

        A document comes at least once in its latest version, at any time after the versions it replaces, and the
        versions in between may be left out. Documents come in any order across agents. The marker may be among them.
        Pages hold at most a few hundred documents, are fetched when asked for, and may be empty. The last page's
        checkpoint stands for all that was there; without changes there is one empty page or none, and nothing is
        written. A checkpoint says which container it belongs to: `CheckpointLost` is raised, before the first page,
        when it can't be continued here (in another or a recreated container, or because it is too old).
        One's own writes come back like everybody's.
        """
        ...

    def ids(self, *, if_free: bool = False) -> frozenset[str] | None:
        """The ids of all documents of the project, whatever is in them.

        With `if_free`, None where that would cost requests, or where the changes that were read last show that nothing
        can have gone. None as well where a part of them can't be seen.
        """
        ...

    def again(self, places: Sequence[Place]) -> Mapping[str, Found]:
        """The documents in these places now, by name, asked for together. A name without anything is left out."""
        ...

    def write(self, writes: Sequence[Write]) -> Iterator[WriteResult]:
        """Store documents, each only if its `etag` allows it; yields one result for each, in any order, once known.

        `writes` are of any agents, at most one for an agent and id; it is up to the remote to group them by partition,
        to make portions that the service takes, and to send several at a time. A document that clashes doesn't keep
        the others from being stored. When the outcome of a request is unknown (a lost connection), it may be tried
        again, and a clash with what the first try stored is then a `Clash` like any other. An error is raised after
        the known results have been yielded; a document without a result may or may not have been stored.
        This is a generator: nothing is stored until it is iterated.
        """
        ...

    def close(self) -> None:
        """Close the connections. Nothing may be called afterwards."""
        ...


class SearchableRemote(Remote, Protocol):
    """A shared copy that a retrieve can search where there is no store: a service, not a folder of this machine."""

    def nearest(self, agent: str, vector: Sequence[float], *, limit: int) -> list[Document]:
        """The `limit` memories of one agent whose `embedding` has the greatest cosine with the vector, best first.

        Memories are documents without `deleted_at` that are neither `archived` nor of kind `credit`; those without an
        `embedding` are left out.
        """
        ...

    def matching(self, agent: str, words: Sequence[str], *, limit: int) -> list[Document]:
        """Up to `limit` memories of one agent (as for `nearest`) that contain any of the words in any text field.

        Words are lower case, and compared without case; a part of a longer word counts. Memories with more of the
        words come first.
        """
        ...

    def sample(self, agent: str, *, limit: int) -> Sample:
        """Up to `limit` memories of one agent (as for `nearest`), those with the least ids, and the number of all."""
        ...

    def credits(self, agent: str, targets: Sequence[str]) -> list[Document]:
        """The credits of one agent (kind `credit`, no `deleted_at`) whose `target` is one of these ids."""
        ...

    def agents(self) -> list[str]:
        """The agents that have documents here, in order. Only an agent that sees everybody's memories needs them."""
        ...
