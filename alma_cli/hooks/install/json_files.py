"""Others' settings in JSON: read, and written in the manner of the file as it was."""

import json
import re
from collections.abc import Mapping
from typing import Any

from alma_cli.core.records import JsonValue
from alma_cli.core.text import why_no_json
from alma_cli.errors import AlmaError

BOM = "\ufeff"


def parsed(path: str, text: str) -> dict[str, Any]:
    """The object in the text of a file; none for an empty text. Raises `AlmaError` for what isn't a JSON object."""
    hint = "repair it, or move it away, and do this again; nothing was changed"
    try:
        value: Any = json.loads(text.removeprefix(BOM).strip() or "{}")
    except (ValueError, RecursionError) as error:
        if re.search(r"^[ \t]*(//|/\*)", text, re.MULTILINE):
            hint = "its comments would be lost: take them out, or add ALMA's part by hand; nothing was changed"
        raise AlmaError(f"{path} is not JSON: {why_no_json(error)}", hint=hint) from error
    if not isinstance(value, dict):
        raise AlmaError(f"{path} has not the form of settings, a JSON object", hint=hint)
    return value


def written(settings: Mapping[str, JsonValue], before: str) -> bytes:
    """The settings as JSON, formatted like the text before: its indentation, line ends, and byte order mark."""
    indented = re.search(r"\n([ \t]+)\S", before)
    is_on_one_line = '"' in before and "\n" not in before.strip()
    indent = indented[1] if indented else None if is_on_one_line else "  "
    text = json.dumps(settings, ensure_ascii=False, indent=indent)
    end = before[len(before.rstrip()) :] if before.strip() else "\n"
    bom = BOM if before.startswith(BOM) else ""
    newline = "\r\n" if "\r\n" in before else "\n"
    return (bom + text.replace("\n", newline) + end).encode("utf-8", "backslashreplace")  # a lone surrogate stays
