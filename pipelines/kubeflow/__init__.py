"""Runs and schedules pipelines on a Kubeflow cluster."""
