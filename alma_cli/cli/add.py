"""`alma add`: memories that a person writes."""

from typing import Annotated

from alma_cli.api.author import Authored
from alma_cli.cli.inputs import MemoryToChange, owner, text_or_stdin
from alma_cli.cli.options import Agent, DomainOption, ProjectWide, argument, option
from alma_cli.cli.output import Reply, id_for_stdout
from alma_cli.core.records import PROJECT_AGENT
from alma_cli.core.retrieval.prompt import SHORT_ID

Source = Annotated[str, option("--source TEXT", "Where it comes from.")]
Confidence = Annotated[float | None, option("--confidence 0..1", "How sure it is [1; heuristics 0.5].")]


def preference(
    alma: MemoryToChange,
    text: Annotated[str | None, argument("TEXT", "The constraint or style (- is stdin).")] = None,
    user: Annotated[str, option("--user ID", "Whose it is [everybody's].", envvar="ALMA_USER")] = "",
    category: Annotated[str, option("--category TEXT", "What it is about, in a word.")] = "",
    agent: Agent = None,
    project_wide: ProjectWide = False,
    domain: DomainOption = None,
    source: Source = "",
    confidence: Confidence = None,
) -> Reply:
    """Keep a user's constraint or style. It is project-wide unless --agent is given.

    \b
    Examples:
      alma add preference "Write commit messages in English" --category style
      alma add preference "Never force-push" --user ana --category git
    """
    added = alma.add_preference(
        text_or_stdin("TEXT", text),
        agent=owner(alma, agent, project_wide=project_wide, default=PROJECT_AGENT),
        domain=domain,
        user=user,
        category=category,
        source=source,
        confidence=confidence,
    )
    return _reply(added)


def knowledge(
    alma: MemoryToChange,
    text: Annotated[str | None, argument("TEXT", "The fact (- is stdin).")] = None,
    agent: Agent = None,
    project_wide: ProjectWide = False,
    domain: DomainOption = None,
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
    added = alma.add_knowledge(
        text_or_stdin("TEXT", text),
        agent=owner(alma, agent, project_wide=project_wide),
        domain=domain,
        source=source,
        confidence=confidence,
    )
    return _reply(added)


def heuristic(
    alma: MemoryToChange,
    text: Annotated[str | None, argument("TEXT", "The condition (- is stdin).")] = None,
    strategy: Annotated[str, option("--strategy TEXT", "What works then.")] = "",
    agent: Agent = None,
    project_wide: ProjectWide = False,
    domain: DomainOption = None,
    confidence: Confidence = None,
) -> Reply:
    """Keep a rule: when TEXT, the strategy works.

    \b
    Examples:
      alma add heuristic "a selector breaks after every release" \\
          --strategy "use data-testid" --agent helena
    """
    added = alma.add_heuristic(
        text_or_stdin("TEXT", text),
        strategy,
        agent=owner(alma, agent, project_wide=project_wide),
        domain=domain,
        confidence=confidence,
    )
    return _reply(added)


def anti_pattern(
    alma: MemoryToChange,
    text: Annotated[str | None, argument("TEXT", "What not to do (- is stdin).")] = None,
    why: Annotated[str, option("--why TEXT", "Why it is bad.")] = "",
    instead: Annotated[str, option("--instead TEXT", "What works better.")] = "",
    agent: Agent = None,
    project_wide: ProjectWide = False,
    domain: DomainOption = None,
) -> Reply:
    """Keep what not to do, why, and what works better instead.

    \b
    Examples:
      alma add anti-pattern "sleeping before a click" --why "flaky on CI" \\
          --instead "wait for the element" --agent helena
    """
    added = alma.add_anti_pattern(
        text_or_stdin("TEXT", text),
        why_bad=why,
        better_alternative=instead,
        agent=owner(alma, agent, project_wide=project_wide),
        domain=domain,
    )
    return _reply(added)


def _reply(added: Authored) -> Reply:
    kind = added.kind.replace("_", "-")
    if added.same_as:
        told = [f"the same {kind} is there already, as {added.same_as[:SHORT_ID]}; nothing was added"]
    else:
        told = [f"added the {kind} in {added.domain}"]
        if added.hides:
            told += [f"it stands in the place of {added.hides[:SHORT_ID]}, which outcomes taught; they still count"]
        told += [f"it says nearly the same as {id[:SHORT_ID]}: `alma show {id[:SHORT_ID]}`" for id in added.similar]
    return Reply(data=added.to_json(), text=id_for_stdout(added.id), told=told, warnings=added.warnings)
