"""Python environments in the user's cache, each made once from the locks that name it."""
