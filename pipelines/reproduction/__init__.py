"""Makes a model again, and compares the two runs."""
