"""A memory as YAML that a person changes in an editor, and the changes that were made there."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from alma_cli.config import Mapping, Node, Scalar, parse_yaml
from alma_cli.core.codec import format_time
from alma_cli.core.learning.corrections import corrected
from alma_cli.core.records import EDITABLE, FIELDS, JsonValue, Record
from alma_cli.core.text import SHORT_ID, one_line
from alma_cli.errors import InvalidConfig, InvalidInput

if TYPE_CHECKING:
    import yaml

_HEAD = """\
# {kind} {id} of {agent}. Save and close to change it; close without a change to leave it.
# A field without a value is empty; one that you take out stays as it was.
"""


def as_yaml(record: Record) -> str:
    """The fields of a record that may be changed, each on its own line, and several lines as a block."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Writes texts of several lines as blocks."""

    Dumper.add_representer(str, _represent_text)
    lines = [_HEAD.format(kind=record.kind.replace("_", "-"), id=record.id[:SHORT_ID], agent=one_line(record.agent))]
    for name in EDITABLE[record.kind]:
        value = _shown(record, name)
        if value in ("", None, {}):
            lines.append(f"{name}:\n")
        else:
            lines.append(yaml.dump({name: value}, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=10**9))
    return "".join(lines)


def changes_in(record: Record, text: str, file: str, *, now: datetime) -> dict[str, JsonValue]:
    """The fields that differ from the record's. Raises `InvalidInput`, with the line and the key, for what can't be."""
    try:
        root = parse_yaml(text, file)
    except InvalidConfig as error:
        raise InvalidInput(error.message, hint=error.hint) from error
    if not isinstance(root, Mapping):
        raise InvalidInput(f"{file}: there are no fields", hint=f"it has {', '.join(EDITABLE[record.kind])}")
    changes: dict[str, JsonValue] = {}
    lines: dict[str, int] = {}
    for key, node in root.items:
        where = f"{file}:{node.line if isinstance(node, Scalar) else key.line}"
        if key.text in lines:
            raise InvalidInput(
                f"{where}: {key.text} is there twice, first on line {lines[key.text]}", hint="remove one"
            )
        lines[key.text] = key.line
        try:
            value = _value(key.text, node)
            if corrected(record, {key.text: value}, now=now) is not record:
                changes[key.text] = value
        except InvalidInput as error:
            raise InvalidInput(f"{where}: {error.message}", hint=error.hint) from error
    return changes


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    breaks = re.search("[\r\x85\u2028\u2029]", text)  # line breaks to YAML too, which only this style tells apart
    style = '"' if breaks else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _shown(record: Record, name: str) -> JsonValue:
    value = getattr(record, name)
    if name == "labels":
        return dict(value)
    return format_time(value) if FIELDS[name].sql_type == "TIMESTAMP" and value is not None else value


def _value(name: str, node: Node) -> JsonValue:
    """The value as JSON has it. Raises `InvalidInput` for one of another form than the field's."""
    sql_type = FIELDS[name].sql_type if name in FIELDS else ""
    if name == "labels":
        if isinstance(node, Mapping):
            return {key.text: _value("", value) for key, value in node.items}
        if isinstance(node, Scalar) and node.absent:
            return {}
        raise InvalidInput("labels: expected `name: value` on lines of their own, indented")
    if not isinstance(node, Scalar):
        raise InvalidInput(f"{name or 'a label'}: expected one value", hint="put it in quotes")
    if node.absent:
        return None if sql_type in ("BIGINT", "DOUBLE") else ""
    if sql_type in ("BIGINT", "DOUBLE") and not node.quoted:
        try:
            return float(node.text)
        except ValueError:
            raise InvalidInput(f"{name}: expected a number, got {one_line(node.text, 40)!r}") from None
    return node.text
