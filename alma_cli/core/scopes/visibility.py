"""The memories that an agent sees.

It sees its own, those of agents it inherits from, those of agents that share with it (not transitively), and
project-wide ones; never a domain that its own `cannot_learn` names or that the owner's present scope forbids.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from alma_cli.core.records import GENERAL_DOMAIN, PROJECT_AGENT
from alma_cli.core.scopes.scope import ANY_AGENT, MemoryScope, scope_for


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The memories of one agent that are seen: in the domains of `only` (None is all), and in none of `never`.

    If `agent` is None, the memories of every agent but those in `besides`.
    """

    agent: str | None
    besides: frozenset[str] = frozenset()
    only: frozenset[str] | None = None
    never: frozenset[str] = frozenset()

    def shows(self, agent: str, domain: str) -> bool:
        """True when a memory of this agent in this domain is seen through this view."""
        seen = agent not in self.besides if self.agent is None else agent == self.agent
        return seen and domain not in self.never and (self.only is None or domain in self.only)


def views(scope: MemoryScope, agents: Mapping[str, MemoryScope]) -> tuple[View, ...]:
    """The views of the agent of `scope`, given every scope of the configuration."""
    named = [agent for agent in agents if agent not in (ANY_AGENT, PROJECT_AGENT)]
    seen = {scope.agent: scope}
    for agent in dict.fromkeys((*named, *scope.inherit_from)):
        if agent in (ANY_AGENT, PROJECT_AGENT) or (agent not in agents and ANY_AGENT not in agents):
            continue
        theirs = scope_for(agent, agents)
        if scope.inherits_from(agent) or theirs.shares_with(scope.agent):
            seen.setdefault(agent, theirs)
    found = [_view(agent, theirs, viewer=scope) for agent, theirs in seen.items()]
    found.append(_view(PROJECT_AGENT, scope_for(PROJECT_AGENT, agents), viewer=scope))
    everyone = agents.get(ANY_AGENT)
    if everyone is not None and (scope.inherits_from(ANY_AGENT) or everyone.shares_with(scope.agent)):
        found.append(_view(None, everyone, viewer=scope, besides=frozenset((*named, *seen, PROJECT_AGENT))))
    return tuple(dict.fromkeys(found))


def sees(found: tuple[View, ...], agent: str, domain: str) -> bool:
    """True when a memory of this agent in this domain is seen through any of the views."""
    return any(view.shows(agent, domain) for view in found)


def _view(agent: str | None, owner: MemoryScope, *, viewer: MemoryScope, besides: frozenset[str] = frozenset()) -> View:
    allowed = frozenset(domain.name for domain in owner.can_learn)
    never = frozenset(domain.name for domain in (*owner.cannot_learn, *viewer.cannot_learn))
    return View(agent=agent, besides=besides, only=allowed | {GENERAL_DOMAIN} if allowed else None, never=never)
