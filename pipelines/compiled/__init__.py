"""The compiled pipeline file, and everything that is written in one."""
