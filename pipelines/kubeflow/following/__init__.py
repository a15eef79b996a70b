"""A run on a cluster: its steps, how each ended, and why one failed or does not start."""
