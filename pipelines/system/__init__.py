"""What every other part stands on: errors, paths, locks, processes and text formats."""
