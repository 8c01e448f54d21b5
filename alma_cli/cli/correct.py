"""`alma correct`: put right what a memory says."""

from collections.abc import Sequence
from typing import Annotated

from alma_cli.api.author import Corrected
from alma_cli.cli.inputs import MemoryToChange, text_or_stdin
from alma_cli.cli.options import Id, argument, option
from alma_cli.cli.output import Reply, id_for_stdout
from alma_cli.cli.rule_changes import told_of
from alma_cli.core.codec import to_json
from alma_cli.core.records import GENERAL_WORDS, JsonValue
from alma_cli.core.text import SHORT_ID


def correct(
    alma: MemoryToChange,
    id: Id,
    text: Annotated[str | None, argument("TEXT", "The right text (- is stdin): task, condition, fact ...")] = None,
    outcome: Annotated[str | None, option("--outcome RESULT", "How it ended: success, failure or partial.")] = None,
    strategy: Annotated[str | None, option("--strategy TEXT", "How it was done.")] = None,
    task: Annotated[str | None, option("--task TEXT", "What was to be done.")] = None,
    error: Annotated[str | None, option("--error TEXT", "What went wrong.")] = None,
    feedback: Annotated[str | None, option("--feedback TEXT", "What was said of it.")] = None,
    when: Annotated[
        str | None, option("--when SITUATION", f"The kind of situation, at most {GENERAL_WORDS} characters.")
    ] = None,
    do: Annotated[
        str | None, option("--do APPROACH", f"The decisive step, at most {GENERAL_WORDS} characters.")
    ] = None,
    domain: Annotated[str | None, option("--domain NAME", "What it is about.")] = None,
) -> Reply:
    """Put right what a memory says: its main text, or fields of it. An empty value takes a field out.

    The old version stays in `alma log ID`. A derived memory is hidden by one that says what is right instead; rules
    that grew out of a corrected outcome are derived again. `alma edit ID` shows all that can be changed.

    \b
    Examples:
      alma correct 3fa9c2d1 "Test the sign-in form"
      alma correct 3fa9c2d1 --outcome failure --error "timed out on CI"
      alma correct 3fa9c2d1 --when "a test needs the date" --do "freeze the clock"
    """
    given: dict[str, str | None] = {
        "outcome": outcome,
        "strategy": strategy,
        "task": task,
        "error": error,
        "feedback": feedback,
        "when": when,
        "do": do,
        "domain": domain,
    }
    changes: dict[str, JsonValue] = {name: value for name, value in given.items() if value is not None}
    if text is not None or not changes:
        text = text_or_stdin("TEXT", text)
    corrected = alma.correct(id, text, **changes)
    return reply_of(corrected)


def reply_of(corrected: Corrected) -> Reply:
    """What became of a correction."""
    record, short = corrected.record, corrected.record.id[:SHORT_ID]
    if corrected.hides:
        told = f"added {short}, which hides what was derived as {corrected.hides[:SHORT_ID]}"
    elif corrected.changed:
        told = f"replaced the {_listed(corrected.changed)}; `alma log {short}` has the old one"
    else:
        told = f"nothing changed: {short} says that already"
    return Reply(
        data={
            **to_json(record),
            "changed": [*corrected.changed],
            "hides": corrected.hides or None,
            "queued": corrected.queued,
        },
        text=id_for_stdout(record.id),
        told=[told, *told_of(corrected.derived)],
        warnings=corrected.warnings,
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
