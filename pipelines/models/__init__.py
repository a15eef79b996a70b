"""The models in MLflow: where they are registered, how they were made, and what they contain."""
