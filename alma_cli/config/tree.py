"""Parses YAML to a tree that knows its lines. Aliases, tags and deep nesting, which nobody needs here, are refused.

The tree is built from the parser's events, because composing hostile nesting recurses until the process dies.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from alma_cli.errors import InvalidConfig

MAX_BYTES = 256 * 1024
MAX_DEPTH = 16
_TOO_DEEP = ("the nesting is too deep", f"{MAX_DEPTH} levels are allowed")


class Scalar(NamedTuple):
    """A single value as it is written. `quoted` tells "5" from 5; a plain empty value or `null` is no value."""

    line: int
    text: str
    quoted: bool

    @property
    def absent(self) -> bool:
        """True when it stands for no value at all."""
        return not self.quoted and self.text in ("", "~", "null", "Null", "NULL")


class Sequence(NamedTuple):
    """A list."""

    line: int
    items: "tuple[Node, ...]"


class Mapping(NamedTuple):
    """Keys with the lines they stand on, and their values."""

    line: int
    items: "tuple[tuple[Scalar, Node], ...]"


Node = Scalar | Sequence | Mapping


def parse_yaml(text: str, file: str) -> Node | None:
    """The tree of a YAML document; None for an empty one. Raises `InvalidConfig` with file and line."""
    import yaml

    try:
        return _Builder(file, yaml.parse(text, Loader=yaml_loader())).document()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise InvalidConfig(f"{file}:{line}: there is a control character", hint="remove it") from error
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, text, file) from error


def yaml_loader() -> Any:
    """The parser of YAML, one for reading and changing: another takes no tab before a value or a comment."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Builder:
    def __init__(self, file: str, events: Iterator[Any]) -> None:
        self.file = file
        self.events = events

    def document(self) -> Node | None:
        root: Node | None = None
        for event in self.events:
            match type(event).__name__:
                case "StreamStartEvent" | "StreamEndEvent" | "DocumentEndEvent":
                    pass
                case "DocumentStartEvent":
                    if root is not None:
                        raise self.refused(event, "a second document starts", "keep one; `---` separates documents")
                case _:
                    root = self.node(event, 0)
        return None if isinstance(root, Scalar) and root.absent else root

    def node(self, event: Any, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self.refused(event, *_TOO_DEEP)
        if type(event).__name__ == "AliasEvent" or event.anchor is not None:
            raise self.refused(event, "anchors and aliases (& and *) can't be used", 'write the value out; quote "*"')
        if event.tag is not None:
            raise self.refused(event, "tags (!) can't be used", "remove it, or quote the value")
        line = event.start_mark.line + 1
        match type(event).__name__:
            case "SequenceStartEvent":
                return Sequence(line, tuple(self.until("SequenceEndEvent", depth)))
            case "MappingStartEvent":
                parts = list(self.until("MappingEndEvent", depth))
                return Mapping(line, tuple(zip(map(self.key, parts[::2]), parts[1::2], strict=True)))
            case _:
                return Scalar(line, event.value, quoted=event.style in ("'", '"', "|", ">"))

    def until(self, end: str, depth: int) -> Iterator[Node]:
        for event in self.events:
            if type(event).__name__ == end:
                return
            yield self.node(event, depth + 1)

    def key(self, node: Node) -> Scalar:
        if isinstance(node, Scalar):
            return node
        raise InvalidConfig(f"{self.file}:{node.line}: a key must be a plain word", hint="remove the brackets")

    def refused(self, event: Any, problem: str, remedy: str) -> InvalidConfig:
        return InvalidConfig(f"{self.file}:{event.start_mark.line + 1}: {problem}", hint=remedy)


def _syntax_error(error: Any, text: str, file: str) -> InvalidConfig:
    mark = error.problem_mark or error.context_mark
    lines = text.splitlines()
    written = lines[mark.line] if mark.line < len(lines) else ""
    where = f"{file}:{mark.line + 1}"
    if "\t" in written[: len(written) - len(written.lstrip())]:
        return InvalidConfig(f"{where}: the line is indented with a tab", hint="indent with spaces")
    if error.context == "while scanning an alias":
        return InvalidConfig(f"{where}: a plain * can't be used", hint='quote it: "*"')
    if error.problem == "exceeded maximum nesting depth":  # the limit of the parser, which reads ahead of its events
        return InvalidConfig(f"{where}: {_TOO_DEEP[0]}", hint=_TOO_DEEP[1])
    if error.problem == "found character that cannot start any token":
        sign = written[mark.column]
        return InvalidConfig(f"{where}: a value can't start with a plain {sign}", hint="put it in quotes")
    began = ""
    if error.context and error.context_mark and error.context_mark.line != mark.line:
        began = f" ({error.context} that starts on line {error.context_mark.line + 1})"
    return InvalidConfig(
        f"{where}: this isn't YAML: {error.problem}{began}",
        hint="check the indentation, quotes and brackets on this line and the one before",
    )
