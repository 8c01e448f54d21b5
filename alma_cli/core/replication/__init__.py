"""Which version of a record holds, and what a sync does about each."""
