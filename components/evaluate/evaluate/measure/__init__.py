"""Predictions, metrics, and how much the metrics move with other test rows."""
