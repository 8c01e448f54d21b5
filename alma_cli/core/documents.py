"""What stands in the documents that replicas share, and how a record becomes one and back.

    marker      id `_meta`, agent `_project`: what every replica has to agree on (`core.marker`)
    memory      the record as `codec.to_json` has it, with `hlc` and, by the pinned model, `embedding`, `embedding_model`
    tombstone   `id, kind, project_id, agent, hlc, deleted_at`, and nothing else
    derived     a derived memory for readers without a store: `content_hash` in the place of `hlc`, never pulled;
                one that isn't derived any more is `id, kind, project_id, agent, content_hash: "", deleted_at`
"""

MARKER_AGENT = "_project"
MARKER_ID = "_meta"
