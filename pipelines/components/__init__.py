"""The components of the working tree: their interface, content, version and packages."""
