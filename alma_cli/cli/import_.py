"""`alma import`: memories from NDJSON."""

from typing import Annotated

import typer

from alma_cli.cli.inputs import open_alma
from alma_cli.cli.learn import refusal
from alma_cli.cli.ndjson import count_lines, listed_refusals, numbered_values
from alma_cli.cli.options import Dir, Json, Verbose, Wait, Yes
from alma_cli.cli.output import Reply, error_json, progress
from alma_cli.core.text import counted


def import_(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="One JSON object a line (- is stdin).")],
    wait: Wait = None,
    directory: Dir = None,
    verbose: Verbose = False,
    yes: Yes = False,
    json: Json = False,
) -> Reply:
    """Read memories as `alma export` writes them. Each is stored once by its id; what was forgotten stays so.

    A line needs only its kind and that kind's main fields; the rest is filled in. Bad lines are reported with their
    number, and the others kept.

    \b
    Examples:
      alma import memories.ndjson
      echo '{"kind": "knowledge", "agent": "a", "fact": "CI has two cores"}' \\
          | alma import -
    """
    alma = open_alma(directory, wait)
    lines = numbered_values(file)
    with progress("importing", total=count_lines(file), quiet=json) as advance:
        done = alma.import_(lines, on_progress=advance)
    told = [f"imported {counted(done.imported + done.queued, 'memory', 'memories')}"]
    told += [f"{done.present:,} were there already"] if done.present else []
    told += [f"{done.forgotten:,} had been forgotten and stay so"] if done.forgotten else []
    told += [f"{done.derived:,} derived ones were left out: they are derived again"] if done.derived else []
    refused, more = listed_refusals(done.refused)
    told += [f"line {one.line}: {one.error.message}" for one in refused]
    told += [f"and {counted(more, 'other line', 'other lines')}"] if more else []
    return Reply(
        data={
            "imported": done.imported,
            "queued": done.queued,
            "present": done.present,
            "forgotten": done.forgotten,
            "derived": done.derived,
            "refused": [{"line": one.line, **error_json(one.error)} for one in refused],
        },
        told=told,
        warnings=done.warnings,
        error=refusal([refused.error for refused in done.refused]),
        json=json,
    )
