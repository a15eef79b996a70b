"""Releases: exact versions of components, and the pipeline that is compiled from them."""
