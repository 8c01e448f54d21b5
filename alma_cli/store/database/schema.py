"""The tables, as numbered migrations that are only ever appended to, and the views of what they lead to.

One row of `memories` is one record of any kind, in typed columns, with what replication (`hlc`, `acked_hlc`) and search
(`n_terms`, `embedding`) need beside it; a view per kind shows the columns of that kind. Times are UTC.

A migration is history, so it says in its own words what it did. A new field of a record (`core.records`) adds
`ALTER TABLE memories ADD COLUMN name TYPE`; the views are made anew from the table of fields after any migration. What
changes rows in a way that SQL can't say is a function, which runs when all tables are as they will be.
"""

import json
from collections.abc import Callable, Iterator
from typing import TypeAlias

from alma_cli.core.keys import key_of
from alma_cli.core.records import COMPUTED, FIELD_NAMES, FIELDS, PLURALS
from alma_cli.store.database.connection import Connection

Migration: TypeAlias = "str | Callable[[Connection], None]"


def _key_by_words(connection: Connection) -> None:
    """Key outcomes by their own words, and what was authored in the place of a rule as most of the rule's outcomes."""
    rows = connection.execute(
        "SELECT id, coalesce(situation, ''), task, coalesce(approach, ''), coalesce(strategy, '') "
        "FROM memories WHERE kind = 'outcome'"
    ).fetchall()
    if not rows:
        return
    keyed = [
        {"id": id, "task_key": key_of(when) or key_of(task), "strategy_key": key_of(do) or key_of(strategy)}
        for id, when, task, do, strategy in rows
    ]
    types = json.dumps([dict.fromkeys(("id", "task_key", "strategy_key"), "VARCHAR")])
    connection.execute(
        f"CREATE TEMP TABLE new_keys AS SELECT unnest(from_json(?, '{types}'), recursive := true)", [json.dumps(keyed)]
    )
    connection.execute(
        """
        UPDATE memories SET task_key = new.task_key, strategy_key = new.strategy_key FROM (
            SELECT authored.id, new_keys.task_key, new_keys.strategy_key
            FROM memories AS authored JOIN memories AS outcomes USING (agent, domain, task_key, strategy_key)
                JOIN new_keys ON new_keys.id = outcomes.id
            WHERE authored.origin = 'authored' AND authored.strategy_key <> '' AND outcomes.kind = 'outcome'
            GROUP BY authored.id, new_keys.task_key, new_keys.strategy_key
            QUALIFY row_number() OVER (
                PARTITION BY authored.id ORDER BY count(*) DESC, new_keys.task_key, new_keys.strategy_key
            ) = 1
        ) AS new WHERE memories.id = new.id
        """
    )
    connection.execute(
        "UPDATE memories SET task_key = new_keys.task_key, strategy_key = new_keys.strategy_key "
        "FROM new_keys WHERE memories.id = new_keys.id"
    )
    connection.execute("DROP TABLE new_keys")


