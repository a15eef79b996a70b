"""Arrange the components into Kubeflow pipelines.

Every command is a module: `python -m pipelines.<command>`.
"""

from pipelines.environments import repair

repair.watch()
