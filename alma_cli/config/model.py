"""The keys of the configuration: each once, as the field that it becomes, with its default, meaning and limits."""

# ruff: noqa: RUF009  # _key and _section make dataclass fields, not values that instances would share

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from alma_cli.core.scopes.scope import ANY_AGENT, MemoryScope, scope_for

Storage = Literal["local", "azure", "file"]
ValueKind = Literal[
    "text", "name", "url", "path", "secret", "whole", "number", "flag", "choice", "names", "words", "domains"
]

KIND_WORDS: Mapping[ValueKind, str] = {
    "text": "text",
    "name": "a name",
    "url": "an https:// address",
    "path": "a path",
    "secret": "${VARIABLE} or ${KEYVAULT:name}",
    "whole": "a whole number",
    "number": "a number",
    "flag": "true or false",
    "choice": "one of several",
    "names": "a list of agents",
    "words": "a list of words or phrases",
    "domains": "a list of domains",
}


class Key(NamedTuple):
    """One key: its path under `alma:`, the values that it takes, its default (None: required) and its meaning."""

    path: str
    kind: ValueKind
    default: object
    meaning: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    synonyms: Mapping[str, str] = MappingProxyType({})

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    @property
    def variable(self) -> str:
        """The environment variable that overrides it."""
        return "ALMA_" + self.path.upper().replace(".", "_")

    @property
    def takes(self) -> str:
        """The values that it takes, in words."""
        if self.kind == "choice":
            return f"one of {', '.join(self.choices)}"
        words = KIND_WORDS[self.kind]
        if self.low is not None and self.high is not None:
            return f"{words} from {self.low:,.6g} to {self.high:,.8g}"
        return words


class Setting(NamedTuple):
    """A key's value as text, and where it came from: `default`, `FILE:LINE` or an environment variable."""

    key: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class KeyFromEnvironment:
    """The account key is in this environment variable."""

    variable: str


@dataclass(frozen=True, slots=True)
class KeyFromVault:
    """The account key is the secret of this name in the vault `azure.key_vault`."""

    name: str


KEY_REFERENCE = re.compile(r"\$\{(?:KEYVAULT:(?P<secret>[0-9A-Za-z-]{1,127})|(?P<variable>[A-Za-z_][A-Za-z0-9_]*))\}")


def _key(default: Any, kind: ValueKind, meaning: str, **limits: Any) -> Any:
    return field(default=default, metadata={"kind": kind, "meaning": meaning, **limits})


