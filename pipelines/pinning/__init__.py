"""Releases: exact component versions, and the pipeline that is compiled from them."""
