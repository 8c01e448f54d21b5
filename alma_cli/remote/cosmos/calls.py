"""Makes calls that end: they are tried again while that may help and patience lasts; then an error says what to do.

All that may pass (408, 410, 429, 449, 5xx, lost connections, answers that can't be read, a replica that is behind our
session) is tried again here, not in the SDK. After a lost connection nobody knows whether a write happened; the caller
is told so. What the service asks to wait is waited, but never beyond all patience: one odd number doesn't end a sync.
"""

from __future__ import annotations

import math
import random
import re
import time
import traceback
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from alma_cli.core.text import one_line
from alma_cli.errors import (
    AlmaError,
    RemoteError,
    RemoteMissing,
    RemoteRefused,
    RemoteThrottled,
    RemoteUnreachable,
)
from alma_cli.logs import info

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError

T = TypeVar("T")

_PASSING = frozenset({408, 410, 429, 449, 500, 502, 503, 504})
_NOT_DONE = frozenset({410, 429, 449})
"""The statuses after which it is certain that nothing was stored."""
_WRITE_FORBIDDEN, _RIGHTS_MISSING, _OWNER_MISSING, _PARTITION_FULL = 3, 5300, 1003, 1014
_NO_READ_SESSION = 1002
"""With 404: the replica that was asked is behind our session. That passes, and says nothing about the document."""
_FIRST_PAUSE_S = 0.05
_CLOCKS_APART_S = 300.0


