"""Decides for ALMA: pure functions of values, with the standard library only."""
