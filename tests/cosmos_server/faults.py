"""What goes wrong on demand: on which kinds of requests, how often, and in what way."""

import json
import random
from dataclasses import asdict, dataclass, field

from tests.cosmos_server.wire import Refused

KINDS = (
    "account", "database", "container", "ranges", "feed", "query", "plan",
    "read", "create", "upsert", "replace", "patch", "delete", "batch", "list",
)  # fmt: skip
WRITES = ("create", "upsert", "replace", "patch", "delete", "batch")


@dataclass(slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong.

    `status` answers with that status instead; `drop` closes the connection `before` or `after` the request was done;
    `stall` never answers (`before` or `after`); a status `inside` a batch is that of its middle operation; what succeeded
    is answered with the text `said`, and without these headers. It meets requests of these `kinds` (all when empty)
    after the first `skip`, `times` times (None: always), each with `chance`.
    """

    kinds: tuple[str, ...] = ()
    status: int = 0
    substatus: int = 0
    retry_after_ms: int = 5
    drop: str = ""
    stall: str = ""
    inside: bool = False
    said: str | None = None
    without: tuple[str, ...] = ()
    skip: int = 0
    times: int | None = 1
    chance: float = 1.0


@dataclass(slots=True)
class Faults:
    """The faults in force, with a seeded source of chance."""

    active: list[Fault] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(0))
    met: int = 0

    def meeting(self, kind: str) -> Fault | None:
        """The fault that this request meets."""
        for fault in self.active:
            if fault.kinds and kind not in fault.kinds:
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if self.chance.random() >= fault.chance:
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.active.remove(fault)
            self.met += 1
            return fault
        return None


def refusal(fault: Fault) -> Refused:
    """The refusal of a fault that is a status."""
    headers = {"x-ms-retry-after-ms": str(fault.retry_after_ms)} if fault.status in (429, 449) else {}
    return Refused(fault.status, _WORDS.get(fault.status, "fault"), substatus=fault.substatus, headers=headers)


def to_json(fault: Fault) -> str:
    """A fault as the controls send it."""
    return json.dumps(asdict(fault))


_WORDS = {
    401: "The input authorization token can't serve the request.",
    403: "The request is blocked.",
    404: "Resource Not Found",
    408: "Request timed out",
    410: "The requested resource is no longer available at the server.",
    429: "Request rate is large. More Request Units may be needed, so no changes were made.",
    449: "Conflicting request to resource has been attempted. Retry to avoid conflicts.",
    500: "Internal Server Error",
    503: "Service is currently unavailable.",
}
