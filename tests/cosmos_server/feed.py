"""The change feed, LatestVersion: the newest version of each item, by LSN, from one physical range or a part of it."""

from email.utils import parsedate_to_datetime

from tests.cosmos_server import charges
from tests.cosmos_server.documents import Container
from tests.cosmos_server.queries import extent
from tests.cosmos_server.wire import Refused, Request, Response

MAX_PAGE_BYTES = 4 * 1024 * 1024
DEFAULT_PAGE = 100


def page(container: Container, request: Request, *, page_cap: int) -> tuple[Response, float]:
    """The next page and its charge; 304 with the position reached when there is nothing new.

    An item's changes in one transaction are never divided between pages, so a page may be longer than asked.
    """
    if request.headers["a-im"].lower() != "incremental feed":
        raise Refused(400, "only the incremental change feed (LatestVersion) is known to this server")
    low, high = extent(container, request)
    one = container.ranges.holding(low)
    after = request.headers.get("if-none-match", "").strip('"')
    since = request.headers.get("if-modified-since")
    if after == "*":
        after, since = str(one.lsn), None
    if after and not after.isdigit():
        raise Refused(400, f"The change feed can't continue from {after!r}.")
    not_before = parsedate_to_datetime(since).timestamp() if since else 0
    asked = int(request.headers.get("x-ms-max-item-count", "-1"))
    most = min(page_cap, asked if asked > 0 else DEFAULT_PAGE)
    chosen, size, reached = [], 0, container.reached(one)
    for item in container.changes_after(one, int(after or 0)):
        if not low <= item.epk < high or item.ts < not_before:
            continue
        full = len(chosen) >= most or size + len(item.raw) > MAX_PAGE_BYTES
        if full and item.lsn != chosen[-1].lsn:
            reached = chosen[-1].lsn
            break
        chosen.append(item)
        size += len(item.raw)
    headers = {"etag": f'"{reached}"', "x-ms-item-count": str(len(chosen))}
    if not chosen:
        return Response(304, b"", headers), charges.page(0)
    documents = b",".join(item.raw[:-1] + b',"_lsn":%d}' % item.lsn for item in chosen)
    body = b'{"_rid":"%b","Documents":[%b],"_count":%d}' % (container.rid.encode(), documents, len(chosen))
    return Response(200, body, headers), charges.page(size)
