"""Changes a value in the text of a configuration, and leaves all else in it as it is: comments, order, layout."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from alma_cli.config.load import load_config, read_text
from alma_cli.config.model import AGENT_KEYS, KEYS, Key, Setting
from alma_cli.config.tree import parse_yaml, yaml_loader
from alma_cli.config.values import BadValue, looks_secret, parse_value
from alma_cli.core.redaction import redact
from alma_cli.core.text import did_you_mean, most_like, one_line
from alma_cli.errors import AlmaError, InvalidConfig, InvalidInput
from alma_cli.files import to_write_it, write_whole
from alma_cli.flock import holding

_PLAIN = re.compile(r"[A-Za-z][\w./-]*")
_NOT_TEXT = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_UNQUOTED: frozenset[str] = frozenset({"whole", "number", "flag"})
_LISTS: frozenset[str] = frozenset({"domains", "names"})


class Changed(NamedTuple):
    """A key of the configuration as it was and as it is now, each with its origin."""

    before: Setting | None
    now: Setting


def set_value(
    file: str | os.PathLike[str], name: str, written: Sequence[str], environ: Mapping[str, str] = os.environ
) -> Changed:
    """Write a key's value into the file, if all of it is right then; else nothing is changed.

    A list is written as its values, or as one text `[a, b]`. `before` is None where the file could not be used before.
    Raises `InvalidInput` for a key or value that can't be, and `InvalidConfig` for a file that can't be changed so.
    """
    key = _key(name)
    for one in written:
        _refuse_secret(key, one)
    value = _list(key, written) if key.kind in _LISTS else _single(key, written)
    path = os.path.realpath(file)
    with holding(os.path.dirname(path)):
        return _put(path, key, value, environ)


def _put(path: str, key: Key, value: str, environ: Mapping[str, str]) -> Changed:
    """Write a value that is YAML. Raises as `set_value` does."""
    text = read_text(path)
    parse_yaml(text, path)  # refuses what can't be composed
    try:
        before = _setting(path, key, text, environ)
    except InvalidConfig:
        before = None
    else:
        _refuse_unknown_agent(key, load_config(path, environ, text=text).agents)
    changed = with_value(text, _parts(key.path), value)
    if changed is None:
        raise InvalidConfig(f"{path}: {key.path} can't be changed where it stands", hint="write it there yourself")
    try:
        now = _setting(path, key, changed, environ)
    except InvalidConfig as error:
        if before is None:
            raise
        raise InvalidInput(re.sub(r"^.*?:\d+: ", "", error.message), hint=error.hint) from error
    if changed != text:
        write_text(path, changed)
    return Changed(before, now)


def _parts(path: str) -> list[str]:
    """The keys of a path, of which an agent's name may have dots."""
    agents, _, rest = path.partition(".")
    return [agents, *rest.rpartition(".")[::2]] if agents == "agents" else path.split(".")


def _single(key: Key, written: Sequence[str]) -> str:
    """The only value as YAML. Raises `InvalidInput`."""
    if len(written) != 1:
        raise InvalidInput(f"{key.path} takes one value, got {len(written)}", hint="put quotes around one with spaces")
    try:
        parse_value(key, written[0])
    except BadValue as error:
        raise InvalidInput(f"{key.path} {error.message}", hint=error.hint) from error
    return written[0] if key.kind in _UNQUOTED else _quoted(written[0])


def _list(key: Key, written: Sequence[str]) -> str:
    """The values as a list of YAML. Raises `InvalidInput`."""
    import yaml

    values: object = [part.strip() for one in written for part in one.split(",")]
    if len(written) == 1 and written[0].strip().startswith("["):
        try:
            values = yaml.safe_load(written[0])
        except (yaml.YAMLError, ValueError, RecursionError):
            values = None
    if not isinstance(values, list) or "" in values:
        shown = one_line(" ".join(written), 60)
        raise InvalidInput(f"{key.path}: '{shown}' is no list", hint="such as: a b, or '[a, b]', or '[]' for none")
    items = (
        _quoted(one) if isinstance(one, str) else json.dumps(one, ensure_ascii=False, default=str) for one in values
    )
    return f"[{', '.join(items)}]"


def _refuse_unknown_agent(key: Key, agents: Mapping[str, object]) -> None:
    """Raise `InvalidInput` for the key of an agent that isn't there and looks like one that is; others are new."""
    parts = _parts(key.path)
    if parts[0] == "agents" and parts[1] not in agents and (near := did_you_mean(parts[1], agents)):
        raise InvalidInput(f"there is no agent '{one_line(parts[1], 40)}'", hint=near)


def write_text(path: str, text: str) -> None:
    """Put a new text into the file of a configuration, whole or not at all. Raises `AlmaError` if it can't be."""
    try:
        write_whole(path, text.encode(), mode=os.stat(path).st_mode & 0o777, flushed=True)
    except OSError as error:
        raise AlmaError(f"{path} can't be written: {error.strerror}", hint=to_write_it(error)) from error


