"""The option `index: hnsw`: an approximate index of nearest neighbours, by an extension of DuckDB."""
