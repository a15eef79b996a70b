"""The compiled pipeline file and everything in it."""