def with_value(text: str, path: Sequence[str], written: str) -> str | None:
    """The text of a valid YAML document with this value of the key at a path below `alma:`; None if that can't be.

    A key that isn't there is added behind the others of its section, and a section behind all others. A list is only
    replaced by another, and not if there are comments within.
    """
    import yaml

    node: Any = yaml.compose(text, Loader=yaml_loader())
    parts = ["alma", *path]
    above: Any = None
    for place, part in enumerate(parts):
        if not isinstance(node, yaml.MappingNode):
            is_absent = isinstance(node, yaml.ScalarNode) and node.start_mark.index == node.end_mark.index
            if not is_absent or above is None:
                return None
            return _below(text, node.end_mark.index, above.start_mark.column + 2, parts[place:], written)
        found = next((pair for pair in node.value if pair[0].value == part), None)
        if found is None:
            return _behind(text, node, parts[place:], written)
        above, node = found
    if isinstance(node, yaml.SequenceNode) and written.startswith("["):
        start, end = text.index(":", above.end_mark.index) + 1, _end(node)
        return None if "#" in text[start:end] else f"{text[:start]} {written}{text[end:]}"
    if not isinstance(node, yaml.ScalarNode) or node.style in ("|", ">"):
        return None
    start, end = node.start_mark.index, node.end_mark.index
    return f"{text[:start]}{' ' if text[start - 1] == ':' else ''}{written}{text[end:]}"


def _behind(text: str, node: Any, parts: Sequence[str], written: str) -> str | None:
    """The text with these keys behind the last of a mapping."""
    if node.flow_style:
        opened = ": {".join(map(_quoted, parts)) + f": {written}" + "}" * (len(parts) - 1)
        if not node.value:
            end = node.end_mark.index - 1
            return f"{text[:end]}{opened}{text[end:]}"
        end = node.value[-1][1].end_mark.index
        return f"{text[:end]}, {opened}{text[end:]}"
    return _below(text, _end(node), node.value[0][0].start_mark.column, parts, written)


def _below(text: str, end: int, column: int, parts: Sequence[str], written: str) -> str:
    """The text with these keys on new lines below the one that has this place."""
    newline = "\r\n" if "\r\n" in text else "\n"
    at = text.find("\n", end)
    head, tail = (text + newline, "") if at < 0 else (text[: at + 1], text[at + 1 :])
    lines = [f"{' ' * (column + 2 * depth)}{_quoted(part)}:" for depth, part in enumerate(parts)]
    return head + newline.join(lines) + f" {written}{newline}" + tail


def _end(node: Any) -> int:
    """The place where a node's last value ends, before the blank lines and comments that follow it."""
    import yaml

    if isinstance(node, yaml.ScalarNode):
        return int(node.end_mark.index) - (node.style in ("|", ">"))
    if node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(last, tuple) else last)


def _key(name: str) -> Key:
    """The key of this name. Raises `InvalidInput` with what is meant, or where it is written."""
    keys = {key.path: key for key in KEYS}
    if name == "project_id":
        raise InvalidInput("the project's id isn't only in its configuration", hint="`alma config rename NAME`")
    if name in keys:
        return keys[name]
    shown = one_line(name, 60)
    if name.partition(".")[0] == "agents":
        return _agent_key(name)
    below = [path for path in keys if path.startswith(f"{name}.")]
    if below:
        raise InvalidInput(f"{shown} is a group of keys", hint=f"there are {', '.join(below)}")
    named = [path for path in keys if path.rpartition(".")[2] == name.rpartition(".")[2]]
    hint = f"did you mean {' or '.join(named)}?" if named else did_you_mean(name, keys) or _by_last_part(name, keys)
    raise InvalidInput(f"there is no key {shown}", hint=hint or "`alma config show` lists the keys")


def _agent_key(name: str) -> Key:
    """The key `agents.NAME.KEY`. Raises `InvalidInput`."""
    keys = {key.name: key for key in AGENT_KEYS}
    _, agent, last = [*_parts(name), ""][:3]
    if not agent:
        last = ""
    if last not in keys:
        shown = one_line(name, 60)
        near = did_you_mean(last, keys, shown_as=f"agents.{agent}.{{}}") if last else ""
        raise InvalidInput(f"there is no key {shown}", hint=near or f"agents.NAME has {', '.join(keys)}")
    return keys[last]._replace(path=name)


def _by_last_part(name: str, keys: Mapping[str, Key]) -> str:
    last = {path.rpartition(".")[2]: path for path in keys}
    close = most_like(name.rpartition(".")[2], last)
    return f"did you mean {last[close[0]]}?" if close else ""


def _refuse_secret(key: Key, written: str) -> None:
    path, kinds = redact(key.path)
    if kinds or (key.kind != "secret" and (looks_secret(written) or redact(written)[1])):
        raise InvalidInput(
            f"{path}: that looks like a credential, and the file is shared",
            hint="keep it in an environment variable, or in a file outside the project",
        )


def _quoted(text: str) -> str:
    """The text as YAML has it, in quotes where it would else mean something."""
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT:
        return text
    return json.dumps(text, ensure_ascii=False)


def _setting(path: str, key: Key, text: str, environ: Mapping[str, str]) -> Setting:
    """The key's value, and its origin, by this text. Raises `InvalidConfig`."""
    settings = load_config(path, environ, text=text).explain()
    return next((one for one in settings if one.key == key.path), Setting(key.path, "", "default"))