def _section(of: type) -> Any:
    return field(default_factory=of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Azure:
    """The Cosmos DB account. Secrets are named here, never held: they are read when the remote is opened."""

    endpoint: str = _key("", "url", "the Cosmos DB account; empty: work locally")
    database: str = _key("alma", "name", "the database")
    container: str = _key("memories", "name", "the container")
    auth: Literal["default", "key"] = _key(
        "default",
        "choice",
        "sign in as Azure's tools do (default), or with the account key",
        choices=("default", "key"),
    )
    key: str = _key("${ALMA_COSMOS_KEY}", "secret", "where the account key is, for auth: key; never the key itself")
    key_vault: str = _key("", "url", "the vault that ${KEYVAULT:name} is read from")

    @property
    def key_reference(self) -> KeyFromEnvironment | KeyFromVault:
        """The place that the account key is to be read from."""
        found = KEY_REFERENCE.fullmatch(self.key)
        if found is None:
            raise ValueError("azure.key is not a reference")
        return KeyFromVault(found["secret"]) if found["secret"] else KeyFromEnvironment(found["variable"])


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRemote:
    """The shared folder of `storage: file`."""

    path: str = _key("", "path", "the folder of JSON files to synchronise with; relative to the project's folder")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingSettings:
    """The model that compares texts by meaning."""

    model: str = _key(
        "sentence-transformers/all-MiniLM-L6-v2", "text", "the embedding model; the default is part of ALMA"
    )
    allow_download: bool = _key(False, "flag", "fetch another model from its hub at the first use")
    cache_dir: str = _key("", "path", "where fetched models are kept; empty: the user's cache folder")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The weight of each term of a score. Only their proportions matter."""

    similarity: float = _key(0.7, "number", "weight of similarity to the task", low=0, high=100)
    recency: float = _key(0.1, "number", "weight of being recent", low=0, high=100)
    success: float = _key(0.1, "number", "weight of having worked", low=0, high=100)
    confidence: float = _key(0.05, "number", "weight of the evidence behind it", low=0, high=100)
    credit: float = _key(0.05, "number", "weight of having helped or misled before", low=0, high=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfLives:
    """The number of days after which a memory of each kind counts as half as recent."""

    outcome: float = _key(30.0, "number", "days until an outcome is half as recent", low=0.01, high=36500)
    heuristic: float = _key(90.0, "number", "days until a heuristic is half as recent", low=0.01, high=36500)
    anti_pattern: float = _key(90.0, "number", "days until an anti-pattern is half as recent", low=0.01, high=36500)
    preference: float = _key(365.0, "number", "days until a preference is half as recent", low=0.01, high=36500)
    knowledge: float = _key(180.0, "number", "days until knowledge is half as recent", low=0.01, high=36500)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalSettings:
    """How memories are searched and ranked."""

    top_k: int = _key(5, "whole", "memories of each kind at most", low=1, high=100)
    max_tokens: int = _key(2000, "whole", "tokens of a prompt at most", low=1, high=1000000)
    min_similarity: float = _key(
        0.4, "number", "when the best two are less similar to the task than this, nothing is sure", low=0, high=1
    )
    min_score: float = _key(0.0, "number", "hide what scores less", low=0, high=1)
    keyword_weight: float = _key(0.2, "number", "weight of keywords against meaning (1)", low=0, high=10)
    holdout: float = _key(
        0.0, "number", "share of sessions whose hooks give no memories, to see what they change", low=0, high=0.5
    )
    candidates: int = _key(
        100, "whole", "memories ranked, of the best by meaning and by keyword each", low=1, high=10000
    )
    weights: Weights = _section(Weights)
    half_life_days: HalfLives = _section(HalfLives)


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningSettings:
    """How outcomes become heuristics and anti-patterns. All replicas of a project should have the same values."""

    min_occurrences_for_heuristic: int = _key(
        3, "whole", "outcomes of one strategy before anything is derived from them", low=1, high=1000
    )
    half_life_days: float = _key(
        60.0, "number", "an outcome this much older than the newest is half the evidence", low=0.01, high=36500
    )
    z: float = _key(1.28, "number", "caution of Wilson's bounds: 1.28 is 90% sure on one side", low=0, high=5)
    anti_pattern_below: float = _key(
        0.6, "number", "an anti-pattern surely succeeds less often than this", low=0.01, high=1
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectSettings:
    """Who gives outcomes general words, when nobody else does."""

    command: str = _key("", "text", 'a program that answers the sheets of `alma reflect --with ""`, such as claude -p')
    timeout_s: float = _key(600.0, "number", "seconds that the program has for one sheet", low=1, high=86_400)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSettings:
    """The treatment of credentials in texts that are remembered."""

    redact: bool = _key(True, "flag", "take what looks like a credential out of every text before it is stored")
    keep: str = _key("", "text", "kinds of credentials to leave in, separated by commas, as in: jwt, password")

    @property
    def kept_kinds(self) -> frozenset[str]:
        """The kinds that `keep` names."""
        return frozenset(name for part in self.keep.split(",") if (name := part.strip().lower()))


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSettings:
    """How `alma hook` works."""

    learn_from_stop: bool = _key(True, "flag", "record how a turn ended by its last check, if the agent doesn't say it")
    checks: str = _key("", "text", "parts of your own commands that check work, separated by commas: verify.sh, e2e")

    @property
    def more_checks(self) -> tuple[str, ...]:
        """The parts of commands that `checks` names."""
        return tuple(part.strip() for part in self.checks.split(",") if part.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The configuration of one project, complete and checked."""

    project_id: str = field(metadata={"kind": "name", "meaning": "names the project's memories in the cloud"})
    storage: Storage = _key(
        "local",
        "choice",
        "this machine (local), or also shared through Cosmos DB (azure) or a folder (file)",
        choices=("local", "azure", "file"),
        synonyms={"sqlite": "local"},
    )
    wait_s: float = _key(10.0, "number", "seconds to wait for another process's lock", low=0, high=3600)
    index: Literal["exact", "hnsw"] = _key(
        "exact",
        "choice",
        "compare a task with every memory (exact), or with what an index of nearest neighbours gives (hnsw)",
        choices=("exact", "hnsw"),
    )
    agents: Mapping[str, MemoryScope] = field(default_factory=lambda: {ANY_AGENT: MemoryScope(ANY_AGENT)})
    azure: Azure = _section(Azure)
    file: FileRemote = _section(FileRemote)
    embedding: EmbeddingSettings = _section(EmbeddingSettings)
    retrieval: RetrievalSettings = _section(RetrievalSettings)
    learning: LearningSettings = _section(LearningSettings)
    reflect: ReflectSettings = _section(ReflectSettings)
    secrets: SecretSettings = _section(SecretSettings)
    hooks: HookSettings = _section(HookSettings)
    settings: tuple[Setting, ...] = field(default=(), repr=False, compare=False)

    def __post_init__(self) -> None:
        """Nobody changes which agents there are."""
        object.__setattr__(self, "agents", MappingProxyType(dict(self.agents)))

    def __reduce__(self) -> tuple[Any, ...]:
        """For copies and other processes, into which no view of a mapping goes."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return partial(Config, **{**values, "agents": dict(self.agents)}), ()

    def explain(self) -> list[Setting]:
        """Every key with its value and where that came from, in the order of the documentation."""
        return list(self.settings)

    def scope_for(self, agent: str) -> MemoryScope:
        """The agent's scope. Raises `InvalidInput` for an agent that isn't named when there is no `"*"`."""
        return scope_for(agent, self.agents)

    @property
    def only_agent(self) -> str | None:
        """The agent to assume when none is given: the only one that is named, if `"*"` isn't."""
        return next(iter(self.agents)) if len(self.agents) == 1 and ANY_AGENT not in self.agents else None


def display(value: object) -> str:
    """A value as it would be written in the file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)


def _keys_of(section: type, prefix: str = "") -> Iterator[Key]:
    for item in fields(section):
        if isinstance(item.type, type) and is_dataclass(item.type):
            yield from _keys_of(item.type, f"{prefix}{item.name}.")
        elif "kind" in item.metadata:
            default = None if item.default is MISSING else item.default
            yield Key(prefix + item.name, default=default, **item.metadata)


KEYS: tuple[Key, ...] = tuple(_keys_of(Config))
"""Every key with a single value, under `alma:`, in the order of the documentation."""

AGENT_KEYS: tuple[Key, ...] = (
    Key("agents.NAME.can_learn", "domains", (), "the domains it may learn; empty: all but those of cannot_learn"),
    Key("agents.NAME.cannot_learn", "domains", (), "the domains it may neither learn nor see"),
    Key("agents.NAME.inherit_from", "names", (), 'the agents whose memories it sees; ["*"]: all'),
    Key("agents.NAME.share_with", "names", (), 'the agents that see its memories; ["*"]: all'),
    Key(
        "agents.NAME.min_occurrences_for_heuristic",
        "whole",
        3,
        "as in learning, which has the default",
        low=1,
        high=1000,
    ),
)
"""The keys that an agent (or `"*"`, for agents that aren't named) may have."""

DOMAIN_KEYS: tuple[Key, ...] = (
    Key("name", "name", None, "the domain"),
    Key("description", "text", "", "what it is about; its words help to recognise it"),
    Key("keywords", "words", (), "words and phrases that mean it"),
)
"""The keys of a domain that is more than a plain name."""
