"""Tell whether the schedules on a cluster do what they should."""
