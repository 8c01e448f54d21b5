"""`alma remember`: keep a fact."""

from typing import Annotated

from alma_cli.api.arguments import named_agent
from alma_cli.cli.add import Source, knowledge
from alma_cli.cli.inputs import MemoryToChange
from alma_cli.cli.options import Agent, DomainOption, ProjectWide, Yes, argument
from alma_cli.cli.output import Reply


def remember(
    alma: MemoryToChange,
    text: Annotated[str | None, argument("TEXT", "The fact (- is stdin).")] = None,
    agent: Agent = None,
    project_wide: ProjectWide = False,
    domain: DomainOption = None,
    source: Source = "",
    yes: Yes = False,
) -> Reply:
    """Keep a fact: short for `alma add knowledge`.

    Where it isn't clear which agent is meant, it is kept for the whole project.

    \b
    Examples:
      alma remember "The staging API allows 100 requests a minute"
      alma remember "Node 20 is the oldest version we run on" --project-wide
    """
    is_nobodys = agent is None and named_agent(alma.config, None) is None
    return knowledge(
        alma,
        text,
        agent=agent,
        project_wide=project_wide or is_nobodys,
        domain=domain,
        source=source,
    )
