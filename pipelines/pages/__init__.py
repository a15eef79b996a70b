"""Pages about local runs that a browser reads from disk, without a server."""
