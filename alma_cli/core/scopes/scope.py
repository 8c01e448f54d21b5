"""The domains that each agent may learn. (`visibility` has the memories that each agent sees.)

`cannot_learn` beats `can_learn`; an empty `can_learn` allows all else; `general` is allowed unless `cannot_learn`
names it. A domain nobody gave is recognised from the general words, else from those of the task; in doubt it is
`general`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from alma_cli.core.records import GENERAL_DOMAIN, PROJECT_AGENT, OutcomeFields
from alma_cli.core.text import composed, did_you_mean, enumerated, one_line, shown
from alma_cli.errors import InvalidInput, ScopeViolation

if TYPE_CHECKING:
    from alma_cli.core.scopes.recognition import DomainEvidence

ANY_AGENT = "*"
"""In `agents`: the scope of agents that are not named. In `inherit_from` and `share_with`: every agent."""

MAX_NAME_LENGTH = 128
"""Characters in the name of an agent or a domain."""

_COMPOSED_LENGTH = 8 * MAX_NAME_LENGTH
"""A name of more characters is too long in every form."""


@dataclass(frozen=True, slots=True)
class Domain:
    """A subject, with a description and keywords (words or phrases) by which it is recognised."""

    name: str
    description: str = ""
    keywords: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", validate_domain_name(self.name))
        if isinstance(self.keywords, str):
            raise InvalidInput(f"the keywords of {self.name} must be a list", hint=f'write ["{self.keywords}"]')
        object.__setattr__(self, "keywords", tuple(self.keywords))


@dataclass(frozen=True, slots=True, init=False)
class MemoryScope:
    """The domains one agent may learn, the agents it inherits memories from, and those it shares its own with.

    Domains may be given as plain names. `inherit_from` and `share_with` name agents; `["*"]` is every agent.
    """

    agent: str
    can_learn: tuple[Domain, ...] = ()
    cannot_learn: tuple[Domain, ...] = ()
    inherit_from: tuple[str, ...] = ()
    share_with: tuple[str, ...] = ()
    min_occurrences_for_heuristic: int = 3
    _allowed: frozenset[str] = field(init=False, repr=False, compare=False, default=frozenset())
    _forbidden: frozenset[str] = field(init=False, repr=False, compare=False, default=frozenset())

    def __init__(
        self,
        agent: str,
        *,
        can_learn: Iterable[str | Domain] = (),
        cannot_learn: Iterable[str | Domain] = (),
        inherit_from: Iterable[str] = (),
        share_with: Iterable[str] = (),
        min_occurrences_for_heuristic: int = 3,
    ) -> None:
        """Raises `InvalidInput` for a name that can't be used, or a threshold below 1."""
        if min_occurrences_for_heuristic < 1:
            raise InvalidInput(f"min_occurrences_for_heuristic is {min_occurrences_for_heuristic}; it is at least 1")
        allowed, forbidden = _domains("can_learn", can_learn), _domains("cannot_learn", cannot_learn)
        store = object.__setattr__
        store(self, "agent", _agent_or_any(agent))
        store(self, "can_learn", allowed)
        store(self, "cannot_learn", forbidden)
        store(self, "inherit_from", tuple(map(_agent_or_any, _listed("inherit_from", inherit_from))))
        store(self, "share_with", tuple(map(_agent_or_any, _listed("share_with", share_with))))
        store(self, "min_occurrences_for_heuristic", min_occurrences_for_heuristic)
        store(self, "_allowed", frozenset(domain.name for domain in allowed))
        store(self, "_forbidden", frozenset(domain.name for domain in forbidden))

    def may_learn(self, domain: str) -> bool:
        """True when the agent may learn in this domain."""
        if domain in self._forbidden:
            return False
        return domain == GENERAL_DOMAIN or not self._allowed or domain in self._allowed

    def forbids(self, domain: str) -> bool:
        """True when `cannot_learn` names this domain."""
        return domain in self._forbidden

    @property
    def named_domains(self) -> tuple[str, ...]:
        """The domains `can_learn` names that the agent may learn, and `general` where it may."""
        names = (*(domain.name for domain in self.can_learn), GENERAL_DOMAIN)
        return tuple(dict.fromkeys(name for name in names if name not in self._forbidden))

    def inherits_from(self, agent: str) -> bool:
        """True when this agent asked to see that agent's memories."""
        return agent in self.inherit_from or ANY_AGENT in self.inherit_from

    def shares_with(self, agent: str) -> bool:
        """True when this agent shows its memories to that one."""
        return agent in self.share_with or ANY_AGENT in self.share_with


