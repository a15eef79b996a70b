"""What steps find and leave in MLflow: model versions, experiments and runs."""
