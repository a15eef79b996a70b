"""Read the table in bounded batches, each column in the type of its kind."""
