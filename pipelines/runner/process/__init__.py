"""Runs container tasks as processes, without Docker."""
