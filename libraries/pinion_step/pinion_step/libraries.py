"""Settings that NumPy, scikit-learn, Arrow and MLflow read when they are imported or called."""

import os
from importlib import import_module

# What the user has set stays.
ENVIRONMENT = {
    # Threads that wait by spinning slow each other down a hundredfold if they share cores.
    "OMP_WAIT_POLICY": "PASSIVE",
    # Arrow's own pools keep the memory of a table, as much as the table again, for later tables.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # a dead server takes 6 seconds, not 247
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",  # which may ask for an hour
    "MLFLOW_DISABLE_TELEMETRY": "true",  # a step talks to nobody but the tracking server
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # stdout is for the result
}


def steer_libraries() -> None:
    """Set the environment variables of the libraries, before any of them is imported."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def warm_up(*modules: str) -> None:
    """Import modules that take seconds to import, after setting the environment variables."""
    steer_libraries()
    for name in modules:
        import_module(name)
