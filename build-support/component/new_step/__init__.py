"""Count the rows and columns of a dataset."""
