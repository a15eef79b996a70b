"""Repeat the run that made a model, and compare the two runs."""
