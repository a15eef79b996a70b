"""What steps read and write in MLflow: runs, and versions of registered models."""
