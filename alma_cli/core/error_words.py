"""Tells whether two error lines say the same, by their words: without numbers, paths, addresses, hashes and values."""

import re

from alma_cli.core.words import terms

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\u2018[^\u2019]*\u2019|\u201c[^\u201d]*\u201d")
_VALUES = re.compile(r"0x[0-9a-fA-F]+|\b[0-9a-f]*\d[0-9a-f]*\b|(?:[\w.~-]*/)+[\w.-]*|\b(?:\w+\.)+(?=[A-Z])")
_NAMES_ONLY = re.compile(
    r"\b(?:\w+\.)*(?:(?:ModuleNotFound|Import|Name|Attribute|Key|FileNotFound|Syntax|Indentation|Assertion|Type|Value|"
    r"Reference|Index|Range)Error|NullPointerException|TS\d+)\b"
)
"""Errors of a kind so common that only what they name tells one from another: there what is quoted counts."""
_SAY_NOTHING = frozenset(
    (
        *("error", "errors", "failed", "fail", "failure", "assert", "exit", "code", "status", "no", "module", "named"),
        *("the", "a", "an", "of", "to", "in", "is", "was", "were", "for", "and", "or", "not", "be", "on", "it", "with"),
        *("at", "from", "line", "file", "out", "list", "conflict", "content", "merge", "directory", "does", "exist"),
        *("object", "has", "attribute", "type", "instance", "expected", "got"),
    )
)
ALIKE = 0.35
"""The overlap from which two error lines say the same."""

_SHORTEST = 3
_FEWEST = 3
_FEWEST_INSIDE = 4


def error_words(line: str) -> frozenset[str]:
    """The words of an error line that stay the same when it comes again; none where nothing tells it from others."""
    named = _NAMES_ONLY.search(line)
    words = _NAMES_ONLY.sub(" ", line) if named else _QUOTED.sub(" ", line)
    found = terms(_VALUES.sub(" ", words))
    telling = frozenset(word for word in found if len(word) >= _SHORTEST and word not in _SAY_NOTHING)
    return telling if len(telling) >= _FEWEST else frozenset()


def is_alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """True when two error lines with these words say the same."""
    return overlap(one, other) >= ALIKE


def overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """How much two error lines say the same, in [0, 1]: the share of their words that both have (Jaccard's index).

    Where one line says all that the other says, and more, it is half of the share of the shorter one.
    """
    shared = len(one & other)
    if not shared:
        return 0.0
    inside = shared / min(len(one), len(other)) / 2 if shared >= _FEWEST_INSIDE else 0.0
    return max(shared / len(one | other), inside)
