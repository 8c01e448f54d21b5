"""Writes made durable: the journal, its operations, the lock, and files that last."""
