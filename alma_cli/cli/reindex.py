"""`alma reindex`: vectors by the configured model."""

from typing import Annotated

from alma_cli.cli.inputs import MemoryToChange
from alma_cli.cli.options import Json, option
from alma_cli.cli.output import Reply, progress
from alma_cli.core.text import counted


def reindex(
    alma: MemoryToChange,
    everything: Annotated[bool, option("--all", "Those that have a vector too.")] = False,
    json: Json = False,
) -> Reply:
    """Give memories vectors by the configured embedding model, and derive heuristics and anti-patterns again.

    Needed after embedding.model or a key of learning was changed. An interrupted run goes on where it stopped.

    \b
    Examples:
      alma reindex
      alma reindex --all
    """
    with progress("embedding", total=alma.outdated(everything=everything), quiet=json) as advance:
        done = alma.reindex(everything=everything, on_progress=advance)
    with progress("deriving", total=None, quiet=json) as advance:
        changed = alma.derive_all(on_progress=advance)
    return Reply(
        data={"embedded": done, "derived_changed": changed, "model": alma.config.embedding.model},
        told=[
            f"embedded {counted(done, 'memory', 'memories')} with {alma.config.embedding.model}",
            f"derived everything again: {counted(changed, 'derived memory', 'derived memories')} changed",
        ],
    )
