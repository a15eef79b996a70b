"""The report of the step as a page."""
