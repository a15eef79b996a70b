"""The data checks: leaks, and what would make a model worthless."""
