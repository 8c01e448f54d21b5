"""Makes a `Config` of `config.yaml` and the environment, and finds every problem, with its file, line and key."""

import os
from collections.abc import Mapping as MappingOf
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

from alma_cli.config.agents import read_agents
from alma_cli.config.cache import parse_cached
from alma_cli.config.environment import overrides
from alma_cli.config.findings import Findings, what
from alma_cli.config.model import AGENT_KEYS, KEYS, Config, Key, KeyFromVault, LearningSettings, Setting, display
from alma_cli.config.tree import MAX_BYTES, Mapping, Node, Scalar
from alma_cli.config.values import KEEP_KEYS_OUT, BadValue, looks_secret, parse_value
from alma_cli.core.redaction import KIND_NAMES
from alma_cli.core.text import did_you_mean, one_line
from alma_cli.errors import InvalidConfig, ProjectNotFound
from alma_cli.worktrees import resolved

_KEYS = {key.path: key for key in KEYS}
_SECTIONS = {path.rpartition(".")[0] for path in _KEYS} - {""}
_TOP_LEVEL = {path.partition(".")[0] for path in _KEYS} | {"agents"}
_WEIGHTS = [path for path in _KEYS if path.startswith("retrieval.weights.")]

_Section = TypeVar("_Section")


def load_config(
    path: str | os.PathLike[str], environ: MappingOf[str, str] = os.environ, *, text: str | None = None
) -> Config:
    """The configuration in this file, with the values that the environment overrides; as if it had this `text`.

    Raises `InvalidConfig` for the first problem, and `ProjectNotFound` if there is no such file.
    """
    reader = _Reader(os.fspath(path), environ)
    config = reader.read(text)
    if reader.findings.problems:
        raise reader.findings.problems[0]
    return config


def check_config(path: str | os.PathLike[str], environ: MappingOf[str, str] = os.environ) -> list[InvalidConfig]:
    """Every problem of this file and environment. Raises `ProjectNotFound` if there is no such file."""
    reader = _Reader(os.fspath(path), environ)
    try:
        reader.read()
    except InvalidConfig as error:
        return [*reader.findings.problems, error]
    return reader.findings.problems


