"""A container's items, each known by (partition key, id), and the log of changes behind its feed."""

import base64
import json
import math
import time
from bisect import bisect_right
from dataclasses import dataclass

from tests.cosmos_server import charges
from tests.cosmos_server.ranges import Range, Ranges, effective_key
from tests.cosmos_server.wire import Refused

MAX_ITEM_BYTES = 2 * 1024 * 1024
_SYSTEM = ("_rid", "_self", "_etag", "_attachments", "_ts", "_lsn")
_FORBIDDEN_IN_ID = frozenset("/\\?#")
UNDEFINED = object()
"""What a path that isn't there evaluates to."""


@dataclass(slots=True, eq=False)
class Item:
    """One version of a document; `raw` is its JSON with the system's properties, `number` its place of creation."""

    partition: tuple
    id: str
    epk: str
    number: int
    body: dict
    raw: bytes
    etag: str
    lsn: int
    ts: int
    expires_at: float | None
    made_at: float = 0.0
    before: "Item | None" = None

    @property
    def key(self):
        return self.partition, self.id


@dataclass(slots=True)
class Change:
    """What an operation has decided: the new version (None: it is gone), its answer and its cost."""

    key: tuple
    item: Item | None
    status: int
    charge: float


class Container:
    """One container: its definition, its items and their changes in the order of their LSNs."""

    def __init__(self, definition: dict, *, rid: str, link: str, ranges: int, clock=time.time):
        self.definition, self.rid, self.link = definition, rid, link
        self.paths = [path.strip("/").split("/") for path in definition["partitionKey"]["paths"]]
        self.ranges = Ranges(ranges)
        self._items: dict[tuple, Item] = {}
        self._numbers = 0
        self._clock = clock
        self.seen_until = math.inf
        """Reads see what was written up to this time; writes always see all."""

    def partition_of(self, body: dict) -> tuple:
        """The partition key that is in a document."""
        return tuple(_at(body, path) for path in self.paths)

    def partition_given(self, values: list) -> tuple:
        """A whole partition key from a request. Raises `Refused` for a part of one."""
        if len(values) != len(self.paths):
            raise Refused(
                400,
                "Partition key provided either doesn't correspond to definition in the collection or"
                " doesn't match partition key field values specified in the document.",
                substatus=1001,
            )
        return tuple(UNDEFINED if value == {} else value for value in values)

    def items(self):
        """All items that are in force and may be seen, in the order in which they were first made."""
        now = self._clock()
        seen = (self._seen(one) for one in self._items.values())
        return sorted((one for one in seen if one is not None and _alive(one, now)), key=lambda one: one.number)

    def find(self, partition: tuple, id: str, staged: dict | None = None) -> Item | None:
        """The item, as the operations before in the same batch left it."""
        if staged is not None and (partition, id) in staged:
            return staged[partition, id]
        found = self._items.get((partition, id))
        return found if found is not None and _alive(found, self._clock()) else None

    def changes_after(self, one: Range, lsn: int):
        """The newest versions changed in a range after an LSN of it, oldest first."""
        now = self._clock()
        for item in one.log[bisect_right(one.log, lsn, key=lambda item: item.lsn) :]:
            if item.made_at <= self.seen_until and self._items.get(item.key) is item and _alive(item, now):
                yield item

    def decide(self, verb, partition, *, id=None, body=None, match=None, none_match=None, staged=None) -> Change:
        """What an operation would do, at the next LSN. Raises `Refused`; nothing is changed yet."""
        if body is not None and verb != "patch":
            _check_body(body, self, partition)
        name = body["id"] if verb in ("create", "upsert") else id
        present = self.find(partition, name, staged)
        if verb == "read" and staged is None and present is not None:
            present = self._seen(present)
        if verb == "create" and present is not None:
            raise Refused(409, "Entity with the specified id already exists in the system.")
        if verb not in ("create", "upsert") and present is None:
            raise Refused(404, "Entity with the specified id does not exist in the system.")
        if match is not None and (present is None or match not in ("*", present.etag)):
            raise Refused(412, "One of the specified pre-condition is not met")
        if none_match is not None and present is not None and none_match in ("*", present.etag):
            if verb == "read":
                return Change(present.key, present, 304, charges.METADATA)
            raise Refused(412, "One of the specified pre-condition is not met")
        if verb == "read":
            return Change(present.key, present, 200, charges.point_read(len(present.raw)))
        if verb == "delete":
            return Change(present.key, None, 204, charges.DELETE)
        if verb == "patch":
            body = _patched(present.body, body)
            _check_body(body, self, partition)
        elif verb == "replace" and body["id"] != id:
            raise Refused(400, "The id of the document can't be changed.")
        item = self._version(partition, body, present)
        return Change(item.key, item, 201 if present is None else 200, charges.write(len(item.raw)))

    def commit(self, changes: list[Change]) -> Range | None:
        """Make the changes of one transaction, at one LSN; the range it was in, None when nothing was written."""
        written = None
        for change in changes:
            if change.item is None:
                self._items.pop(change.key, None)
            elif change.status in (200, 201) and self._items.get(change.key) is not change.item:
                self._items[change.key] = change.item
                written = self.ranges.holding(change.item.epk)
                written.log.append(change.item)
                written.lsn = change.item.lsn
        return written

    def _seen(self, item):
        """The version that a read sees; None when it sees none yet."""
        while item is not None and item.made_at > self.seen_until:
            item = item.before
        return item

    def reached(self, one: Range) -> int:
        """The last LSN of a range that a read sees."""
        if self.seen_until == math.inf:
            return one.lsn
        seen = [item.lsn for item in one.log if item.made_at <= self.seen_until]
        return one.lsn if len(seen) == len(one.log) else max(seen, default=one.log[0].lsn - 1)

    def _check_vectors(self, body):
        """Raise `Refused` for a vector that isn't of the length in the policy."""
        for one in self.definition.get("vectorEmbeddingPolicy", {}).get("vectorEmbeddings", []):
            vector = _at(body, one["path"].strip("/").split("/"))
            if isinstance(vector, list) and len(vector) != one["dimensions"]:
                raise Refused(400, f"The vector {one['path']} has {len(vector)} dimensions, not {one['dimensions']}.")

    def _version(self, partition, body, present):
        epk = effective_key(_hashable(partition))
        lsn, ts = self.ranges.holding(epk).lsn + 1, int(self._clock())
        number = present.number if present is not None else self._numbers
        if present is None:
            self._numbers += 1
        rid = self.rid[:-2] + base64.b64encode(number.to_bytes(8, "little")).decode()
        etag = f'"{self._numbers & 0xFFFFFFFF:08x}-{lsn & 0xFFFF:04x}-0700-0000-{(ts << 16 | lsn & 0xFFFF) & 0xFFFFFFFFFFFF:012x}"'
        content = {name: value for name, value in body.items() if name not in _SYSTEM}
        system = {
            "_rid": rid,
            "_self": f"{self.link}/docs/{rid}/",
            "_etag": etag,
            "_attachments": "attachments/",
            "_ts": ts,
        }
        raw = json.dumps(content | system, separators=(",", ":")).encode()
        if len(raw) > MAX_ITEM_BYTES:
            raise Refused(413, "Request size is too large")
        self._check_vectors(content)
        ttl = content.get("ttl", self.definition.get("defaultTtl")) if "defaultTtl" in self.definition else None
        expires_at = ts + ttl if isinstance(ttl, int) and ttl > 0 else None
        return Item(
            partition,
            body["id"],
            epk,
            number,
            content | system,
            raw,
            etag,
            lsn,
            ts,
            expires_at,
            made_at=self._clock(),
            before=present,
        )


