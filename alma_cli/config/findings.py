"""Walks the tree of one file: known keys are handed on, everything else becomes a problem with its line."""

from collections.abc import Iterator

from alma_cli.config.tree import Mapping, Node, Scalar, Sequence
from alma_cli.config.values import shown
from alma_cli.core.text import did_you_mean, one_line
from alma_cli.errors import InvalidConfig


class Findings:
    """The problems of one file so far. Reading goes on after a problem, and leaves out what it is about."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[InvalidConfig] = []

    def where(self, line: int) -> str:
        """The place of a line, as messages and origins name it."""
        return f"{self.file}:{line}"

    def problem(self, line: int, problem: str, hint: str = "") -> None:
        """Note a problem on this line, and a remedy."""
        self.problem_at(self.where(line), problem, hint)

    def problem_at(self, where: str, problem: str, hint: str = "") -> None:
        """Note a problem of a value that came from there."""
        self.problems.append(InvalidConfig(f"{where}: {problem}", hint=hint))

    def unknown(self, key: Scalar, path: str, candidates: list[str], hint: str = "") -> None:
        """Note a key that doesn't exist."""
        remedy = hint or did_you_mean(key.text, candidates) or f"there are {', '.join(candidates)}"
        self.problem(key.line, f"there is no key {one_line(path, 80)}", remedy)

    def items(self, mapping: Mapping, path: str) -> Iterator[tuple[Scalar, Node]]:
        """The keys of a mapping with their values; a second key of the same name is a problem."""
        first: dict[str, int] = {}
        for key, node in mapping.items:
            if key.text in first:
                name = one_line(f"{path}.{key.text}" if path else key.text, 80)
                self.problem(key.line, f"{name} is there twice, first on line {first[key.text]}", "remove one")
            else:
                first[key.text] = key.line
                yield key, node

    def mapping(self, node: Node, path: str) -> Mapping:
        """The node as keys and values; empty if it is absent, or a problem."""
        if isinstance(node, Mapping):
            return node
        if not absent(node):
            self.problem(node.line, f"{path} is {what(node)}; it takes keys", "write them below it, indented")
        return Mapping(node.line, ())

    def sequence(self, node: Node, path: str, takes: str) -> tuple[Node, ...]:
        """The items of a list; none if it is absent, or a problem."""
        if isinstance(node, Sequence):
            return node.items
        if not absent(node):
            remedy = f"write [{one_line(node.text, 40)}]" if isinstance(node, Scalar) else "start each with `- `"
            self.problem(node.line, f"{path} is {what(node)}; it takes {takes}", remedy)
        return ()


def absent(node: Node) -> bool:
    """True when there is no value: `key:` with nothing after it counts as if the key weren't there."""
    return isinstance(node, Scalar) and node.absent


def what(node: Node) -> str:
    """The node in words, for a message."""
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Mapping):
        return "a group of keys"
    return "empty" if node.absent else shown(node.text)
