"""Questions to the store: records, and the search of a retrieve."""
