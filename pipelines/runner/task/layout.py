"""Where things are in the folder of the runs."""

# Beside the folders of the runs.
CACHE = ".cache"
# Likewise; a mark has the name of its run.
MARKS = ".running"
