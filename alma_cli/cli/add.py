"""`alma add`: memories that a person writes."""

from typing import Annotated, NamedTuple

from alma_cli.api import ALMA
from alma_cli.api.arguments import agent_of
from alma_cli.api.author import AuthoredKind, AuthoredOptions
from alma_cli.cli.inputs import MemoryToChange, text_or_stdin
from alma_cli.cli.options import Agent, DomainOption, ProjectWide, argument, option
from alma_cli.cli.output import Reply, id_for_stdout
from alma_cli.cli.signatures import MadeBy
from alma_cli.core.records import PROJECT_AGENT
from alma_cli.core.text import SHORT_ID
from alma_cli.errors import InvalidInput

Source = Annotated[str, option("--source TEXT", "Where it comes from.")]
Confidence = Annotated[float | None, option("--confidence 0..1", "How sure it is [1; heuristics 0.5].")]


class Placing(NamedTuple):
    """Whose a memory is to be, and about what."""

    agent: str | None = None
    project_wide: bool = False
    domain: str | None = None


def _place(agent: Agent = None, project_wide: ProjectWide = False, domain: DomainOption = None) -> Placing:
    return Placing(agent, project_wide, domain)


Placed = Annotated[Placing, MadeBy(_place)]


def preference(
    alma: MemoryToChange,
    place: Placed,
    text: Annotated[str | None, argument("TEXT", "The constraint or style (- is stdin).")] = None,
    user: Annotated[str, option("--user ID", "Whose it is [everybody's].", envvar="ALMA_USER")] = "",
    category: Annotated[str, option("--category TEXT", "What it is about, in a word.")] = "",
    source: Source = "",
    confidence: Confidence = None,
) -> Reply:
    """Keep a user's constraint or style. It is project-wide unless --agent is given.

    \b
    Examples:
      alma add preference "Write commit messages in English" --category style
      alma add preference "Never force-push" --user ana --category git
    """
    options: AuthoredOptions = {"user": user, "category": category, "source": source, "confidence": confidence}
    return _added(alma, "preference", text, place, options, owner=PROJECT_AGENT)


def knowledge(
    alma: MemoryToChange,
    place: Placed,
    text: Annotated[str | None, argument("TEXT", "The fact (- is stdin).")] = None,
    source: Source = "",
    confidence: Confidence = None,
) -> Reply:
    """Keep a fact.

    \b
    Examples:
      alma add knowledge "The staging API allows 100 requests a minute" \\
          --agent victor --source runbook
      alma add knowledge "Node 20 is the oldest version we run on" --project-wide
    """
    return _added(alma, "knowledge", text, place, {"source": source, "confidence": confidence})


def heuristic(
    alma: MemoryToChange,
    place: Placed,
    text: Annotated[str | None, argument("TEXT", "The condition (- is stdin).")] = None,
    strategy: Annotated[str, option("--strategy TEXT", "What works then.")] = "",
    confidence: Confidence = None,
) -> Reply:
    """Keep a rule: when TEXT, the strategy works.

    \b
    Examples:
      alma add heuristic "a selector breaks after every release" \\
          --strategy "use data-testid" --agent helena
    """
    return _added(alma, "heuristic", text, place, {"strategy": strategy, "confidence": confidence})


def anti_pattern(
    alma: MemoryToChange,
    place: Placed,
    text: Annotated[str | None, argument("TEXT", "What not to do (- is stdin).")] = None,
    why: Annotated[str, option("--why TEXT", "Why it is bad.")] = "",
    instead: Annotated[str, option("--instead TEXT", "What works better.")] = "",
) -> Reply:
    """Keep what not to do, why, and what works better instead.

    \b
    Examples:
      alma add anti-pattern "sleeping before a click" --why "flaky on CI" \\
          --instead "wait for the element" --agent helena
    """
    return _added(alma, "anti_pattern", text, place, {"why_bad": why, "better_alternative": instead})


def _added(
    alma: ALMA, kind: AuthoredKind, text: str | None, place: Placing, options: AuthoredOptions, *, owner: str = ""
) -> Reply:
    """Add a memory, for its owner unless an agent is named."""
    if place.project_wide and place.agent:
        raise InvalidInput("--agent and --project-wide exclude each other")
    text = text_or_stdin("TEXT", text)
    options["agent"] = PROJECT_AGENT if place.project_wide else place.agent or owner or agent_of(alma.config, None)
    options["domain"] = place.domain
    added = alma.add(kind, text, **options)
    told_kind = kind.replace("_", "-")
    if added.same_as:
        told = [f"the same {told_kind} is there already, as {added.same_as[:SHORT_ID]}; nothing was added"]
    else:
        told = [f"added the {told_kind} in {added.domain}"]
        if added.hides:
            told += [f"it stands in the place of {added.hides[:SHORT_ID]}, which outcomes taught; they still count"]
        told += [f"it says nearly the same as {id[:SHORT_ID]}: `alma show {id[:SHORT_ID]}`" for id in added.similar]
    return Reply(data=added.to_json(), text=id_for_stdout(added.id), told=told, warnings=added.warnings)
