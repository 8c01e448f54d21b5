"""Learning: from a report to an outcome, and from outcomes to rules."""
