"""The parsed `config.yaml`, kept beside it: PyYAML costs a cold process more than the rest of the configuration does.

The tree is used for the very same text only, and everything is still checked. It is best effort, and may be deleted.
"""

import json
import os
from contextlib import suppress
from typing import Any

from alma_cli.config.tree import Mapping, Node, Scalar, Sequence, parse_yaml
from alma_cli.files import read_object, write_whole

NAME = "config.cache"
_FORMAT = 1


def parse_cached(text: str, file: str) -> Node | None:
    """The tree that `parse_yaml` gives; in a `.alma` folder the tree kept there, if the text is still the same."""
    folder = os.path.dirname(os.path.abspath(file))
    if os.path.basename(folder) != ".alma":
        return parse_yaml(text, file)
    path = os.path.join(folder, NAME)
    found = read_object(path)
    if (found.get("format"), found.get("text")) == (_FORMAT, text):
        with suppress(ValueError, KeyError, TypeError, RecursionError):  # it isn't one of ours
            return _tree(found["tree"])
    tree = parse_yaml(text, file)
    if tree is not None:
        _keep(path, {"format": _FORMAT, "text": text, "tree": _plain(tree)})
    return tree


def _keep(path: str, content: object) -> None:
    if not os.path.exists(os.path.join(os.path.dirname(path), ".gitignore")):
        return  # git would commit it
    with suppress(OSError):  # a read-only folder, or a full disk
        write_whole(path, json.dumps(content).encode())


def _plain(node: Node) -> list[Any]:
    match node:
        case Scalar():
            return [node.line, node.text, node.quoted]
        case Sequence():
            return [node.line, [_plain(item) for item in node.items]]
        case Mapping():
            return [node.line, [[_plain(key), _plain(value)] for key, value in node.items], "mapping"]


def _tree(plain: Any) -> Node:
    """The tree that `_plain` made this of. Raises ValueError or TypeError for anything else."""
    match plain:
        case [int(line), str(text), bool(quoted)]:
            return Scalar(line, text, quoted)
        case [int(line), list(items)]:
            return Sequence(line, tuple(map(_tree, items)))
        case [int(line), list(items), "mapping"]:
            return Mapping(line, tuple((_scalar(key), _tree(value)) for key, value in items))
    raise ValueError("not a tree")


def _scalar(plain: Any) -> Scalar:
    node = _tree(plain)
    if not isinstance(node, Scalar):
        raise TypeError("not a key")
    return node
