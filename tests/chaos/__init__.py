"""Faults at random moments of real runs, and the checks after each."""
