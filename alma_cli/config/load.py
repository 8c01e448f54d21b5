"""From `config.yaml` and the environment to a `Config`: every problem is found, with its file, line and key."""

import os
from collections.abc import Iterator
from collections.abc import Mapping as MappingOf
from dataclasses import fields, is_dataclass, replace
from types import MappingProxyType
from typing import Any, TypeVar

from alma_cli.config.environment import overrides
from alma_cli.config.model import (
    AGENT_KEYS,
    DOMAIN_KEYS,
    KEYS,
    Config,
    Key,
    KeyFromVault,
    Learning,
    Setting,
)
from alma_cli.config.template import display
from alma_cli.config.tree import MAX_BYTES, Mapping, Node, Scalar, Sequence, parse_yaml
from alma_cli.config.values import SECRET_REMEDY, BadValue, did_you_mean, looks_secret, parse_value, shown
from alma_cli.core.scope import ANY_AGENT, Domain, MemoryScope, validate_agent_name
from alma_cli.core.text import one_line
from alma_cli.errors import InvalidConfig, InvalidInput, ProjectNotFound

_KEYS = {key.path: key for key in KEYS}
_AGENT_KEYS = {key.name: key for key in AGENT_KEYS}
_DOMAIN_KEYS = {key.path: key for key in DOMAIN_KEYS}
_SECTIONS = frozenset(path.rpartition(".")[0] for path in _KEYS) - {""}

_Section = TypeVar("_Section")


def load_config(path: str | os.PathLike[str], environ: MappingOf[str, str] = os.environ) -> Config:
    """The configuration in this file, with what the environment overrides.

    Raises `InvalidConfig` for the first problem, and `ProjectNotFound` if there is no such file.
    """
    reader = _Reader(os.fspath(path), environ)
    config = reader.read()
    if reader.problems:
        raise reader.problems[0]
    return config


def check_config(path: str | os.PathLike[str], environ: MappingOf[str, str] = os.environ) -> list[InvalidConfig]:
    """Every problem of this file and environment. Raises `ProjectNotFound` if there is no such file."""
    reader = _Reader(os.fspath(path), environ)
    try:
        reader.read()
    except InvalidConfig as error:
        return [*reader.problems, error]
    return reader.problems


