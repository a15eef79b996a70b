"""A Pants plugin that gives BUILD files the metadata of the projects beside them."""
