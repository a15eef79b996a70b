"""MLflow: the store and the run of the step."""
