"""The inbox: the journal, which makes writes durable, its operations, and the lock."""