class _Reader:
    """Reads one file; what can't be used is left at its default and noted in `problems`."""

    def __init__(self, file: str, environ: MappingOf[str, str]) -> None:
        self.file = file
        self.environ = environ
        self.problems: list[InvalidConfig] = []
        self.values: dict[str, object] = {}
        self.origins: dict[str, str] = {}
        self.scopes: dict[str, MemoryScope] = {}
        self.scope_settings: list[Setting] = []

    def read(self) -> Config:
        """The configuration, complete if there are no problems. Raises `InvalidConfig` if the file can't be parsed."""
        text = _read_text(self.file)
        self.refuse_secrets(text)
        top = self.alma_section(parse_yaml(text, self.file))
        agents: Mapping | None = None
        agents_line = top.line
        for key, node in self.items(top, ""):
            if key.text == "agents":
                agents = self.mapping(node, "agents")
                agents_line = key.line
            else:
                self.entry(key.text, key.line, node)
        for overridden, written in overrides(self.environ):
            variable = overridden.variable
            self.set(overridden, written, quoted=False, name=variable, where="", origin=variable)
        learning = _construct(Learning, self.values, "learning.")
        if agents is not None:
            self.read_agents(agents, learning)
        self.check_together(top.line, agents_line)
        return self.config(learning)

    # Finding keys

    def alma_section(self, root: Node | None) -> Mapping:
        if root is None:
            raise InvalidConfig(f"{self.file} is empty", hint="write `alma:` and below it `  project_id: my-project`")
        if not isinstance(root, Mapping):
            raise InvalidConfig(f"{self.file}:{root.line}: there are no keys", hint="the first is `alma:`")
        found: Mapping | None = None
        for key, node in self.items(root, ""):
            if key.text == "alma":
                found = self.mapping(node, "alma")
                continue
            if "alma" not in (other.text for other, _ in root.items) and key.text in _top_level():
                raise InvalidConfig(
                    f"{self.file}:{key.line}: {key.text} stands outside `alma:`",
                    hint="write `alma:` above it and indent the rest by two spaces",
                )
            self.unknown(key, key.text, ["alma"])
        if found is None and not self.problems:
            raise InvalidConfig(f"{self.file}: there is no `alma:`", hint="write it on the first line")
        return found or Mapping(root.line, ())

    def items(self, mapping: Mapping, path: str) -> Iterator[tuple[Scalar, Node]]:
        """The keys of a mapping with their values; a second one of the same name is a problem."""
        first: dict[str, int] = {}
        for key, node in mapping.items:
            if key.text in first:
                self.problem(
                    key.line,
                    f"{_joined(path, key.text)} is there twice, first on line {first[key.text]}",
                    "remove one",
                )
            else:
                first[key.text] = key.line
                yield key, node

    def entry(self, path: str, line: int, node: Node) -> None:
        """One key below `alma:`, or one section of them."""
        if path in _KEYS:
            if isinstance(node, Scalar):
                if not node.absent:
                    where = f"{self.file}:{node.line}"
                    self.set(_KEYS[path], node.text, quoted=node.quoted, name=path, where=f"{where}: ", origin=where)
            else:
                self.problem(line, f"{path} is {_what(node)}; it takes {_KEYS[path].takes}", "write one value")
        elif path in _SECTIONS:
            for key, child in self.items(self.mapping(node, path), path):
                self.entry(f"{path}.{key.text}", key.line, child)
        else:
            self.unknown(Scalar(line, path.rpartition(".")[2], quoted=False), path, _siblings(path))

    def mapping(self, node: Node, path: str) -> Mapping:
        if isinstance(node, Mapping):
            return node
        if not (isinstance(node, Scalar) and node.absent):
            self.problem(node.line, f"{path} is {_what(node)}; it takes keys", "write them below it, indented")
        return Mapping(node.line, ())

    def set(self, key: Key, text: str, *, quoted: bool, name: str, where: str, origin: str) -> None:
        try:
            value = parse_value(key, text, quoted=quoted)
        except BadValue as bad:
            self.problems.append(InvalidConfig(f"{where}{name} {bad.problem}", hint=bad.hint))
            return
        if key.kind == "path" and value:
            value = self.absolute(str(value))
        self.values[key.path] = value
        self.origins[key.path] = origin

    def absolute(self, written: str) -> str:
        folder = os.path.dirname(os.path.abspath(self.file))
        if os.path.basename(folder) == ".alma":
            folder = os.path.dirname(folder)
        return os.path.normpath(os.path.join(folder, os.path.expanduser(written)))

    # Agents

    def read_agents(self, agents: Mapping, learning: Learning) -> None:
        named = [key.text for key, _ in agents.items]
        for key, node in self.items(agents, "agents"):
            path = f"agents.{one_line(key.text, 40)}"
            try:
                if key.text != ANY_AGENT:
                    validate_agent_name(key.text)
            except InvalidInput as error:
                self.problem(key.line, f"{path}: {error.message}", error.hint)
                continue
            self.read_scope(key, path, self.mapping(node, path), named, learning)

    def read_scope(self, agent: Scalar, path: str, scope: Mapping, named: list[str], learning: Learning) -> None:
        given: dict[str, Any] = {}
        settings: list[Setting] = []
        for key, node in self.items(scope, path):
            described = _AGENT_KEYS.get(key.text)
            key_path = f"{path}.{one_line(key.text, 40)}"
            if described is None:
                self.unknown(key, key_path, list(_AGENT_KEYS))
                continue
            if isinstance(node, Scalar) and node.absent:
                continue
            value: int | tuple[str, ...] | tuple[Domain, ...]
            if described.kind == "whole":
                value = self.whole(described, node, key_path)
            elif described.kind == "domains":
                value = self.domains(node, key_path)
            else:
                value = self.agent_names(node, key_path, named)
            given[key.text] = value
            settings.append(Setting(key_path, _listed(value), f"{self.file}:{node.line}"))
        given.setdefault("min_occurrences_for_heuristic", learning.min_occurrences_for_heuristic)
        self.scopes[agent.text] = MemoryScope(agent.text, **given)
        self.scope_settings += settings or [Setting(path, "{}", f"{self.file}:{agent.line}")]

    def whole(self, key: Key, node: Node, path: str) -> int:
        try:
            if not isinstance(node, Scalar):
                raise BadValue(f"is {_what(node)}; it takes {key.takes}")
            value = parse_value(key, node.text, quoted=node.quoted)
        except BadValue as bad:
            self.problem(node.line, f"{path} {bad.problem}", bad.hint)
            return 3
        assert isinstance(value, int)
        return value

    def texts(self, node: Node, path: str, what: str) -> Iterator[Node]:
        if isinstance(node, Sequence):
            yield from node.items
        else:
            remedy = f"write [{one_line(node.text, 40)}]" if isinstance(node, Scalar) else "start each with `- `"
            self.problem(node.line, f"{path} is {_what(node)}; it takes {what}", remedy)

    def agent_names(self, node: Node, path: str, named: list[str]) -> tuple[str, ...]:
        names = []
        for item in self.texts(node, path, "a list of agents"):
            if not isinstance(item, Scalar) or item.absent:
                self.problem(item.line, f"{path} has {_what(item)}; it takes a list of agents", "")
            elif item.text != ANY_AGENT and item.text not in named and ANY_AGENT not in named:
                self.problem(
                    item.line,
                    f"{path} names {shown(item.text)}, and there is no such agent",
                    did_you_mean(item.text, named) or "name it under agents",
                )
            else:
                try:
                    names.append(item.text if item.text == ANY_AGENT else validate_agent_name(item.text))
                except InvalidInput as error:
                    self.problem(item.line, f"{path}: {error.message}", error.hint)
        return tuple(names)

    def domains(self, node: Node, path: str) -> tuple[Domain, ...]:
        domains = []
        for item in self.texts(node, path, "a list of domains"):
            try:
                domains.append(self.domain(item, path))
            except InvalidInput as error:
                self.problem(item.line, f"{path}: {error.message}", error.hint)
            except BadValue as bad:
                self.problem(item.line, f"{path} {bad.problem}", bad.hint)
        return tuple(domains)

    def domain(self, node: Node, path: str) -> Domain:
        if isinstance(node, Scalar) and not node.absent:
            return Domain(node.text)
        if not isinstance(node, Mapping):
            raise BadValue(f"has {_what(node)}; it takes a list of domains", "remove it")
        given: dict[str, Any] = {}
        for key, child in self.items(node, path):
            if key.text not in _DOMAIN_KEYS:
                self.unknown(key, f"{path}: {one_line(key.text, 40)}", list(_DOMAIN_KEYS))
            elif isinstance(child, Scalar) and key.text != "keywords":
                given[key.text] = "" if child.absent else child.text
            elif isinstance(child, Sequence) and key.text == "keywords":
                given["keywords"] = tuple(item.text for item in child.items if isinstance(item, Scalar))
            elif not (isinstance(child, Scalar) and child.absent):
                takes = "a list of words" if key.text == "keywords" else "text"
                self.problem(child.line, f"{path}: {key.text} is {_what(child)}; it takes {takes}", "")
        if "name" not in given:
            raise BadValue("has a domain without a name", "write {name: testing_strategies, keywords: [...]}")
        return Domain(**given)

    # Checking

    def refuse_secrets(self, text: str) -> None:
        for number, line in enumerate(text.splitlines(), start=1):
            if looks_secret(line):
                raise InvalidConfig(f"{self.file}:{number}: there is a secret in this line", hint=SECRET_REMEDY)

    def check_together(self, top_line: int, agents_line: int) -> None:
        if "project_id" not in self.values and not any("project_id" in problem.message for problem in self.problems):
            self.problem(top_line, "project_id is missing", "write `project_id: my-project` below `alma:`")
        weights = [value for path, value in self.values.items() if path.startswith("retrieval.weights.")]
        if len(weights) == len([path for path in _KEYS if path.startswith("retrieval.weights.")]) and not any(weights):
            where = self.origins["retrieval.weights.similarity"]
            self.problems.append(InvalidConfig(f"{where}: retrieval.weights are all 0", hint="give one of them weight"))

    def unknown(self, key: Scalar, path: str, candidates: list[str]) -> None:
        self.problem(key.line, f"there is no key {one_line(path, 80)}", _meant(key.text, candidates))

    def problem(self, line: int, problem: str, hint: str) -> None:
        self.problems.append(InvalidConfig(f"{self.file}:{line}: {problem}", hint=hint))

    # Putting together

    def config(self, learning: Learning) -> Config:
        self.values.setdefault("project_id", "")
        config = _construct(Config, self.values, "")
        scopes = self.scopes or {
            ANY_AGENT: MemoryScope(ANY_AGENT, min_occurrences_for_heuristic=learning.min_occurrences_for_heuristic)
        }
        if config.azure.auth == "key" and isinstance(config.azure.key_reference, KeyFromVault):
            if not config.azure.key_vault:
                self.problems.append(
                    InvalidConfig(
                        f"{self.origins['azure.key']}: azure.key reads from a vault, and azure.key_vault is missing",
                        hint="write `key_vault: https://NAME.vault.azure.net` beside it",
                    )
                )
        settings = [Setting(path, display(_value(config, path)), self.origins.get(path, "default")) for path in _KEYS]
        settings += self.scope_settings or [Setting("agents.*", "{}", "default")]
        return replace(config, agents=MappingProxyType(scopes), settings=tuple(settings))


