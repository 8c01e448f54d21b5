"""`alma agents`: who may learn what, and what each learned and sees."""

from collections.abc import Iterable, Iterator

from alma_cli.api.overview import AgentView
from alma_cli.cli.inputs import Memory
from alma_cli.cli.memory_table import results_told
from alma_cli.cli.options import Json
from alma_cli.cli.output import Reply, Table, labelled, on_terminal
from alma_cli.core.records import JsonValue
from alma_cli.core.scopes.scope import Domain
from alma_cli.core.text import counted


def agents(alma: Memory, json: Json = False) -> Reply:
    """Show each agent's scope, what it learned, how its outcomes ended, and what its present scope hides.

    Rules are heuristics, avoid are anti-patterns: derived from outcomes, or authored.

    \b
    Examples:
      alma agents
      alma agents --json
    """
    found = alma.agents()
    rows = [
        (
            view.scope.agent,
            _learns(view),
            _names(view.scope.cannot_learn) or "-",
            f"{view.learned:,}",
            f"{view.heuristics:,}",
            f"{view.anti_patterns:,}",
            results_told(view.results) or "-",
            f"{view.seen:,}",
            f"{view.hidden:,}",
        )
        for view in found
    ]
    if rows and on_terminal() and not json:
        return Reply(lines=labelled([line for view in found for line in _lines(view)]))
    headings = ("agent", "may learn", "may not", "memories", "rules", "avoid", "outcomes", "sees of others", "hidden")
    return Reply(
        data={"agents": [_data(view) for view in found]},
        tables=[Table(headings=headings, rows=rows, flexible=[1, 2, 4])] if rows else [],
        told=[] if rows else ['any agent may learn anything ("*" in the configuration), and none has yet'],
    )


def _lines(view: AgentView) -> Iterator[tuple[str, str]]:
    """The lines that a terminal shows of an agent."""
    kept = [counted(view.learned, "memory", "memories")]
    kept += [counted(view.heuristics, "rule", "rules")] if view.heuristics else []
    kept += [f"{view.anti_patterns:,} to avoid"] if view.anti_patterns else []
    kept += [results_told(view.results)] if view.results else []
    yield view.scope.agent, ", ".join(kept)
    never = f", but not {_names(view.scope.cannot_learn)}" if view.scope.cannot_learn else ""
    yield "", f"may learn {_learns(view)}{never}"
    others = [f"sees {view.seen:,} of others"] if view.seen else []
    others += [f"{view.hidden:,} of its own hidden by its scope"] if view.hidden else []
    if others:
        yield "", ", ".join(others)


def _learns(view: AgentView) -> str:
    return _names(view.scope.can_learn) or "anything" if view.may_learn else "nothing (not in the configuration)"


def _names(domains: Iterable[Domain]) -> str:
    return ", ".join(domain.name for domain in domains)


def _data(view: AgentView) -> dict[str, JsonValue]:
    scope = view.scope
    return {
        "agent": scope.agent,
        "may_learn": view.may_learn,
        "can_learn": [domain.name for domain in scope.can_learn],
        "cannot_learn": [domain.name for domain in scope.cannot_learn],
        "inherit_from": list(scope.inherit_from),
        "share_with": list(scope.share_with),
        "learned": view.learned,
        "heuristics": view.heuristics,
        "anti_patterns": view.anti_patterns,
        "outcomes": dict(view.results),
        "sees_of_others": view.seen,
        "hidden": view.hidden,
    }
