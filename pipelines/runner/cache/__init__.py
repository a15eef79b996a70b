"""Reuses the outputs of earlier, equal tasks."""
