"""`alma agents`: who may learn what, and what each learned and sees."""

from collections.abc import Iterable

from alma_cli.api.overview import AgentView
from alma_cli.cli.inputs import open_alma
from alma_cli.cli.options import Dir, Json, Verbose, Wait
from alma_cli.cli.output import Reply, Table
from alma_cli.core.records import JsonValue
from alma_cli.core.scopes.scope import Domain


def agents(wait: Wait = None, directory: Dir = None, verbose: Verbose = False, json: Json = False) -> Reply:
    """Show each agent's scope, what it learned, how its outcomes ended, and what its present scope hides.

    Rules are heuristics, avoid are anti-patterns: derived from outcomes, or authored.

    \b
    Examples:
      alma agents
      alma agents --json
    """
    found = open_alma(directory, wait).agents()
    rows = [
        (
            view.scope.agent,
            _names(view.scope.can_learn) or "anything",
            _names(view.scope.cannot_learn) or "-",
            f"{view.learned:,}",
            f"{view.heuristics:,}",
            f"{view.anti_patterns:,}",
            ", ".join(f"{count:,} {result}" for result, count in view.results.items()) or "-",
            f"{view.seen:,}",
            f"{view.hidden:,}",
        )
        for view in found
    ]
    headings = ("agent", "may learn", "may not", "memories", "rules", "avoid", "outcomes", "sees of others", "hidden")
    return Reply(
        data={"agents": [_data(view) for view in found]},
        tables=[Table(headings=headings, rows=rows, flexible=[1, 2, 4])] if rows else [],
        told=[] if rows else ['any agent may learn anything ("*" in the configuration), and none has yet'],
        json=json,
    )


def _names(domains: Iterable[Domain]) -> str:
    return ", ".join(domain.name for domain in domains)


def _data(view: AgentView) -> dict[str, JsonValue]:
    scope = view.scope
    return {
        "agent": scope.agent,
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
