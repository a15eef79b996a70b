"""Arranges the components into Kubeflow pipelines.

Every command is a module: `python -m pipelines.<command>`.
"""

from pipelines import mending

mending.watch()
