"""The numbers of the report beyond the metrics, each bounded however large the test split is."""
