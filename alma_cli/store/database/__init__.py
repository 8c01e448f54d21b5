"""The DuckDB file: how it is opened, what its tables are, and how values reach it."""