def _read_text(file: str) -> str:
    try:
        with open(file, "rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise ProjectNotFound(f"there is no {file}", hint="`alma init` writes one") from error
    except OSError as error:
        raise InvalidConfig(f"{file} can't be read: {error.strerror}", hint="is it a file, and yours?") from error
    if len(content) > MAX_BYTES:
        raise InvalidConfig(f"{file} is over {MAX_BYTES // 1024} KiB", hint="a configuration has a few dozen lines")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidConfig(f"{file}:{line}: this isn't UTF-8", hint="save the file as UTF-8") from error


def _construct(of: type[_Section], values: MappingOf[str, object], prefix: str) -> _Section:
    """The dataclass with the values below this prefix; the rest keep their defaults."""
    given: dict[str, object] = {}
    for item in fields(of):  # type: ignore[arg-type]  # every section is a dataclass
        path = prefix + item.name
        if isinstance(item.type, type) and is_dataclass(item.type):
            given[item.name] = _construct(item.type, values, f"{path}.")
        elif path in values:
            given[item.name] = values[path]
    return of(**given)


def _value(config: Config, path: str) -> object:
    value: object = config
    for part in path.split("."):
        value = getattr(value, part)
    return value


def _listed(value: int | tuple[str, ...] | tuple[Domain, ...]) -> str:
    if isinstance(value, int):
        return str(value)
    return ", ".join(item.name if isinstance(item, Domain) else item for item in value)


def _top_level() -> set[str]:
    return {path.partition(".")[0] for path in _KEYS} | {"agents"}


def _siblings(path: str) -> list[str]:
    prefix = path.rpartition(".")[0]
    if not prefix:
        return sorted(_top_level())
    below = f"{prefix}."
    return sorted({other.removeprefix(below).partition(".")[0] for other in _KEYS if other.startswith(below)})


def _meant(word: str, candidates: list[str]) -> str:
    if elsewhere := [path for path in _KEYS if path.rpartition(".")[2] == word]:
        return f"did you mean {' or '.join(elsewhere)}?"
    return did_you_mean(word, candidates) or f"there are {', '.join(candidates)}"


def _joined(path: str, name: str) -> str:
    return one_line(f"{path}.{name}" if path else name, 80)


def _what(node: Node) -> str:
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Mapping):
        return "a group of keys"
    return "empty" if node.absent else shown(node.text)
