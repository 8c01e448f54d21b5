"""Installing: each target plans changes to others' files, and one place makes them and keeps a copy of each file."""