def _alive(item, now):
    return item.expires_at is None or now < item.expires_at


def _at(body, path):
    for name in path:
        if not isinstance(body, dict) or name not in body:
            return UNDEFINED
        body = body[name]
    return body


def _hashable(partition):
    return tuple((value,) if value is UNDEFINED else value for value in partition)


def _check_body(body, container, partition):
    if not isinstance(body, dict):
        raise Refused(400, "The document is not an object.")
    id = body.get("id")
    if not isinstance(id, str) or not id or len(id) > 255:
        raise Refused(400, "The input content is invalid because the required properties - 'id; ' - are missing")
    if _FORBIDDEN_IN_ID & set(id) or id != id.rstrip():
        raise Refused(400, "The request payload is invalid: the id has a character that ids may not have.")
    if container.partition_of(body) != partition:
        raise Refused(
            400, "PartitionKey extracted from document doesn't match the one specified in the header", substatus=1001
        )


def _patched(body, patch):
    if patch.get("condition"):
        raise Refused(400, "conditions of patches are not known to this server")
    result = json.loads(json.dumps(body))
    operations = patch.get("operations", [])
    if not 1 <= len(operations) <= 10:
        raise Refused(400, "A patch has 1 to 10 operations.")
    for operation in operations:
        *above, name = operation["path"].strip("/").split("/")
        holder = _at(result, above)
        if not isinstance(holder, dict):
            raise Refused(400, f"patch: no object at {operation['path']}")
        kind = operation["op"]
        if kind in ("replace", "remove") and name not in holder:
            raise Refused(400, f"patch: nothing at {operation['path']}")
        if kind in ("add", "set", "replace"):
            holder[name] = operation["value"]
        elif kind == "incr":
            holder[name] = holder.get(name, 0) + operation["value"]
        elif kind == "remove":
            del holder[name]
        else:
            raise Refused(400, f"patch: {kind} is not known to this server")
    return result
