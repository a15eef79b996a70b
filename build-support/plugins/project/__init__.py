"""A Pants plugin: what BUILD files may know of the projects beside them."""
