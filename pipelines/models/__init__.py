"""The models in MLflow: where they are registered, what made them, and what they contain."""
