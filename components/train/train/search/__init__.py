"""The search for parameters: its space, its plan, its trials and their MLflow runs."""
