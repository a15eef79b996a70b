"""CSV in all the ways that people and programs write it."""
