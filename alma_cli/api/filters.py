"""The filters of `list` and `search`: their values are checked here, once for the command line, Python and MCP."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TypedDict, cast, get_args

from alma_cli.api.arguments import flag, text
from alma_cli.core.codec import as_utc, parse_text, parse_time
from alma_cli.core.records import PLURALS, RECORD_TYPES, RETRIEVED_KINDS, Kind, Result
from alma_cli.core.text import as_name, clean, did_you_mean, listed, shown
from alma_cli.errors import InvalidInput
from alma_cli.store import Selection

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE = re.compile(r"(\d{1,6})([mhdwy])")
_LAST_DAY = datetime(9999, 12, 31, tzinfo=UTC)
_RULES: tuple[Kind, ...] = ("heuristic", "anti_pattern")
_KINDS: Mapping[str, tuple[Kind, ...]] = {
    **{spelling: (kind,) for kind in RECORD_TYPES for spelling in (kind, PLURALS[kind])},
    **dict.fromkeys(("rule", "rules"), _RULES),
    **dict.fromkeys(("fact", "facts"), ("knowledge",)),
}
"""The kinds that a word stands for, in singular and plural."""


class Filters(TypedDict, total=False):
    """The filters of memories; one that is left out, or None, lets all through.

    `kinds` may be plurals, and `rule` is two of them. `since` and `until` are times, days or ages such as `7d`, of when
    it happened or was last confirmed or changed; an `until` that is a day counts whole. `user` is whose preferences;
    `source` is the field or the label of that name; `labels` have a value, or None for any. `archived` are only those
    that retrieve no longer considers, or (false) only the others. `containing` stands in them, in any case.
    """

    kinds: Sequence[str] | None
    agent: str | None
    domain: str | None
    outcome: str | None
    since: datetime | str | None
    until: datetime | str | None
    source: str | None
    labels: Mapping[str, str | None] | None
    user: str | None
    containing: str | None
    archived: bool | None


def selection(filters: Filters, *, now: datetime) -> Selection:
    """The selection that the filters mean. Raises `InvalidInput` for a value that can't be."""
    kinds = filters.get("kinds")
    since, until = (_moment(key, filters.get(key), now) for key in ("since", "until"))
    if since and until and since >= until:
        raise InvalidInput(
            f"since: {shown(str(filters['since']))} is not before until {shown(str(filters['until']))}",
            hint="since is the earlier of the two",
        )
    outcome, containing = (_text(key, filters.get(key)) for key in ("outcome", "containing"))
    archived = filters.get("archived")
    if outcome is not None and outcome not in get_args(Result):
        raise InvalidInput(
            f"outcome: expected {' or '.join(get_args(Result))}, got {shown(outcome)}",
            hint=did_you_mean(outcome, get_args(Result)),
        )
    for key in ("agent", "domain", "source", "user", "containing"):
        if filters.get(key) == "":
            raise InvalidInput(f"{key}: empty", hint="leave it out to mean any")
    return Selection(
        kinds=kinds_of(kinds) if kinds else None,
        agent=_name("agent", filters.get("agent")),
        domain=_name("domain", filters.get("domain")),
        user_id=_name("user", filters.get("user")),
        outcome=cast("Result | None", outcome),
        since=since,
        until=until,
        source=_name("source", filters.get("source")),
        labels=_labels(filters.get("labels") or {}),
        containing=containing and clean(containing),
        archived=None if archived is None else flag("archived", archived),
    )


def kinds_of(words: Sequence[str]) -> list[Kind]:
    """The kinds that some words stand for, with a dash or an underscore. Raises `InvalidInput`."""
    return [kind for word in listed("kinds", words) for kind in _kinds_of(word)]


def _kinds_of(word: str) -> tuple[Kind, ...]:
    if kinds := _KINDS.get(text("kinds", word).strip().lower().replace("-", "_")):
        return kinds
    named = [kind.replace("_", "-") for kind in (*RETRIEVED_KINDS, "rule")]
    several = "repeat the option: --kind outcome --kind rule" if "," in word else ""
    hint = several or did_you_mean(word.replace("_", "-"), named)
    raise InvalidInput(f"kind: expected {', '.join(named)}, got {shown(word)}", hint=hint)


def _moment(key: str, given: object, now: datetime) -> datetime | None:
    """A time, the start of a day (of an `until`, its end), or so long ago as an age says."""
    if given is None:
        return None
    said = str(given).strip()
    try:
        if isinstance(given, datetime):
            return as_utc(given)
        if age := _AGE.fullmatch(said.lower()):
            count, unit = int(age[1]), age[2]
            return now - (timedelta(days=365 * count) if unit == "y" else timedelta(**{_UNITS[unit]: count}))
        time = parse_time(key, said)
        return time + timedelta(days=1) if key == "until" and _is_day(said) and time < _LAST_DAY else time
    except (InvalidInput, OverflowError):
        expected = "expected a day, a time like 2026-01-31T09:30:00Z, or an age like 12h, 7d or 2w"
        raise InvalidInput(f"{key}: {expected}, got {shown(said)}") from None


def _is_day(said: str) -> bool:
    try:
        return bool(date.fromisoformat(said))
    except ValueError:
        return False


def _text(key: str, given: object) -> str | None:
    return None if given is None else text(key, given)


def _name(key: str, given: object) -> str | None:
    return None if given is None else as_name(text(key, given))


def _labels(given: object) -> dict[str, str | None]:
    if not isinstance(given, Mapping):
        raise InvalidInput(f"labels: expected names and values, got {shown(given)}")
    return {
        parse_text("labels", name): None if value is None else parse_text(f"labels.{name}", value)
        for name, value in given.items()
    }
