"""`alma feedback`: say that a memory helped or misled."""

from typing import Annotated

from alma_cli.cli.inputs import MemoryToChange
from alma_cli.cli.options import Id, option
from alma_cli.cli.output import Reply, id_for_stdout
from alma_cli.core.codec import to_json
from alma_cli.core.text import SHORT_ID
from alma_cli.errors import InvalidUsage


def feedback(
    alma: MemoryToChange,
    id: Id,
    helped: Annotated[bool, option("--helped", "It was of use.")] = False,
    misled: Annotated[bool, option("--misled", "It led astray.")] = False,
) -> Reply:
    """Say that a retrieved memory helped or misled: it moves up or down a little in later retrieves.

    \b
    Examples:
      alma feedback 3fa9c2d1 --helped
      alma feedback 3fa9c2d1 --misled
    """
    if helped == misled:
        raise InvalidUsage("give either --helped or --misled", hint="alma feedback ID --helped")
    credited = alma.feedback(id, helped=helped)
    credit = credited.record
    return Reply(
        data={**to_json(credit), "queued": credited.queued},
        text=id_for_stdout(credit.id),
        told=[f"noted that {credit.target[:SHORT_ID]} {'helped' if helped else 'misled'}"],
        warnings=credited.warnings,
    )
