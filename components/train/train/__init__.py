"""Fits a scikit-learn pipeline on the training split and records it in MLflow."""
