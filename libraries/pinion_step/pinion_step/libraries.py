"""Settings that NumPy, scikit-learn, Arrow and MLflow read when they are imported."""

import os

from pinion_step.mlflow import configure

# What the user has set stays.
ENVIRONMENT = {
    # Threads that wait by spinning slow each other down a hundredfold if they share cores.
    "OMP_WAIT_POLICY": "PASSIVE",
    # Arrow's own pools keep the memory of a table, as much as the table again, for later tables.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}


def steer_libraries() -> None:
    """Set the environment variables of the libraries, before any of them is imported."""
    configure()
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
