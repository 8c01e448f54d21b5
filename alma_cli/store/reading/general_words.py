"""Finds the general words that are known of an agent's work, and the outcomes that have none yet."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alma_cli.core.records import UNCLEAR_LABEL, Outcome, Record
from alma_cli.store.database.rows import OUTCOME_SUCCESS, RECORD_COLUMNS, SUCCESS, row_record
from alma_cli.store.database.values import any_of, key_in, quoted, seq_in, vector_text, written

if TYPE_CHECKING:
    from alma_cli.store.inbox.operations import Entry

MOST_LABELS = 2000
"""The number of approaches that are looked at: those that were used last."""

_PROPOSED_FROM = 8192
"""So many of the newest memories are searched for words to propose, however many there are: a row group or two."""

_PROPOSED_OF = 1000
"""So many approaches that were used last are compared: to read their vectors takes the most of the time."""

_WAITS = (
    "kind = 'outcome' AND coalesce(approach, '') = '' AND trim(strategy) <> '' "
    f"AND NOT map_contains(labels, '{UNCLEAR_LABEL}')"
)
WAITING = f"{_WAITS} AND agent = $agent"
"""The condition of an outcome that waits for general words; without a strategy there is nothing to give them to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """An approach in a situation, in the general words that most of its outcomes have.

    `id` is that of its rule or, without one, of its newest outcome; `members` are its outcomes, newest first, and
    `seq` is that of the last stored. `example` is the task and strategy of one; `worked` counts a partial success as
    a half.
    """

    id: str
    domain: str
    task_key: str
    strategy_key: str
    when: str
    do: str
    outcomes: int
    worked: float
    example: tuple[str, str]
    seq: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """An approach in a situation, in the words of its last stored outcome, and this one's cosine with a vector.

    `id` is that of its rule or, without one, of this outcome; `outcomes` and `worked` are as in `Label`.
    """

    id: str
    when: str
    do: str
    outcomes: int
    worked: float
    cosine: float


