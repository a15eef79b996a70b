"""Reuse the outputs of earlier, equal tasks."""
