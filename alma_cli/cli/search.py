"""`alma search`: look for memories of any kind and any agent."""

import os
from typing import Annotated, Literal

from alma_cli.cli.filters import Chosen, Limit, Long, Offset, unknown
from alma_cli.cli.inputs import Memory, text_or_stdin
from alma_cli.cli.memory_table import memory_table
from alma_cli.cli.options import argument, option
from alma_cli.cli.output import Reply
from alma_cli.core.codec import to_json
from alma_cli.core.text import counted


def search(
    alma: Memory,
    chosen: Chosen,
    words: Annotated[list[str] | None, argument("WORDS", "What to look for (- or a pipe: stdin).")] = None,
    sort: Annotated[
        Literal["relevance", "newest", "oldest"], option("--sort ORDER", "relevance, newest or oldest.")
    ] = "relevance",
    limit: Limit = 20,
    offset: Offset = 0,
    long: Long = False,
) -> Reply:
    """Search memories of all kinds and agents for WORDS: by meaning, by words, and letter by letter.

    Where ALMA_AGENT is set, only what that agent sees is searched. When nothing is about the words, the nearest are
    shown, and it is said.

    \b
    Examples:
      alma search login form
      alma search "flaky test" --kind rules --agent helena
      alma search timeout --outcome failure --since 30d --sort newest
    """
    given = " ".join(words) if words else None
    found = alma.search(
        text_or_stdin("WORDS", given),
        viewer=os.environ.get("ALMA_AGENT") or None,
        viewing_user=os.environ.get("ALMA_USER", ""),
        sort=sort,
        limit=limit,
        offset=offset,
        **chosen,
    )
    shown = [each.record for each in found.memories]
    told = [f"nothing is about this among {counted(found.considered, 'memory', 'memories')}"] if not found.sure else []
    told += ["these are the nearest"] if shown and not found.sure else []
    told += [f"only {limit}; --limit shows more, --offset {offset + limit} the next"] if found.more else []
    return Reply(
        data={
            "memories": [
                {**to_json(each.record), "similarity": round(each.similarity, 6), "text": each.record.text}
                for each in found.memories
            ],
            "considered": found.considered,
            "sure": found.sure,
            "more": found.more,
        },
        tables=[memory_table(shown, long=long)] if shown else [],
        told=told,
        warnings=[*found.warnings, *([] if shown else unknown(alma, chosen))],
    )
