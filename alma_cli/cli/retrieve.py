"""`alma retrieve`: show what is worth knowing before a task."""

from collections.abc import Iterable
from typing import Annotated, Literal

from alma_cli.api.arguments import agent_of
from alma_cli.api.filters import kinds_of
from alma_cli.cli.filters import Long
from alma_cli.cli.inputs import Memory, piped, text_or_stdin
from alma_cli.cli.memory_table import line_of, word_of
from alma_cli.cli.options import Agent, Json, Kinds, When, argument, option
from alma_cli.cli.output import Reply, Table, on_terminal
from alma_cli.core.records import Heuristic, Outcome, Record
from alma_cli.core.retrieval.slices import Hit, MemorySlice
from alma_cli.core.text import counted


def retrieve(
    alma: Memory,
    task: Annotated[str | None, argument("TASK", "What is to be done (- or a pipe: stdin).")] = None,
    agent: Agent = None,
    when: When = "",
    top_k: Annotated[int | None, option("--top-k -k N", "At most so many of each kind [5].")] = None,
    user: Annotated[str, option("--user ID", "Whose preferences are wanted.", envvar="ALMA_USER")] = "",
    kind: Kinds = None,
    min_score: Annotated[float | None, option("--min-score 0..1", "Hide what scores less [0].")] = None,
    max_tokens: Annotated[int | None, option("--max-tokens N", "At most so many tokens together [2000].")] = None,
    output: Annotated[
        Literal["table", "prompt", "json"] | None,
        option("--format FORMAT", "table, prompt or json [table on a terminal, else prompt]."),
    ] = None,
    strict: Annotated[bool, option("--strict", "Only what surely fits, no maybes.")] = False,
    explain: Annotated[
        bool, option("--explain", "Show every term of every score, and the best that were left out.")
    ] = False,
    remote: Annotated[bool, option("--remote", "Ask the project's Cosmos DB; no memories are needed here.")] = False,
    long: Long = False,
    json: Json = False,
) -> Reply:
    """Show the few memories that are worth knowing before TASK.

    What not to do comes first, then what works, preferences, facts, and what happened before. Where nothing is sure to
    fit, the nearest (of three situations) are shown as "maybe", but not with --strict. An empty answer is no failure.

    Say the kind of situation too, in words that fit other tasks (--when), as `alma learn` is told it. What was learned
    in such situations is then found, in whatever words the task comes. The situation alone will do, too.

    \b
    Examples:
      alma retrieve "CardTest is red" --when "a test depends on today's date"
      alma retrieve "Test the login form validation" --agent helena
      alma retrieve "Test the login form" --format prompt --max-tokens 800
      git log -1 --format=%B | alma retrieve --agent victor --json
      alma retrieve "cancel a flight" --agent airline --explain
    """
    found = alma.retrieve(
        piped("TASK") if task is None and when else text_or_stdin("TASK", task),
        agent_of(alma.config, agent),
        top_k,
        when=when,
        user=user,
        kinds=kinds_of(kind or ()),
        min_score=min_score,
        max_tokens=max_tokens,
        strict=strict,
        explain=explain,
        remote=remote,
    )
    chosen = output or ("table" if on_terminal() else "prompt")
    if json or chosen == "json":
        return Reply(data=found.to_json(explain=explain), warnings=found.warnings, json=True)
    told = [] if found.sure or found.over_budget else [_nothing(found)]
    if chosen == "prompt":
        return Reply(text=found.to_prompt(found.tokens), told=told, tables=_explained(found), warnings=found.warnings)
    return Reply(tables=[*_table(found, long=long), *_explained(found)], told=told, warnings=found.warnings)


def _nothing(found: MemorySlice) -> str:
    among = f"among {counted(found.considered, 'memory', 'memories')}"
    if not len(found):
        return f"nothing relevant {among}"
    surer = "" if found.when else "; say its situation by --when to be surer"
    return f"nothing is sure to fit {among}, the nearest may{surer}"


def _table(found: MemorySlice, *, long: bool) -> Iterable[Table]:
    """One line each on a terminal; piped, or if it is to be `long`, with all columns and whole texts."""
    if not len(found):
        return []
    scores = [f"{hit.score:.2f}" if hit.sure else "maybe" for hit in found]
    if long or not on_terminal():
        rows = [
            (str(hit.kind).replace("_", "-"), score, f"{hit.similarity:.2f}", hit.id, hit.text)
            for hit, score in zip(found, scores, strict=True)
        ]
        return [Table(headings=("kind", "score", "sim", "id", "memory"), rows=rows, flexible=[4], id_column=3)]
    records = [hit.record for hit in found]
    lines = [
        (record.id, score, word_of(record), _advice(record)) for record, score in zip(records, scores, strict=True)
    ]
    headings = ("id", "score", "what", "memory")
    return [Table(headings=headings, rows=lines, flexible=[3], id_column=0, whole=False, first_to_go=[1, 2])]


def _advice(record: Record) -> str:
    """A memory with what to do first, since what it is about is what was asked."""
    match record:
        case Heuristic() if record.strategy:
            return f"{record.strategy} (when: {record.condition})"
        case Outcome() if record.strategy or record.do:
            return f"{record.strategy or record.do} ({record.task})"
        case _:
            return line_of(record)


def _explained(found: MemorySlice) -> list[Table]:
    """Why each hit scored as it did, and what was left out; empty unless asked for."""
    if not found.explained:
        return []
    hits = [(hit, "shown" if hit.sure else f"maybe: {hit.ranked.why_not}") for hit in found] + list(found.near_misses)
    rows = [row for hit, result in hits for row in _terms(hit, result)]
    return [Table(headings=("id", "", "value", "weight", "points", "measured"), rows=rows, flexible=[5], id_column=0)]


def _terms(hit: Hit, result: str) -> Iterable[tuple[str, ...]]:
    """A memory's score and what became of it, then a row for each term of the score."""
    ranked, candidate = hit.ranked, hit.ranked.candidate
    yield hit.id, "score", f"{hit.score:.3f}", "", "", result
    tries = candidate.pooled_occurrences
    measured = {
        "similarity": _signals(hit),
        "recency": f"{candidate.age_days:.1f} days old",
        "success": f"{candidate.pooled_successes:.1f} of {tries:.1f} in such tasks"
        if tries
        else _known(candidate.success),
        "confidence": _known(candidate.confidence),
        "credit": f"helped {candidate.credit:+d} times" if candidate.credit else "nobody said",
    }
    for term, points in zip(ranked.terms, ranked.points, strict=True):
        yield hit.id, term.name, f"{term.value:.3f}", f"{term.weight:g}", f"{points:.3f}", measured[term.name]


def _signals(hit: Hit) -> str:
    candidate = hit.ranked.candidate
    cosine = "no vector" if candidate.cosine is None else f"cosine {candidate.cosine:.2f} (#{hit.ranked.cosine_rank})"
    words = f"words {candidate.matched:.0%}, bm25 {candidate.bm25:.1f} (#{hit.ranked.keyword_rank})"
    rare = ", rare word" if candidate.rare_match else ""
    return f"sim {hit.similarity:.2f}: {cosine}; {words}{rare}; z {hit.ranked.terms[0].raw:.1f}"


def _known(value: float | None) -> str:
    return "not known" if value is None else f"{value:.2f}"
