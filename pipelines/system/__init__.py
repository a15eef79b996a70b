"""The machine and the repository around everything else: errors, paths, processes, text formats."""
