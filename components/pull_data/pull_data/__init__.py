"""Pull a table from a path, a URL or a bundled sample into one Parquet file."""
