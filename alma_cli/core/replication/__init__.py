"""Replication: which version of a record holds, and the action of a sync for each record."""