MIGRATIONS: tuple[Migration, ...] = (
    """
    CREATE TABLE replica (
        schema_version INTEGER NOT NULL,
        replica_id VARCHAR NOT NULL,
        host VARCHAR NOT NULL,
        path VARCHAR NOT NULL,
        hlc VARCHAR NOT NULL,               -- the newest stamp given here
        next_seq BIGINT NOT NULL,
        dimension INTEGER NOT NULL          -- of memories.embedding
    );
    CREATE TABLE memories (
        seq BIGINT NOT NULL,                -- local, joins postings
        hlc VARCHAR NOT NULL,
        acked_hlc VARCHAR,                  -- the stamp the remote is known to have; another one means pending
        n_terms INTEGER NOT NULL,
        embedding_model VARCHAR,
        embedding FLOAT[{dimension}],
        id VARCHAR NOT NULL,
        kind VARCHAR NOT NULL,
        project_id VARCHAR NOT NULL,
        agent VARCHAR NOT NULL,
        domain VARCHAR NOT NULL,
        origin VARCHAR NOT NULL,
        created_at TIMESTAMP NOT NULL,
        updated_at TIMESTAMP NOT NULL,
        labels MAP(VARCHAR, VARCHAR) NOT NULL,
        archived BOOLEAN NOT NULL,
        extra VARCHAR NOT NULL,             -- JSON: what a newer version wrote and this one doesn't know
        task VARCHAR, outcome VARCHAR, feedback VARCHAR, error VARCHAR, duration_ms BIGINT, happened_at TIMESTAMP,
        condition VARCHAR, strategy VARCHAR, last_validated_at TIMESTAMP,
        pattern VARCHAR, why_bad VARCHAR, better_alternative VARCHAR, last_seen_at TIMESTAMP,
        occurrences BIGINT, successes DOUBLE, task_key VARCHAR, strategy_key VARCHAR,
        preference VARCHAR, user_id VARCHAR, category VARCHAR,
        fact VARCHAR, last_verified_at TIMESTAMP,
        source VARCHAR, confidence DOUBLE,
        target VARCHAR, value INTEGER, outcome_id VARCHAR
    );
    CREATE TABLE postings (                 -- which term (as md5_number_lower of it) stands how often in which memory
        term UBIGINT NOT NULL,
        seq BIGINT NOT NULL,
        tf USMALLINT NOT NULL
    );
    CREATE TABLE keys (                     -- a few texts, with their meaning, of each task_key and strategy_key
        agent VARCHAR NOT NULL,
        domain VARCHAR NOT NULL,
        role VARCHAR NOT NULL,              -- task or strategy
        key VARCHAR NOT NULL,
        is_first BOOLEAN NOT NULL,          -- whether this one stands for the key
        text VARCHAR NOT NULL,
        embedding_model VARCHAR,
        embedding FLOAT[{dimension}]
    );
    CREATE TABLE tombstones (
        id VARCHAR NOT NULL,
        kind VARCHAR NOT NULL,
        agent VARCHAR NOT NULL,
        hlc VARCHAR NOT NULL,
        acked_hlc VARCHAR,
        deleted_at TIMESTAMP NOT NULL
    );
    CREATE TABLE history (                  -- versions that were replaced; content is NULL once forgotten
        id VARCHAR NOT NULL,
        replaced_at TIMESTAMP NOT NULL,
        replaced_by VARCHAR NOT NULL,
        hlc VARCHAR NOT NULL,
        content VARCHAR
    );
    CREATE TABLE audit (
        done_at TIMESTAMP NOT NULL,
        done_by VARCHAR NOT NULL,
        action VARCHAR NOT NULL,
        id VARCHAR NOT NULL,
        agent VARCHAR NOT NULL,
        detail VARCHAR NOT NULL,
        op_id VARCHAR NOT NULL
    );
    CREATE TABLE sync_state (               -- one row, once this store belongs to a remote
        project_uid VARCHAR NOT NULL,
        seed VARCHAR NOT NULL,
        checkpoint VARCHAR,                 -- up to where its changes were applied
        synced_at TIMESTAMP                 -- when a sync last came to its end
    );
    CREATE TABLE remote_documents (         -- what the remote is known to have
        id VARCHAR NOT NULL,
        agent VARCHAR NOT NULL,
        kind VARCHAR NOT NULL,
        etag VARCHAR NOT NULL,
        has_vector BOOLEAN NOT NULL,
        content_hash VARCHAR                -- of a derived memory; empty once it isn't derived any more
    );
    CREATE TABLE quarantine (               -- documents that can't be read, kept as they came
        name VARCHAR NOT NULL,
        agent VARCHAR NOT NULL,
        id VARCHAR NOT NULL,
        reason VARCHAR NOT NULL,
        raw VARCHAR NOT NULL,
        found_at TIMESTAMP NOT NULL
    );
    """,
    """
    ALTER TABLE memories ADD COLUMN situation VARCHAR;
    ALTER TABLE memories ADD COLUMN approach VARCHAR;
    DROP TABLE keys;
    """,
    _key_by_words,
    _key_by_words,  # which by then told words apart that differ in marks, as vowel signs of Hindi, and more signs
    "ALTER TABLE memories ADD COLUMN earlier_words VARCHAR",
)

_COMPUTED_IN_SQL = {"success_rate": "successes / nullif(occurrences, 0) AS success_rate"}


def views() -> Iterator[str]:
    """The statements that make a view of each kind, or put it in the place of an older one."""
    for kind, names in FIELD_NAMES.items():
        columns = [FIELDS[name].column for name in names if name != "extra"]
        columns += [_COMPUTED_IN_SQL.get(name, name) for name in COMPUTED[kind]]
        of_kind = f"SELECT {', '.join(columns)} FROM memories WHERE kind = '{kind}'"
        yield f"CREATE OR REPLACE VIEW {PLURALS[kind]} AS {of_kind}"
