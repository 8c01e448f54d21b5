"""Scopes: the domains an agent may learn, the domain a task is about, and the memories an agent sees."""
