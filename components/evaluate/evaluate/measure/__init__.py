"""Predictions, metrics, and how much the metrics vary with the test rows."""
