"""Retrieval: from measured signals to a ranked slice of memories, and its text for a prompt."""
