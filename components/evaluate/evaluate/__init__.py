"""Measures a trained model on the test split and checks the metrics against thresholds."""
