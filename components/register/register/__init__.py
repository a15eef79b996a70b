"""Registers a model that passed its evaluation as exactly one version in MLflow."""
