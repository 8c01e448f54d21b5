"""Measures what goes over the wire, in one place: requests, their charge, and the service's clock.

The meter wraps the SDK's transport, so the SDK's own look-ups and retries are counted as well. It also spares one
request: the SDK reads the account twice as it starts, and gets the second answer from the first.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from time import perf_counter
from typing import Any, Self
from urllib.parse import urlsplit

from alma_cli.core.text import one_line
from alma_cli.errors import RemoteError, RemoteUnreachable
from alma_cli.logs import debug
from alma_cli.remote.protocol import Usage

_SPLITS_IN_A_ROW = 5
"""A range that is gone this often, one after the other, was not split."""


class Meter:
    """A transport for the SDK that measures another one. Safe to use from several threads."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._account: tuple[str, Any] | None = None
        self._requests = 0
        self._charge = 0.0
        self._server_time: datetime | None = None
        self._gone_in_a_row = 0

    def over(self, transport: Any) -> Meter:
        """This meter, which from now on wraps another transport."""
        self._transport, self._account = transport, None
        return self

    @property
    def usage(self) -> Usage:
        """The use so far."""
        with self._lock:
            return Usage(requests=self._requests, request_charge=round(self._charge, 2))

    @property
    def server_time(self) -> datetime | None:
        """The `Date` of the latest answer."""
        with self._lock:
            return self._server_time

    def send(self, request: Any, **options: Any) -> Any:
        """Send a request and measure it; errors of the transport pass through."""
        account = request.method == "GET" and request.url.rstrip("/").count("/") == 2
        if account:
            with self._lock:
                kept, self._account = self._account, None
            if kept is not None and kept[0] == request.url:
                return kept[1]
        with self._lock:
            self._requests += 1
        begun = perf_counter()
        response = self._transport.send(request, **options)
        took_ms = (perf_counter() - begun) * 1000
        debug("%s %s: %d in %.0f ms", request.method, request.url, response.status_code, took_ms)
        self._note(response)
        _check_whose(request, response)
        _check_form(response)
        if response.status_code == 200 and "/pkranges" in request.url and not response.headers.get("ETag"):
            raise without_etags()  # the SDK (4.17) would ask for the ranges after it for ever
        if self._is_gone_for_ever(request, response):
            response.headers["x-ms-substatus"] = "0"
        if account and response.status_code == 200:
            with self._lock:
                self._account = (request.url, response)
        return response

    def _is_gone_for_ever(self, request: Any, response: Any) -> bool:
        """True for a range that is gone, where the SDK (4.17) would never end; a plain 410 is tried again by `Calls`.

        While it looks the ranges up, it looks them up again while it holds the lock of the look-up that failed, and
        waits for itself. While it reads changes, it asks again at once, as often as it is told so.
        """
        if "/pkranges" in request.url:
            return bool(response.status_code == 410)
        if "A-IM" not in request.headers:
            return False
        with self._lock:
            self._gone_in_a_row = self._gone_in_a_row + 1 if response.status_code == 410 else 0
            return self._gone_in_a_row > _SPLITS_IN_A_ROW

    def open(self) -> None:
        """Open the transport."""
        self._transport.open()

    def close(self) -> None:
        """Close the transport."""
        self._transport.close()

    def __enter__(self) -> Self:
        self._transport.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._transport.__exit__(*exception)

    def _note(self, response: Any) -> None:
        charge, date = 0.0, None
        with suppress(ValueError):
            charge = float(response.headers.get("x-ms-request-charge") or 0)
        with suppress(ValueError, OverflowError):
            date = parsedate_to_datetime(response.headers.get("Date") or "").astimezone(UTC)
        with self._lock:
            self._charge += charge if isfinite(charge) else 0.0
            self._server_time = date or self._server_time


def _check_form(response: Any) -> None:
    """Raise the SDK's `DecodeError` for an answer without JSON, which the SDK takes for one that has nothing in it."""
    from azure.core.exceptions import DecodeError

    if response.status_code == 200 and response.body()[:1] not in (b"{", b"["):
        raise DecodeError("it isn't JSON")


def without_etags() -> RemoteError:
    """The error for answers from which something took the ETags: without them nothing has an end."""
    return RemoteError("the changes end nowhere: a proxy on the way takes ETags out of the service's answers")


def _check_whose(request: Any, response: Any) -> None:
    """Raise `RemoteUnreachable` for an answer that isn't the service's, each of which has headers of its own.

    A gateway before it may say that it is busy (429, 502 to 504), which passes.
    """
    status, headers = response.status_code, response.headers
    if status in (429, 502, 503, 504) or any(name.lower().startswith("x-ms-") for name in headers):
        return
    kind = one_line(headers.get("Content-Type", "").partition(";")[0], 40)
    raise RemoteUnreachable(
        f"{urlsplit(request.url).netloc} is answered by something else than Cosmos DB: "
        f"{status}{f' with {kind}' if kind else ''}",
        hint="does this network, or a proxy, want a sign-in first? Is azure.endpoint right? What is recorded is kept",
    )