@dataclass(frozen=True, slots=True)
class Recognition:
    """The domain a text was taken to be about, whether nothing spoke against it, and the words that spoke for it."""

    domain: str
    certain: bool
    words: tuple[str, ...] = ()


# Learning


def check(scope: MemoryScope, domain: str) -> None:
    """Raise `ScopeViolation` if the agent may not learn in this domain."""
    if scope.may_learn(domain):
        return
    name = one_line(domain, 40)
    if scope.forbids(domain):
        raise ScopeViolation(
            f"{scope.agent} may not learn {name}: its cannot_learn names it", hint=_allowed_hint(scope)
        )
    raise ScopeViolation(
        f"{scope.agent} may not learn {name}: its can_learn doesn't name it",
        hint="; ".join(filter(None, [_allowed_hint(scope), did_you_mean(domain, scope.named_domains)])),
    )


def choose_domain(scope: MemoryScope, *texts: str, domain: str | None = None) -> Recognition:
    """The domain to record: the one given, checked, else the one recognised in the first text where it is allowed.

    Raises `ScopeViolation` if the domain given is out of scope, or if the texts are certainly about a forbidden one.
    """
    if domain is not None:
        domain = validate_domain_name(domain)
        check(scope, domain)
        return Recognition(domain, certain=True)
    whole = recognise("\n".join(texts), scope)
    if scope.may_learn(whole.domain):
        found = (recognise(text, scope) for text in texts) if len(texts) > 1 else ()
        return next((one for one in found if scope.may_learn(one.domain)), whole)
    if whole.words:
        seen = ", ".join(repr(word) for word in whole.words)
        reason = f"the task speaks of {seen}, so it was taken to be about {whole.domain}"
    else:
        reason = f"no domain was recognised in the task, and {GENERAL_DOMAIN} is in its cannot_learn"
    raise ScopeViolation(
        f"{scope.agent} may not learn this: {reason}",
        hint=f"if it is about something else, name it with --domain; {_allowed_hint(scope)}",
    )


def subjects(account: OutcomeFields) -> tuple[str, ...]:
    """The texts by which the domain of what happened is recognised.

    The general words are first: all outcomes of one lesson have them, so that it isn't split over several domains.
    """
    return (account.when, account.task) if account.when else (account.task,)


def recognise(text: str, scope: MemoryScope) -> Recognition:
    """The one of the scope's domains that the text is about, or `general`.

    A domain is *likely* when the text has one of its keywords, two words of its description, or at least half of its
    name by weight: words for a subject ("api") weigh 1, for an activity ("testing") 0.5, and words that suit any
    domain ("patterns", "logic") 0.1. The likely domain with the most evidence wins; a tie gives `general`.

    A forbidden domain wins only with *certainty*: the text has a keyword of it, or three quarters of its name, and no
    word that speaks for an allowed domain. Otherwise the best allowed domain is taken if its evidence is as plain:
    "tested the backend logic", from an agent that may learn testing_strategies but not backend_logic, is about testing.
    """
    domains = [
        domain for domain in dict.fromkeys((*scope.can_learn, *scope.cannot_learn)) if domain.name != GENERAL_DOMAIN
    ]
    if not domains:
        return Recognition(GENERAL_DOMAIN, certain=False)
    from alma_cli.core.scopes.recognition import (  # its word lists cost 2 ms, and only learning needs them
        StemmedText,
        evidence,
    )

    words = StemmedText.of(text)
    allowed: list[tuple[str, DomainEvidence]] = []
    forbidden: list[tuple[str, DomainEvidence]] = []
    for domain in domains:
        found = evidence(words, domain.name, domain.description, domain.keywords)
        (forbidden if scope.forbids(domain.name) else allowed).append((domain.name, found))
    for name, found in _best(forbidden):
        if found.strong and not any(other.words for _, other in allowed):
            return Recognition(name, certain=True, words=found.words)
    contested = any(other.likely for _, other in forbidden)
    for name, found in _best(allowed):
        if found.strong or not contested:
            certain = found.strong and not any(other.words for _, other in forbidden)
            return Recognition(name, certain=certain, words=found.words)
    return Recognition(GENERAL_DOMAIN, certain=False)


def _best(candidates: "list[tuple[str, DomainEvidence]]") -> "list[tuple[str, DomainEvidence]]":
    """The one likely candidate with the highest score; none if there is none, or several."""
    likely = [(name, found) for name, found in candidates if found.likely]
    highest = max((found.score for _, found in likely), default=0.0)
    best = [(name, found) for name, found in likely if found.score == highest]
    return best if len(best) == 1 else []


