"""The shared copy of a project: Cosmos DB, or a folder of JSON files."""
