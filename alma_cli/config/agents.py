"""Reads `agents:` of the configuration: the scope of each agent."""

from typing import Any

from alma_cli.config.findings import Findings, absent, what
from alma_cli.config.model import AGENT_KEYS, DOMAIN_KEYS, Key, Setting
from alma_cli.config.tree import Mapping, Node, Scalar
from alma_cli.config.values import BadValue, parse_value, shown
from alma_cli.core.scopes.scope import ANY_AGENT, Domain, MemoryScope, validate_agent_name
from alma_cli.core.text import composed, did_you_mean, one_line
from alma_cli.errors import InvalidInput

_AGENT_KEYS = {key.name: key for key in AGENT_KEYS}
_DOMAIN_KEYS = {key.path: key for key in DOMAIN_KEYS}


def read_agents(
    agents: Mapping, findings: Findings, *, min_occurrences: int
) -> tuple[dict[str, MemoryScope], list[Setting]]:
    """The scope of each agent by its name, and the origin of each value; without agents, any agent with any domain.

    `min_occurrences` is the threshold of agents that give none.
    """
    reader = _AgentReader(findings, [composed(key.text) for key, _ in agents.items], min_occurrences=min_occurrences)
    if scopes := reader.scopes(agents):
        return scopes, reader.settings
    anyone = MemoryScope(ANY_AGENT, min_occurrences_for_heuristic=min_occurrences)
    return {ANY_AGENT: anyone}, [Setting(f"agents.{ANY_AGENT}", "{}", "default")]


class _AgentReader:
    def __init__(self, findings: Findings, named: list[str], *, min_occurrences: int) -> None:
        self.findings = findings
        self.named = named
        self.min_occurrences = min_occurrences
        self.settings: list[Setting] = []

    def scopes(self, agents: Mapping) -> dict[str, MemoryScope]:
        scopes = {}
        for key, node in self.findings.items(agents, "agents"):
            path = f"agents.{one_line(key.text, 40)}"
            try:
                name = key.text if key.text == ANY_AGENT else validate_agent_name(key.text)
            except InvalidInput as error:
                self.findings.problem(key.line, f"{path}: {error.message}", error.hint)
                continue
            if name in scopes:
                self.findings.problem(key.line, f"{path} is there twice", "one of them is in another form of Unicode")
            else:
                scopes[name] = self.scope(key, path, self.findings.mapping(node, path))
        return scopes

    def scope(self, agent: Scalar, path: str, keys: Mapping) -> MemoryScope:
        given: dict[str, Any] = {"min_occurrences_for_heuristic": self.min_occurrences}
        settings = []
        for key, node in self.findings.items(keys, path):
            key_path = f"{path}.{one_line(key.text, 40)}"
            if key.text not in _AGENT_KEYS:
                self.findings.unknown(key, key_path, list(_AGENT_KEYS))
            elif not absent(node):
                given[key.text], shown_value = self.value(_AGENT_KEYS[key.text], node, key_path)
                settings.append(Setting(key_path, shown_value, self.findings.where(node.line)))
        self.settings += settings or [Setting(path, "{}", self.findings.where(agent.line))]
        return MemoryScope(agent.text, **given)

    def value(self, key: Key, node: Node, path: str) -> tuple[object, str]:
        """The value of one of an agent's keys, and the text that shows it."""
        match key.kind:
            case "domains":
                domains = self.domains(node, path)
                return domains, ", ".join(domain.name for domain in domains)
            case "names":
                names = self.agent_names(node, path)
                return names, ", ".join(names)
            case _:
                number = self.number(key, node, path)
                return number, str(number)

    def number(self, key: Key, node: Node, path: str) -> object:
        if not isinstance(node, Scalar):
            self.findings.problem(node.line, f"{path} is {what(node)}; it takes {key.takes}", "write one value")
            return self.min_occurrences
        try:
            return parse_value(key, node.text, quoted=node.quoted)
        except BadValue as error:
            self.findings.problem(node.line, f"{path} {error.message}", error.hint)
            return self.min_occurrences

    def agent_names(self, node: Node, path: str) -> tuple[str, ...]:
        names = []
        for item in self.findings.sequence(node, path, "a list of agents"):
            if not isinstance(item, Scalar) or item.absent:
                self.findings.problem(item.line, f"an agent in {path} is {what(item)}", "write names only")
                continue
            try:
                name = item.text if item.text == ANY_AGENT else validate_agent_name(item.text)
            except InvalidInput as error:
                self.findings.problem(item.line, f"{path}: {error.message}", error.hint)
                continue
            names.append(name)
            if ANY_AGENT not in (name, *self.named) and name not in self.named:
                remedy = did_you_mean(item.text, self.named) or "name it under agents"
                self.findings.problem(item.line, f"{path}: there is no agent {shown(item.text)}", remedy)
        return tuple(names)

    def domains(self, node: Node, path: str) -> tuple[Domain, ...]:
        domains = []
        for item in self.findings.sequence(node, path, "a list of domains"):
            try:
                if isinstance(item, Mapping):
                    domains.append(self.described_domain(item, path))
                elif isinstance(item, Scalar) and not item.absent:
                    domains.append(Domain(item.text))
                else:
                    self.findings.problem(item.line, f"a domain in {path} is {what(item)}", "write names only")
            except InvalidInput as error:
                self.findings.problem(item.line, f"{path}: {error.message}", error.hint)
        return tuple(domains)

    def described_domain(self, node: Mapping, path: str) -> Domain:
        """The domain with this description. Raises `InvalidInput` for a name that can't be used."""
        given: dict[str, Any] = {}
        for key, child in self.findings.items(node, path):
            described = _DOMAIN_KEYS.get(key.text)
            key_path = f"{path}: {one_line(key.text, 40)}"
            if described is None:
                self.findings.unknown(key, key_path, list(_DOMAIN_KEYS))
            elif described.kind == "words":
                given[key.text] = self.words(child, key_path, described.takes)
            elif not isinstance(child, Scalar):
                self.findings.problem(
                    child.line, f"{key_path} is {what(child)}; it takes {described.takes}", "write one value"
                )
            elif not child.absent:
                given[key.text] = child.text
        if "name" not in given:
            raise InvalidInput("a domain has no name", hint="write {name: testing_strategies, keywords: [...]}")
        return Domain(**given)

    def words(self, node: Node, path: str, takes: str) -> tuple[str, ...]:
        words = []
        for item in self.findings.sequence(node, path, takes):
            if isinstance(item, Scalar) and item.text:
                words.append(item.text)
            else:
                self.findings.problem(item.line, f"a word in {path} is {what(item)}", "write words and phrases only")
        return tuple(words)
