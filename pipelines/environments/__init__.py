"""Python environments in the user's cache, each made once from its locks."""
