"""`alma correct`: replace a memory's text."""

from typing import Annotated

import typer

from alma_cli.cli.inputs import open_alma, text_or_stdin
from alma_cli.cli.options import Dir, Json, Verbose, Wait, Yes
from alma_cli.cli.output import Reply
from alma_cli.core.codec import to_json
from alma_cli.core.records import MAIN_FIELDS
from alma_cli.core.retrieval.prompt import SHORT_ID


def correct(
    id: Annotated[str, typer.Argument(metavar="ID", help="The memory's id, or the start of it.")],
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="The right text (- is stdin).")] = None,
    wait: Wait = None,
    directory: Dir = None,
    verbose: Verbose = False,
    yes: Yes = False,
    json: Json = False,
) -> Reply:
    """Replace the main text of a memory: an outcome's task, a heuristic's condition, a fact, and so on.

    The old version stays in `alma log ID`. A derived memory is hidden by one that says what is right instead.

    \b
    Examples:
      alma correct 3fa9c2d1 "Test the sign-in form"
    """
    corrected = open_alma(directory, wait).correct(id, text_or_stdin("TEXT", text))
    record = corrected.record
    told = f"replaced the {MAIN_FIELDS[record.kind]}; `alma log {record.id[:SHORT_ID]}` has the old one"
    if corrected.hides:
        told = f"added {record.id[:SHORT_ID]}, which hides what was derived as {corrected.hides[:SHORT_ID]}"
    return Reply(
        data={**to_json(record), "queued": corrected.queued},
        text=record.id,
        told=[told],
        warnings=corrected.warnings,
        json=json,
    )
