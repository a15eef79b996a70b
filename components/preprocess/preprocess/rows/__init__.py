"""Decide which rows and columns are kept, and on which side of the split each row is."""
