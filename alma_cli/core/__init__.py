"""What ALMA decides: pure functions of values, with the standard library only."""
