"""Writes made durable: the journal, its operations, and the lock."""