class Calls:
    """Makes calls of one remote; `name` is its name in messages, and `signs_in` is true when Azure signs us in.

    No attempt is begun that could end after `patience_s`, given that one attempt takes `attempt_s` at most.
    """

    def __init__(
        self,
        name: str,
        *,
        signs_in: bool,
        patience_s: float,
        attempt_s: float,
        server_time: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        self.name = name
        self._server_time = server_time
        self._signs_in = signs_in
        self._tries_for_s = max(0.0, patience_s - attempt_s)

    def run(
        self,
        call: Callable[[], T],
        *,
        expected: Collection[int] = (),
        unsure: Callable[[], None] = lambda: None,
        tries_for_s: float = math.inf,
    ) -> T:
        """The result of the call. `unsure` is called before the next try when a try may or may not have succeeded.

        `tries_for_s` bounds the time for new tries, if it is shorter than the patience.

        Raises the `RemoteError` that the last try amounts to. Errors of the SDK that are neither the service's nor the
        network's, and those with a status that the caller has `expected`, pass through.
        """
        begun, tries = time.monotonic(), 0
        while True:
            try:
                return call()
            except Exception as raised:
                error = _of_the_service(raised)
                if error is None or _is_among(expected, error):
                    raise
                pause, left = pause_s(tries), begun + min(tries_for_s, self._tries_for_s) - time.monotonic()
                if not _may_pass(error) or pause > left:
                    raise self.explained(error) from error
                wait = min(pause + asked_to_wait_s(error), left)
                if _status(error) not in _NOT_DONE:
                    unsure()
                info("%s answered %s; trying again in %.2f s", self.name, _status(error), wait)
                time.sleep(wait)
                tries += 1

    def explained(self, error: Exception) -> AlmaError:
        """The SDK's error in a user's words, with a remedy."""
        from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

        status, substatus = _status(error), getattr(error, "sub_status", 0) or 0
        if _is_unread(error):
            return RemoteUnreachable(
                f"{self.name} gives answers that can't be read: {_first_line(error)}", hint=GARBLED_HINT
            )
        if status is None:
            if isinstance(error, ClientAuthenticationError):
                return RemoteRefused(f"Azure won't sign us in: {_first_line(error)}", hint=SIGN_IN_HINT)
            said = _first_line(error)
            if isinstance(error, ServiceRequestError):
                return RemoteUnreachable(f"cannot reach {self.name}: {said}", hint=self._way_hint(said))
            return RemoteUnreachable(f"{self.name} doesn't answer: {said}", hint=self._way_hint(said, LATER_HINT))
        if status in (401, 403) and (clock_hint := self._clock_hint()):
            return RemoteRefused(f"{self.name} denies access: {_first_line(error)}", hint=clock_hint)
        if status == 401:
            if "local authorization is disabled" in str(error).lower():
                return RemoteRefused(f"{self.name} takes no account keys", hint=NO_KEYS_HINT)
            if self._signs_in:
                return RemoteRefused(
                    f"{self.name} refuses our sign-in: it is not valid, or it expired", hint=SIGN_IN_HINT
                )
            hint = (
                "is it this account's key, whole, and not regenerated since? `alma config show` says where it is from"
            )
            return RemoteRefused(f"{self.name} refuses the account key", hint=hint)
        if (status, substatus) == (403, _PARTITION_FULL):
            return RemoteError(
                f"{self.name} is full: the documents of one agent take up all of the 20 GB that a partition may have",
                hint="`alma forget` what is of no use any more, or record for another agent",
            )
        if status == 403 and substatus != _WRITE_FORBIDDEN:
            hint = RIGHTS_HINT if self._signs_in or substatus == _RIGHTS_MISSING else FIREWALL_HINT
            return RemoteRefused(f"{self.name} denies access: {_first_line(error)}", hint=hint)
        if status == 404 and substatus != _NO_READ_SESSION:
            return RemoteMissing(f"there is no {self.name}", hint=MISSING_HINT)
        if status == 429:
            return RemoteThrottled(f"{self.name} stayed too busy (429): its request units are used up", hint=BUSY_HINT)
        if _may_pass(error):
            return RemoteUnreachable(f"{self.name} keeps failing ({status})", hint=LATER_HINT)
        return RemoteError(
            f"{self.name} answered {status}: {_first_line(error)}", hint=UNFIT_HINT if status == 400 else ""
        )

    def _way_hint(self, said: str, otherwise: str = "") -> str:
        """The remedy for a service that can't be reached, by what is on the way to it."""
        if "CERTIFICATE_VERIFY_FAILED" in said:
            return CERTIFICATE_HINT
        from urllib.request import getproxies, proxy_bypass

        scheme, host = urlsplit(self.name)[:2]
        if scheme in getproxies() and not proxy_bypass(host):
            return PROXY_HINT.format(variable=f"{scheme.upper()}_PROXY")
        return otherwise or NETWORK_HINT

    def _clock_hint(self) -> str:
        """The remedy where our clock and the service's are so far apart that no key or sign-in is valid."""
        theirs = self._server_time()
        ahead_s = 0.0 if theirs is None else time.time() - theirs.timestamp()
        if abs(ahead_s) <= _CLOCKS_APART_S:
            return ""
        return (
            f"set this machine's clock right: it is {abs(ahead_s):,.0f} s {'ahead' if ahead_s > 0 else 'behind'}, "
            "and what proves who we are is valid for minutes"
        )


SIGN_IN_HINT = "run `az login`, or set AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET; or use azure.auth: key"
RIGHTS_HINT = (
    "give this identity the role `Cosmos DB Built-in Data Contributor` on the account"
    " (`alma cloud create --print-az` prints the command)"
)
NO_KEYS_HINT = "write `auth: default` under azure: in .alma/config.yaml and run `az login`: the account wants a sign-in"
NETWORK_HINT = "is the endpoint right (`alma config show`), and is there a network? What is recorded is kept"
PROXY_HINT = "is the proxy right that {variable} names, and the network there? What is recorded is kept"
CERTIFICATE_HINT = (
    "its certificate isn't trusted here: is this machine's clock right? A proxy that reads along has one of its own, "
    "which REQUESTS_CA_BUNDLE=FILE makes trusted"
)
FIREWALL_HINT = "does the account's firewall let this machine in, and is the key a read-write one?"
MISSING_HINT = "`alma cloud create` makes it, for those who may; `--print-az` prints the commands"
UNFIT_HINT = "does the container fit, and the dimensions of its vectors? `alma cloud create` says what it lacks"
BUSY_HINT = "nothing is lost: sync again later, or give the container more request units"
LATER_HINT = "nothing is lost: sync again later"
GARBLED_HINT = "nothing is lost: sync again later; does a proxy on the way change what the service answers?"


def _of_the_service(raised: Exception) -> AzureError | None:
    """What came of the service or the network, of an error in a call of the SDK; None when it is none of theirs.

    The SDK stumbles over answers that it doesn't expect: one that isn't what it should be, and a 500 to its own look-up
    of ranges, which is then the context.
    """
    from azure.core.exceptions import AzureError, DecodeError

    if isinstance(raised, AzureError):
        return raised
    if not isinstance(raised, TypeError | ValueError | LookupError | AttributeError):
        return None
    if isinstance(raised.__context__, AzureError):
        return raised.__context__
    *_, (frame, _) = traceback.walk_tb(raised.__traceback__)
    is_theirs = str(frame.f_globals.get("__name__")).startswith("azure.")
    return DecodeError(message=f"{type(raised).__name__}: {raised}") if is_theirs else None


def _is_unread(error: Exception) -> bool:
    """True for an answer that came and couldn't be read, whatever it said."""
    from azure.core.exceptions import DecodeError

    return isinstance(error, DecodeError)


def _status(error: Exception) -> int | None:
    """The service's status; None when there was no answer."""
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _is_among(expected: Collection[int], error: Exception) -> bool:
    """True when the error has one of these statuses; a 404 only if it is about a document."""
    status, substatus = _status(error), getattr(error, "sub_status", 0)
    if status != 404 or status not in expected:
        return status in expected
    request = getattr(getattr(error, "response", None), "request", None)
    asked_for_document = request is None or "/docs/" in str(request.url)
    return asked_for_document and substatus not in (_OWNER_MISSING, _NO_READ_SESSION)


def _may_pass(error: Exception) -> bool:
    from azure.core.exceptions import ClientAuthenticationError

    status = _status(error)
    if status is None or _is_unread(error):
        return not isinstance(error, ClientAuthenticationError)
    passing = ((403, _WRITE_FORBIDDEN), (404, _NO_READ_SESSION))
    return status in _PASSING or (status, getattr(error, "sub_status", 0)) in passing


def pause_s(tries: int, *, longest_s: float = 1.0) -> float:
    """The seconds to wait after so many tries: more with each, and others for everybody who waits."""
    return min(longest_s, _FIRST_PAUSE_S * 2.0 ** min(tries, 9)) * random.uniform(0.5, 1.0)  # noqa: S311


def asked_to_wait_s(error: Exception) -> float:
    """The seconds that the service asks to wait before the next try, 0 if it doesn't say."""
    headers: Any = getattr(error, "headers", None) or {}
    for name, seconds in (("x-ms-retry-after-ms", 0.001), ("x-ms-retry-after-in-ms", 0.001), ("Retry-After", 1.0)):
        with suppress(ValueError):
            asked_s = float(headers.get(name) or 0) * seconds
            if asked_s > 0:  # which is no number, isn't
                return asked_s
    return 0.0


def _first_line(error: Exception) -> str:
    """The message of the service or the network, without wrappings, addresses of objects and activity ids."""
    text = str(getattr(error, "message", "") or error)
    text = re.sub(r"^Status code: \d+\s+", "", text).partition("\n")[0]
    text = re.sub(r"^\(\w+\) (Message: )?", "", re.sub(r"<[^<>]*>: ?", "", text))
    return one_line(text, 200)
