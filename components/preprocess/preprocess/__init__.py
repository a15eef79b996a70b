"""Clean a table, decide the kind of each column, and split it into train and test."""
