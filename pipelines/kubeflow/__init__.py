"""Run and schedule pipelines on a Kubeflow cluster."""