class KnownWords:
    """The general words of agents' work; `rows` answers a statement in SQL, with its parameters."""

    def __init__(self, rows: Callable[[str, object], list[Any]]) -> None:
        self._rows = rows

    def labels(self, agent: str, domain: str | None = None) -> list[Label]:
        """The labels of an agent (in one domain), in the order in which they first came."""
        keyed = "domain, task_key, strategy_key"
        rows = self._rows(
            f"""
            SELECT {keyed}, min(seq) AS first, mode(situation ORDER BY situation),
                mode(approach ORDER BY approach), count(*), sum({SUCCESS}), arg_min(task, id),
                arg_min(coalesce(strategy, ''), id), max(seq), list(id ORDER BY happened_at DESC, id DESC)
            FROM memories
            WHERE kind = 'outcome' AND agent = $agent AND ($domain IS NULL OR domain = $domain)
                AND situation <> '' AND approach <> ''
            GROUP BY {keyed} ORDER BY max(seq) DESC LIMIT {MOST_LABELS}
            """,
            {"agent": agent, "domain": domain},
        )
        rules = self._rows(
            f"SELECT {keyed}, min(id) FROM memories WHERE agent = ? AND origin = 'derived' "
            f"AND strategy_key <> '' GROUP BY {keyed}",
            [agent],
        )
        rule_of = {tuple(key): id for *key, id in rules}
        return [
            Label(
                id=rule_of.get((domain, task_key, strategy_key), members[0]),
                domain=domain,
                task_key=task_key,
                strategy_key=strategy_key,
                when=when,
                do=do,
                outcomes=count,
                worked=worked,
                example=(task, strategy),
                seq=seq,
                members=tuple(members),
            )
            for domain, task_key, strategy_key, _, when, do, count, worked, task, strategy, seq, members in sorted(
                rows, key=lambda row: row[3]
            )
        ]

    def similar_to(self, entry: Entry, *, limit: int) -> list[Near]:
        """The labels nearest to a stored outcome whose own words are new; none if another outcome has its words."""
        outcome = entry.record
        if entry.vector is None or not isinstance(outcome, Outcome) or not outcome.strategy_key:
            return []
        since = self._rows(f"SELECT next_seq - {_PROPOSED_FROM} FROM replica", [])[0][0]
        newest = self._rows(
            f"SELECT max(seq) FROM memories WHERE seq >= {since} AND kind = 'outcome' AND agent = ? AND domain = ? "
            "AND situation <> '' AND approach <> '' AND (task_key <> ? OR strategy_key <> ?) "
            f"GROUP BY task_key, strategy_key ORDER BY max(seq) DESC LIMIT {_PROPOSED_OF}",
            [outcome.agent, outcome.domain, outcome.task_key, outcome.strategy_key],
        )
        if not newest or self._has_company(outcome):
            return []
        rows = self._rows(
            f"SELECT seq, array_cosine_similarity(embedding, ?::VARCHAR::FLOAT[{len(entry.vector)}]) AS cosine "
            f"FROM memories WHERE seq >= {since} AND seq IN {any_of(of='BIGINT')} AND embedding_model = ? "
            f"ORDER BY cosine DESC, seq LIMIT {int(limit) + 1}",
            [vector_text(entry.vector), json.dumps([seq for (seq,) in newest]), entry.model],
        )
        return self._near(dict(rows), outcome)[:limit] if rows else []

    def _near(self, cosines: Mapping[int, float], outcome: Outcome) -> list[Near]:
        """The labels of outcomes, given by their `seq`, in their words and in their order; but that of `outcome`."""
        rows = self._rows(
            "SELECT seq, id, task_key, strategy_key, situation, approach FROM memories "
            f"WHERE seq >= {min(cosines)} AND {seq_in(cosines)}",
            [],
        )
        of_task, of_strategy = ({row[at] for row in rows} for at in (2, 3))
        summed_up = self._rows(
            f"SELECT task_key, strategy_key, count(outcome), sum({OUTCOME_SUCCESS}), "
            f"min(id) FILTER (origin = 'derived') FROM memories WHERE {key_in('task_key', of_task)} "
            f"AND {key_in('strategy_key', of_strategy)} AND agent = ? AND domain = ? GROUP BY task_key, strategy_key",
            [outcome.agent, outcome.domain],
        )
        evidence = {(task_key, strategy_key): sums for task_key, strategy_key, *sums in summed_up}
        found: dict[int, Near] = {}
        for seq, id, task_key, strategy_key, when, do in rows:
            if id == outcome.id:
                continue
            count, worked, rule = evidence[task_key, strategy_key]
            found[seq] = Near(id=rule or id, when=when, do=do, outcomes=count, worked=worked, cosine=cosines[seq])
        return [found[seq] for seq in cosines if seq in found]

    def _has_company(self, outcome: Outcome) -> bool:
        """True when another outcome has the keys of this one."""
        key = quoted(outcome.task_key)  # written out, so that DuckDB filters while it reads this one column
        found = self._rows(
            f"SELECT 1 FROM memories WHERE task_key = {key} AND kind = 'outcome' AND agent = ? AND domain = ? "
            "AND strategy_key = ? AND id <> ? LIMIT 1",
            [outcome.agent, outcome.domain, outcome.strategy_key, outcome.id],
        )
        return bool(found)

    def waiting_counts(self, agent: str) -> dict[str, int]:
        """The number of an agent's outcomes that wait for general words, by domain."""
        rows = self._rows(
            f"SELECT domain, count(*) FROM memories WHERE {WAITING} GROUP BY domain ORDER BY domain", {"agent": agent}
        )
        return dict(rows)

    def waiting_by_agent(self) -> dict[str, int]:
        """The number of outcomes that wait for general words, by agent."""
        rows = self._rows(f"SELECT agent, count(*) FROM memories WHERE {_WAITS} GROUP BY agent ORDER BY agent", [])
        return dict(rows)

    def waiting(self, agent: str, domain: str, *, without: Collection[str] = (), limit: int) -> list[Outcome]:
        """The oldest outcome that waits for general words, and those nearest to it, in the order of likeness."""
        given = {"agent": agent, "domain": domain, "without": json.dumps(sorted(without))}
        condition = f"{WAITING} AND domain = $domain AND id NOT IN {any_of('$without')}"
        first = self._rows(f"SELECT id FROM memories WHERE {condition} ORDER BY happened_at, id LIMIT 1", given)
        if not first:
            return []
        rows = self._rows(
            f"""
            WITH seed AS (SELECT embedding AS middle, embedding_model AS model FROM memories WHERE id = $id)
            SELECT {RECORD_COLUMNS} FROM memories, seed WHERE {condition} ORDER BY id = $id DESC,
                CASE WHEN embedding_model = model THEN array_cosine_similarity(embedding, middle) END
                DESC NULLS LAST, id
            LIMIT {int(limit)}
            """,
            {**given, "id": first[0][0]},
        )
        return [record for record in map(row_record, rows) if isinstance(record, Outcome)]

    def near_any(self, found: Sequence[Label], ids: Sequence[str]) -> dict[int, float]:
        """The greatest cosine of each label's newest outcome (by its `seq`) with any of these outcomes."""
        if not found:
            return {}
        rows = self._rows(
            f"""
            SELECT labels.seq, max(array_cosine_similarity(labels.embedding, given.embedding))
            FROM memories AS labels JOIN memories AS given USING (embedding_model)
            WHERE labels.seq IN ({written(label.seq for label in found)}) AND given.id IN {any_of()} GROUP BY labels.seq
            """,
            [json.dumps(list(ids))],
        )
        return dict(rows)

    def said_of_rules(self, agent: str) -> list[Record]:
        """What stands in the place of an agent's rules, and its credits."""
        rows = self._rows(
            f"SELECT {RECORD_COLUMNS} FROM memories WHERE agent = ? AND (kind = 'credit' OR "
            "kind IN ('heuristic', 'anti_pattern') AND origin = 'authored' AND strategy_key <> '') ORDER BY id",
            [agent],
        )
        return [row_record(row) for row in rows]

    def last_reflection(self, agent: str) -> list[str]:
        """The versions that an agent's last reflection replaced, as JSON, of outcomes that weren't changed since.

        A version of another machine that came and didn't hold changed nothing.
        """
        rows = self._rows(
            """
            WITH last AS (
                SELECT arg_max(done_at, rowid) AS done_at FROM audit WHERE action = 'reword' AND agent = $agent
            ),
            reworded AS (
                SELECT DISTINCT id, done_at FROM audit JOIN last USING (done_at)
                WHERE action = 'reword' AND agent = $agent
            )
            SELECT content FROM history JOIN reworded USING (id)
            WHERE NOT EXISTS (
                SELECT 1 FROM audit WHERE audit.id = history.id AND audit.done_at = replaced_at
                HAVING count(*) FILTER (WHERE action = 'conflict') > count(*) FILTER (WHERE action = 'pull')
            )
            QUALIFY row_number() OVER (PARTITION BY id ORDER BY history.rowid DESC) = 1 AND replaced_at = done_at
                AND content IS NOT NULL
            ORDER BY id
            """,
            {"agent": agent},
        )
        return [row[0] for row in rows]
