"""Run container tasks as processes, without Docker."""
