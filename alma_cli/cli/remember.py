"""`alma remember`: keep a fact."""

from typing import Annotated

from alma_cli.api.arguments import named_agent
from alma_cli.cli.add import Placed, Source, knowledge
from alma_cli.cli.inputs import MemoryToChange
from alma_cli.cli.options import argument
from alma_cli.cli.output import Reply


def remember(
    alma: MemoryToChange,
    place: Placed,
    text: Annotated[str | None, argument("TEXT", "The fact (- is stdin).")] = None,
    source: Source = "",
) -> Reply:
    """Keep a fact: short for `alma add knowledge`.

    Where it isn't clear which agent is meant, it is kept for the whole project.

    \b
    Examples:
      alma remember "The staging API allows 100 requests a minute"
      alma remember "Node 20 is the oldest version we run on" --project-wide
    """
    is_nobodys = place.agent is None and named_agent(alma.config, None) is None
    return knowledge(alma, place._replace(project_wide=place.project_wide or is_nobodys), text, source)
