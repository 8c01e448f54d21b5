"""The hooks in the places where agents live, and their installation. A hook never breaks or delays its host."""
