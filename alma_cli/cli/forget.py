"""`alma forget`: remove memories for good."""

from typing import Annotated

import typer

from alma_cli.cli.options import Dir, Json, Wait, Yes, open_alma
from alma_cli.cli.output import Reply, confirmed
from alma_cli.core.prompt import SHORT_ID


def forget(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of memories, or the start of each.")],
    wait: Wait = None,
    directory: Dir = None,
    yes: Yes = False,
    json: Json = False,
) -> Reply:
    """Remove memories for good, with their text in history; what is left says only that they were there.

    If one of the ids isn't found, none is removed.

    \b
    Examples:
      alma forget 3fa9c2d1
      alma list --containing "wrong project" | cut -f1 | xargs alma forget --yes
    """
    alma = open_alma(directory, wait)
    if not confirmed(f"forget {'this memory' if len(ids) == 1 else f'these {len(ids)} memories'} for good?", yes=yes):
        return Reply(data={"forgotten": [], "queued": False}, told=["nothing was forgotten"], json=json)
    forgotten = alma.forget(ids)
    gone = [record.id for record in forgotten.records]
    return Reply(
        data={"forgotten": list(gone), "queued": forgotten.queued},
        told=[f"forgot {', '.join(id[:SHORT_ID] for id in gone)}"],
        warnings=forgotten.warnings,
        json=json,
    )
