"""A registry of container images: its address, credentials, contents and publications."""
