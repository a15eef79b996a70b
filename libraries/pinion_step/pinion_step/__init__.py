"""The runtime that the steps share: command line, outputs, MLflow, memory and lineage."""
