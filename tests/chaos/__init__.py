"""Faults at random moments of real runs, and what has to hold after each."""
