"""Measures a trained model on the test split and holds the metrics against thresholds."""
