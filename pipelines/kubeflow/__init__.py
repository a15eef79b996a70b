"""What a Kubeflow cluster needs beside the compiled file: its settings, and its API."""
