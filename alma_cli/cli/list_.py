"""`alma list`: memories, newest first."""

from typing import Annotated, Literal

from alma_cli.cli.filters import Chosen, Limit, Long, Offset, excluding, unknown
from alma_cli.cli.inputs import Memory
from alma_cli.cli.memory_table import memory_table
from alma_cli.cli.options import option
from alma_cli.cli.output import Reply
from alma_cli.core.codec import to_json
from alma_cli.core.records import RETRIEVED_KINDS


def list(
    alma: Memory,
    chosen: Chosen,
    containing: Annotated[str | None, option("--containing TEXT", "Only those with this text, in any case.")] = None,
    archived: Annotated[bool, option("--archived", "Those that retrieve no longer considers.")] = False,
    sort: Annotated[Literal["newest", "oldest"], option("--sort ORDER", "newest or oldest.")] = ("newest"),
    limit: Limit = 50,
    offset: Offset = 0,
    long: Long = False,
) -> Reply:
    """List memories, newest first; piped, one tab-separated line each, with the whole id.

    \b
    Examples:
      alma list --outcome failure --since 7d
      alma list --agent helena --kind rules
      alma list --containing timeout --json
    """
    chosen["kinds"], chosen["containing"] = chosen["kinds"] or RETRIEVED_KINDS, containing
    if archived and chosen["archived"] is not None:
        chosen["archived"] = True
    one_more = limit + 1 if limit > 0 else limit
    found = alma.memories(**chosen, sort=sort, limit=one_more, offset=offset)
    shown = found[:limit]
    told = [f"only {limit}; --limit shows more, --offset {offset + limit} the next"] if len(found) > limit else []
    if not shown:
        past = " (--offset leaves out all there are)" if offset and alma.memories(**chosen, limit=1) else ""
        told = [f"no memories{past or excluding(alma, chosen)}"]
    return Reply(
        data={"memories": [to_json(record) for record in shown], "more": len(found) > limit},
        tables=[memory_table(shown, long=long)] if shown else [],
        told=told,
        warnings=[] if shown else unknown(alma, chosen),
    )
