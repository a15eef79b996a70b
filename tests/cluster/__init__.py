"""Walk the commands of the README on a real cluster."""
