"""Changes a value in the text of a configuration, and leaves everything else in it as it is."""

from __future__ import annotations

import json
import re

_PROJECT_ID = re.compile(
    r"""
    ^(?P<key>[ \t]+project_id:[ \t]*)
    (?:"(?:[^"\\]|\\.)*" | '(?:[^']|'')*' | [^\s"'\#][^\r\n\#]*?)
    (?P<rest>[ \t]*(?:[ \t]\#[^\n]*)?\r?)$
    """,
    re.MULTILINE | re.VERBOSE,
)


def with_project_id(text: str, project_id: str) -> str | None:
    """The text with another project id; None when it isn't on a line of its own."""
    written = json.dumps(project_id, ensure_ascii=False)
    changed, count = _PROJECT_ID.subn(lambda found: found["key"] + written + found["rest"], text, count=1)
    return changed if count else None
