"""The platform file: one cluster's settings for the steps, applied to a compiled file."""
