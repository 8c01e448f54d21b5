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
_SHORTEST = 3
_FEWEST = 3


def error_words(line: str) -> frozenset[str]:
    """The words of an error line that stay the same when it comes again; none where nothing tells it from others."""
    named = _NAMES_ONLY.search(line)
    words = _NAMES_ONLY.sub(" ", line) if named else _QUOTED.sub(" ", line)
    found = terms(_VALUES.sub(" ", words))
    telling = frozenset(word for word in found if len(word) >= _SHORTEST and word not in _SAY_NOTHING)
    return telling if len(telling) >= _FEWEST else frozenset()


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of the words of two error lines that they have in common, in [0, 1] (Jaccard's index)."""
    return len(one & other) / len(one | other) if one and other else 0.0
