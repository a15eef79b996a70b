"""One container task: its inputs, its start, and its outputs."""