class _Reader:
    def __init__(self, file: str, environ: MappingOf[str, str]) -> None:
        self.file = file
        self.environ = environ
        self.findings = Findings(file)
        self.values: dict[str, object] = {}
        self.origins: dict[str, str] = {}  # of every key that was given, whether it can be used or not

    def read(self, text: str | None = None) -> Config:
        """The configuration, complete if there are no problems. Raises `InvalidConfig` if the file can't be parsed."""
        text = read_text(self.file) if text is None else text
        _refuse_secrets(text, self.file)
        top = self.below_alma(parse_cached(text, self.file))
        agents = Mapping(top.line, ())
        for key, node in self.findings.items(top, ""):
            if key.text == "agents":
                agents = self.findings.mapping(node, "agents")
            else:
                self.entry(key, key.text, node)
        for overridden, written in overrides(self.environ):
            self.keep(overridden, Scalar(0, written, quoted=False), overridden.variable, overridden.variable)
        learning = _construct(LearningSettings, self.values, "learning.")
        scopes, scope_settings = read_agents(
            agents, self.findings, min_occurrences=learning.min_occurrences_for_heuristic
        )
        config = replace(_construct(Config, {"project_id": "", **self.values}, ""), agents=scopes)
        self.check_together(config, top.line)
        return replace(config, settings=(*self.settings(config), *scope_settings))

    def below_alma(self, root: Node | None) -> Mapping:
        """The mapping below `alma:`. Raises `InvalidConfig` if there is none."""
        if root is None:
            raise InvalidConfig(f"{self.file} is empty", hint="write `alma:` and below it `  project_id: my-project`")
        if not isinstance(root, Mapping):
            raise InvalidConfig(f"{self.findings.where(root.line)}: there are no keys", hint="the first is `alma:`")
        below = None
        for key, node in self.findings.items(root, ""):
            if key.text == "alma":
                below = self.findings.mapping(node, "alma")
            elif key.text in _TOP_LEVEL:
                self.findings.problem(
                    key.line, f"{key.text} stands outside `alma:`", "move it below `alma:`, indented by two spaces"
                )
            else:
                hint = did_you_mean(key.text, ["alma"]) or "everything stands below `alma:`"
                self.findings.unknown(key, key.text, ["alma"], hint)
        if below is None and self.findings.problems:
            raise self.findings.problems.pop(0)
        return below or Mapping(root.line, ())

    def entry(self, key: Scalar, path: str, node: Node) -> None:
        """Read one key below `alma:`, or one section of keys."""
        if path in _SECTIONS:
            for child_key, child in self.findings.items(self.findings.mapping(node, path), path):
                self.entry(child_key, f"{path}.{child_key.text}", child)
        elif path not in _KEYS:
            self.findings.unknown(key, path, _siblings(path), _elsewhere(key.text))
        elif not isinstance(node, Scalar):
            self.findings.problem(node.line, f"{path} is {what(node)}; it takes {_KEYS[path].takes}", "write one value")
        elif not node.absent:
            where = self.findings.where(node.line)
            self.keep(_KEYS[path], node, where, f"{where}: {path}")

    def keep(self, key: Key, scalar: Scalar, origin: str, name: str) -> None:
        """Take the value for this key, replacing an earlier one."""
        self.origins[key.path] = origin
        try:
            value = parse_value(key, scalar.text, quoted=scalar.quoted)
        except BadValue as error:
            self.findings.problems.append(InvalidConfig(f"{name} {error.message}", hint=error.hint))
        else:
            self.values[key.path] = self.absolute(str(value)) if key.kind == "path" and value else value

    def absolute(self, written: str) -> str:
        """The path in full: `~` is the home folder, and a relative path starts at the project's folder.

        One that leads out of a linked worktree starts at the main one.
        """
        folder = os.path.dirname(os.path.abspath(self.file))
        if os.path.basename(folder) == ".alma":
            folder = os.path.dirname(folder)
        return resolved(folder, os.path.expanduser(written))

    def check_together(self, config: Config, top_line: int) -> None:
        """Note problems that several keys have together."""
        if "project_id" not in self.origins:
            self.findings.problem(top_line, "project_id is missing", "write `project_id: my-project` below `alma:`")
        if not any(_value(config, path) for path in _WEIGHTS):
            self.findings.problem_at(
                self.origins[_WEIGHTS[0]], "retrieval.weights are all 0", "give one of them some weight"
            )
        for name in sorted(config.secrets.kept_kinds.difference(KIND_NAMES)):
            self.findings.problem_at(
                self.origins["secrets.keep"],
                f"secrets.keep names '{one_line(name, 40)}', which is no kind of credential",
                did_you_mean(name, KIND_NAMES) or f"the kinds are {', '.join(KIND_NAMES)}",
            )
        azure = config.azure
        if azure.auth == "key" and isinstance(azure.key_reference, KeyFromVault) and not azure.key_vault:
            self.findings.problem_at(
                self.origins["azure.key"],
                "azure.key reads from a vault, and azure.key_vault is missing",
                "write `key_vault: https://NAME.vault.azure.net` beside it",
            )

    def settings(self, config: Config) -> list[Setting]:
        return [Setting(path, display(_value(config, path)), self.origins.get(path, "default")) for path in _KEYS]


def read_text(file: str) -> str:
    """The text of a configuration. Raises `ProjectNotFound` or `InvalidConfig`."""
    try:
        with open(file, "rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise ProjectNotFound(f"there is no {file}", hint="`alma init` writes one") from error
    except OSError as error:
        raise InvalidConfig(
            f"{file} can't be read: {error.strerror}", hint="is it a file that you may read?"
        ) from error
    if len(content) > MAX_BYTES:
        raise InvalidConfig(f"{file} is over {MAX_BYTES // 1024} KiB", hint="a configuration has a few dozen lines")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidConfig(f"{file}:{line}: this isn't UTF-8", hint="save the file as UTF-8") from error


def _refuse_secrets(text: str, file: str) -> None:
    # This goes line by line, before anything is parsed: a secret in a comment is as public as one in a value.
    for number, line in enumerate(text.split("\n"), start=1):
        if looks_secret(line):
            raise InvalidConfig(f"{file}:{number}: there is a secret in this line", hint=KEEP_KEYS_OUT)


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


def _siblings(path: str) -> list[str]:
    prefix = path.rpartition(".")[0]
    if not prefix:
        return sorted(_TOP_LEVEL)
    below = f"{prefix}."
    return list(
        dict.fromkeys(other.removeprefix(below).partition(".")[0] for other in _KEYS if other.startswith(below))
    )


def _elsewhere(word: str) -> str:
    """A hint, if there is a key of that name in another place."""
    paths = [path for path in [*_KEYS, *(key.path for key in AGENT_KEYS)] if path.rpartition(".")[2] == word]
    return f"did you mean {' or '.join(paths)}?" if paths else ""
