"""Tells a person what learning changed: a line for each derived memory, or one line for many."""

from collections import Counter
from collections.abc import Iterable

from alma_cli.core.learning.derive import Change, Derived
from alma_cli.core.records import Heuristic
from alma_cli.core.text import SHORT_ID, whole_words

WIDTH = 80
"""Characters of a line."""

_LEAST_TEXT = 16
_SAID: dict[Change, str] = {
    "strengthened": " is surer now",
    "weakened": " is less sure now",
    "retired": " no longer holds",
}
_REWORDED = "counted in other words"
_SUMMED: dict[Change, str] = {
    "created": "new",
    "strengthened": "surer",
    "weakened": "less sure",
    "retired": "no longer holding",
}


def narrated(change: Change, before: Derived | None, memory: Derived, *, reworded: bool = False) -> str:
    """One line on the change of a derived memory; empty if it is as sure as before.

    `memory` is its present state or, once retired, its last one: nothing refuted it where outcomes were `reworded`.
    """
    if change not in _SUMMED:
        return ""
    name = f"{_kind(memory)} {memory.id[:SHORT_ID]}"
    if change != "created":
        said = f"{name}{f' is {_REWORDED} now' if reworded and change == 'retired' else _SAID[change]}"
    elif before is None:
        said = f"new {name}"
    else:
        said = f"{_kind(before)} {memory.id[:SHORT_ID]} turned into {_article(memory)}"
    if change != "retired":
        said += f", worked {memory.successes:.4g} of {memory.occurrences:,}"
    text = memory.strategy if isinstance(memory, Heuristic) else memory.pattern
    return f"{said}: {whole_words(text, max(_LEAST_TEXT, WIDTH - len(said) - 2))}"


def summed_up(changes: Iterable[tuple[Change, Derived]], *, reworded: bool = False) -> str:
    """The number of derived memories by change, on one line; empty if there is none."""
    counts = Counter((change, _kind(memory)) for change, memory in changes)
    parts = []
    for change, summed in _SUMMED.items():
        word = _REWORDED if reworded and change == "retired" else summed
        found = [(kind, counts[change, kind]) for kind in ("heuristic", "anti-pattern") if counts[change, kind]]
        if found:
            parts.append(f"{word}: " + ", ".join(f"{count:,} {kind}{'s' * (count != 1)}" for kind, count in found))
    return "; ".join(parts)


def _kind(memory: Derived) -> str:
    return memory.kind.replace("_", "-")


def _article(memory: Derived) -> str:
    return "a heuristic" if isinstance(memory, Heuristic) else "an anti-pattern"
