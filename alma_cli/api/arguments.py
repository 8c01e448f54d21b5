"""What callers give, checked before anything is opened: the same message from Python and from the command line."""

from __future__ import annotations

from alma_cli.errors import InvalidInput


def whole_number(key: str, value: object, *, low: int, high: int) -> int:
    """The value, a whole number within these limits. Raises `InvalidInput`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidInput(f"{key}: expected a whole number from {low:,} to {high:,}, got {_shown(value)}")
    return value


def number(key: str, value: object, *, low: float, high: float) -> float:
    """The value, a number within these limits. Raises `InvalidInput`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidInput(f"{key}: expected a number from {low:,g} to {high:,g}, got {_shown(value)}")
    return float(value)


def _shown(value: object) -> str:
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else repr(value)
    return text if len(text) <= 40 else f"{text[:39]}\u2026"
