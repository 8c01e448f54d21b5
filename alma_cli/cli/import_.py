"""`alma import`: memories from NDJSON, and facts from Markdown."""

from collections.abc import Iterable
from typing import Annotated

from alma_cli.api.markdown import as_records, facts_of, is_markdown
from alma_cli.cli.batches import batch_reply, forgotten_line
from alma_cli.cli.inputs import MemoryToChange
from alma_cli.cli.ndjson import count_lines, numbered_values
from alma_cli.cli.options import Json, argument, option
from alma_cli.cli.output import Reply, progress
from alma_cli.core.records import PROJECT_AGENT, JsonValue
from alma_cli.core.text import counted, one_line
from alma_cli.errors import AlmaError, InvalidUsage


def import_(
    alma: MemoryToChange,
    file: Annotated[str, argument("FILE|-", "One JSON object a line (- is stdin); or Markdown, or a folder of it.")],
    agent: Annotated[str | None, option("--agent -a NAME", "Whose the facts of Markdown are [everybody's].")] = None,
    dry_run: Annotated[bool, option("--dry-run", "Of Markdown, only show what would be taken.")] = False,
    json: Json = False,
) -> Reply:
    """Read memories as `alma export` writes them: each once, by its id or its words; what was forgotten stays so.

    Of Markdown (CLAUDE.md, AGENTS.md, notes) each bullet and each short paragraph is kept as a fact, with its page and
    heading as the source: no code, tables, links alone, nor ALMA's own block.

    A line needs only its kind and that kind's main fields; the rest is filled in. Bad lines are reported with their
    number, and the others kept.

    \b
    Examples:
      alma import memories.ndjson
      echo '{"kind": "knowledge", "agent": "a", "fact": "CI has two cores"}' \\
          | alma import -
      alma import CLAUDE.md --dry-run
    """
    lines: Iterable[tuple[int, JsonValue | AlmaError]]
    total: int | None
    if is_markdown(file):
        facts = facts_of(file, str(alma.project.root))
        lines, total = as_records(facts, alma.config.project_id, agent or PROJECT_AGENT), len(facts)
        if dry_run:
            return Reply(
                lines=[f"{page}:{fact.line}\t{one_line(fact.text)}" for page, fact in facts],
                data={"would_import": [{"page": page, **fact._asdict()} for page, fact in facts]},
                told=[f"would take {counted(len(facts), 'fact', 'facts')}, but for those that are known"],
            )
    elif dry_run or agent:
        raise InvalidUsage("--agent and --dry-run are for Markdown", hint="a line of NDJSON says whose it is")
    else:
        lines, total = numbered_values(file), count_lines(file)
    with progress("importing", total=total, quiet=json) as advance:
        done = alma.import_(lines, on_progress=advance)
    told = [f"imported {counted(done.imported + done.queued, 'memory', 'memories')}"]
    told += [f"{counted(done.present, 'was', 'were')} there already"] if done.present else []
    told += forgotten_line(done.forgotten)
    told += (
        [f"{counted(done.derived, 'derived one was', 'derived ones were')} left out, to be derived again"]
        if done.derived
        else []
    )
    return batch_reply(
        told,
        done,
        imported=done.imported,
        queued=done.queued,
        present=done.present,
        forgotten=done.forgotten,
        derived=done.derived,
    )
