"""Folds operations into the tables, and derives memories from them."""