# Finding a scope


def scope_for(agent: str, agents: Mapping[str, MemoryScope]) -> MemoryScope:
    """The agent's scope: its own entry, else that of `"*"`. `_project`, which stands for everyone, is unrestricted.

    Raises `InvalidInput` for an agent that isn't named when there is no `"*"`.
    """
    agent = validate_agent_name(agent)
    if agent in agents:
        return agents[agent]
    if agent == PROJECT_AGENT:
        return MemoryScope(agent)
    if ANY_AGENT in agents:
        return _with_name(agents[ANY_AGENT], agent)
    raise InvalidInput(
        f"there is no agent {one_line(agent, 40)}",
        hint="; ".join(filter(None, [f"the configuration names {enumerated(agents)}", did_you_mean(agent, agents)])),
    )


@lru_cache(maxsize=256)
def _with_name(scope: MemoryScope, agent: str) -> MemoryScope:
    return replace(scope, agent=agent)


# Names


def validate_agent_name(name: str) -> str:
    """Return the name in NFC. Raises `InvalidInput` if it can't name an agent."""
    _refuse_no_text("agent", name)
    if name.startswith("_") and name != PROJECT_AGENT:
        raise _bad_name("agent", name, f"it starts with _, which is reserved ({PROJECT_AGENT} is the whole project)")
    if name == ANY_AGENT:
        raise _bad_name("agent", name, "* stands for every agent")
    return validate_name("agent", name)


def validate_domain_name(name: str) -> str:
    """Return the name in NFC. Raises `InvalidInput` if it can't name a domain."""
    _refuse_no_text("domain", name)
    if name.startswith("_"):
        raise _bad_name("domain", name, "it starts with _, which is reserved")
    return validate_name("domain", name)


def validate_name(kind: str, name: str) -> str:
    """Return the name in NFC. Raises `InvalidInput` if no agent or domain, here or in the cloud, can have it."""
    if not name:
        raise _bad_name(kind, name, "it is empty")
    name = composed(name) if len(name) <= _COMPOSED_LENGTH else name
    if len(name) > MAX_NAME_LENGTH:
        raise _bad_name(kind, name, f"it has {len(name)} characters; {MAX_NAME_LENGTH} are allowed")
    if name != name.strip():
        raise _bad_name(kind, name, "it starts or ends with a space")
    if not _printable(name):
        raise _bad_name(kind, name, "it has a control or invisible character")
    if found := sorted(set(name) & set("/\\?#")):
        raise _bad_name(kind, name, f"it has {' and '.join(found)}")
    return name


def _refuse_no_text(kind: str, name: object) -> None:
    if not isinstance(name, str):
        raise InvalidInput(f"{kind}: expected text, got {shown(name)}")


def _printable(name: str) -> bool:
    if name.isascii():
        return name.isprintable()
    import unicodedata

    return not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in name)


def _bad_name(kind: str, name: str, reason: str) -> InvalidInput:
    return InvalidInput(
        f"{_shown(name)} can't name {'an' if kind == 'agent' else 'a'} {kind}: {reason}",
        hint=f"a name has 1 to {MAX_NAME_LENGTH} characters, none of / \\ ? # and no control characters",
    )


def _shown(name: str) -> str:
    escaped = ascii(name[:40])
    return escaped if len(name) <= 40 else f"{escaped}..."


def _agent_or_any(name: str) -> str:
    return name if name == ANY_AGENT else validate_agent_name(name)


def _listed(key: str, names: Iterable[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        raise InvalidInput(f"{key} must be a list of names", hint=f'write ["{one_line(names, 40)}"]')
    return tuple(dict.fromkeys(names))


def _domains(key: str, given: Iterable[str | Domain]) -> tuple[Domain, ...]:
    if isinstance(given, str):
        raise InvalidInput(f"{key} must be a list of domains", hint=f'write ["{one_line(given, 40)}"]')
    domains = [Domain(domain) if isinstance(domain, str) else domain for domain in given]
    return tuple({domain.name: domain for domain in reversed(domains)}.values())[::-1]


# Hints


def _allowed_hint(scope: MemoryScope) -> str:
    if scope.can_learn:
        return f"{scope.agent} may learn {enumerated(scope.named_domains) or 'nothing'}"
    return f"{scope.agent} may learn anything but {enumerated(d.name for d in scope.cannot_learn)}"
