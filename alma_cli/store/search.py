"""The signals of one retrieve, measured in SQL over every memory that the agent may see.

The filter comes first, then every candidate is scored exactly: cosine, and BM25 (Robertson and Zaragoza, "The
Probabilistic Relevance Framework", 2009; k1 = 1.2, b = 0.75) with the frequencies of the candidates themselves. The
best of each kind by each signal are handed over, with mean and deviation over all of them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from alma_cli.core.ranking import POOL_FROM, POOL_WHOLE, Candidate, Spread
from alma_cli.core.records import Kind
from alma_cli.core.visibility import View
from alma_cli.store.binding import vector_text

if TYPE_CHECKING:
    from _duckdb import DuckDBPyConnection as Connection

    from alma_cli.store.operations import Vector

_K1, _B = 1.2, 0.75
_SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is searched for: the task's vector and words, whose memories count, and the time now.

    `terms` are the task's words, `identifiers` those among them that count as rare when few memories have them;
    `per_signal` is how many of each kind are handed over by each signal. An outcome counts half as evidence when it is
    `evidence_half_life_days` older than the newest that counts.
    """

    vector: Vector | None
    model: str
    terms: Sequence[str]
    identifiers: Sequence[str]
    views: Sequence[View]
    kinds: Sequence[Kind]
    user_id: str
    now: datetime
    per_signal: int
    evidence_half_life_days: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The candidates handed over, how many there were, and how each signal spreads over all of them.

    `without_vector` counts those that could be compared by their words only.
    """

    candidates: Sequence[Candidate] = ()
    total: int = 0
    without_vector: int = 0
    cosine: Spread = field(default_factory=Spread)
    bm25: Spread = field(default_factory=Spread)


def search(connection: Connection, wanted: Search) -> Found:
    """Measure the signals of every visible memory and hand over the best."""
    seen, asked, parameters = _visible(wanted)
    cosine = "NULL::FLOAT"
    if wanted.vector is not None:
        cosine = (
            "CASE WHEN embedding_model = $model THEN "
            f"array_cosine_similarity(embedding, $vector::VARCHAR::FLOAT[{len(wanted.vector)}]) END"
        )
        parameters |= {"model": wanted.model, "vector": vector_text(wanted.vector)}
    parameters |= {
        "terms": json.dumps(list(wanted.terms)),
        "identifiers": json.dumps(list(wanted.identifiers)),
        "per_signal": wanted.per_signal,
        "evidence_half_life_s": wanted.evidence_half_life_days * _SECONDS_PER_DAY,
        "now": wanted.now.astimezone(UTC).replace(tzinfo=None),
    }
    sql = _SEARCH.format(
        cosine=cosine,
        seen=seen,
        asked=asked,
        terms=_list("terms"),
        identifiers=_list("identifiers"),
        k1=_K1,
        b=_B,
        pool_from=POOL_FROM,
        pool_whole=POOL_WHOLE,
    )
    rows = connection.execute(sql, parameters).fetchall()
    if not rows:
        return Found()
    total, with_vector, cosine_mean, cosine_deviation, bm25_mean, bm25_deviation = rows[0][:6]
    return Found(
        candidates=[_candidate(row[6:]) for row in rows],
        total=total,
        without_vector=total - with_vector,
        cosine=Spread(mean=cosine_mean or 0.0, deviation=cosine_deviation or 0.0),
        bm25=Spread(mean=bm25_mean or 0.0, deviation=bm25_deviation or 0.0),
    )


_SEARCH = """
WITH visible AS MATERIALIZED (
    SELECT seq, kind, n_terms, {cosine} AS cosine, {asked} AS is_asked
    FROM memories WHERE {seen} AND (kind = 'outcome' OR {asked})
),
candidate AS (SELECT * FROM visible WHERE is_asked),
extent AS (SELECT count(*) AS total, greatest(avg(n_terms), 1) AS mean_terms FROM candidate),
wanted AS (
    SELECT md5_number_lower(word) AS term, list_contains({identifiers}, word) AS is_identifier
    FROM (SELECT unnest({terms}) AS word)
),
hits AS MATERIALIZED (
    SELECT term, seq, tf, n_terms FROM postings JOIN candidate USING (seq) WHERE term IN (SELECT term FROM wanted)
),
weighed AS MATERIALIZED (
    SELECT term, ln(1 + (total - df + 0.5) / (df + 0.5)) AS idf,
        is_identifier AND df <= greatest(3, total * 0.02) AS is_rare
    FROM (
        SELECT wanted.term, is_identifier, count(hits.seq) AS df FROM wanted LEFT JOIN hits USING (term) GROUP BY ALL
    ), extent
),
keyword AS (
    SELECT seq, sum(idf * tf * ({k1} + 1) / (tf + {k1} * (1 - {b} + {b} * n_terms / mean_terms))) AS bm25,
        sum(idf) AS idf, bool_or(is_rare) AS rare_match
    FROM hits JOIN weighed USING (term), extent GROUP BY seq
),
scored AS MATERIALIZED (
    SELECT seq, kind, cosine, coalesce(bm25, 0) AS bm25, coalesce(idf, 0) AS idf,
        coalesce(rare_match, false) AS rare_match
    FROM candidate LEFT JOIN keyword USING (seq)
),
spread AS (
    SELECT count(*) AS total, count(cosine) AS with_vector, avg(cosine) AS cosine_mean,
        stddev_pop(cosine) AS cosine_deviation, avg(bm25) AS bm25_mean, stddev_pop(bm25) AS bm25_deviation
    FROM scored
),
best AS (
    SELECT DISTINCT unnest(coalesce(arg_max(seq, cosine, $per_signal), []) || arg_max(seq, bm25, $per_signal)) AS seq
    FROM scored GROUP BY kind
),
chosen AS (SELECT scored.* FROM scored SEMI JOIN best USING (seq)),
evidence AS (
    SELECT strategy_key, sum(weight) AS occurrences,
        sum(weight * CASE outcome WHEN 'success' THEN 1 WHEN 'partial' THEN 0.5 ELSE 0 END) AS successes
    FROM (
        SELECT strategy_key, outcome, closeness
            * pow(2, -epoch(max(happened_at) OVER () - happened_at) / $evidence_half_life_s) AS weight
        FROM (
            SELECT seq, least(1, (cosine - {pool_from}) / ({pool_whole} - {pool_from})) AS closeness
            FROM visible WHERE kind = 'outcome' AND cosine > {pool_from}
        ) JOIN memories USING (seq)
        WHERE strategy_key <> ''
    )
    GROUP BY strategy_key
),
credits AS (
    SELECT target, sum(value) AS credit FROM memories WHERE kind = 'credit' AND NOT archived GROUP BY target
)
SELECT spread.*, id, chosen.kind, chosen.cosine, chosen.bm25,
    chosen.idf / greatest((SELECT sum(idf) FROM weighed), 1e-9), chosen.rare_match,
    epoch($now - coalesce(happened_at, last_validated_at, last_seen_at, last_verified_at, updated_at)),
    CASE outcome WHEN 'success' THEN 1.0 WHEN 'partial' THEN 0.5 WHEN 'failure' THEN 0.0
        ELSE memories.successes / nullif(memories.occurrences, 0) END,
    confidence, coalesce(credit, 0), coalesce(task_key, ''), coalesce(strategy_key, ''),
    coalesce(evidence.occurrences, 0), coalesce(evidence.successes, 0)
