"""The table formats: detected, read in batches, and written as one Parquet file."""