FROM chosen JOIN memories USING (seq) LEFT JOIN credits ON credits.target = id
    LEFT JOIN evidence USING (strategy_key), spread
"""


def _visible(wanted: Search) -> tuple[str, str, dict[str, Any]]:
    """The conditions for what the agent may see and for what of that is asked for, and their parameters.

    Outcomes that are not asked for, or archived, are evidence all the same.
    """
    parameters: dict[str, Any] = {"kinds": json.dumps(list(wanted.kinds)), "user_id": wanted.user_id}

    def names(parameter: str, values: Iterable[str]) -> str:
        parameters[parameter] = json.dumps(sorted(values))
        return _list(parameter)

    seen = []
    for number, view in enumerate(wanted.views):
        if view.agent is None:
            condition = f"NOT list_contains({names(f'besides{number}', view.besides)}, agent)"
        else:
            parameters[f"agent{number}"] = view.agent
            condition = f"agent = $agent{number}"
        if view.only is not None:
            condition += f" AND list_contains({names(f'only{number}', view.only)}, domain)"
        if view.never:
            condition += f" AND NOT list_contains({names(f'never{number}', view.never)}, domain)"
        seen.append(f"({condition})")
    asked = (
        f"(NOT archived AND list_contains({_list('kinds')}, kind) "
        "AND (kind <> 'preference' OR user_id = '' OR user_id = $user_id))"
    )
    return f"({' OR '.join(seen) or 'false'})", asked, parameters


def _list(parameter: str) -> str:
    """A parameter as a list of texts: bound as JSON, because each bound value costs 0.1 ms in DuckDB's binding."""
    return f"from_json(${parameter}, '[\"VARCHAR\"]')"


def _candidate(row: Sequence[Any]) -> Candidate:
    id, kind, cosine, bm25, matched, rare_match, age_s, success, confidence, credit, *learned = row
    task_key, strategy_key, occurrences, successes = learned
    return Candidate(
        id=id,
        kind=kind,
        cosine=cosine,
        bm25=bm25,
        matched=min(1.0, matched),
        rare_match=rare_match,
        age_days=max(0.0, age_s / _SECONDS_PER_DAY),
        success=success,
        confidence=confidence,
        credit=int(credit),
        task_key=task_key,
        strategy_key=strategy_key,
        pooled_occurrences=float(occurrences),
        pooled_successes=float(successes),
    )
