"""Names of the special folders beside the folders of the runs."""

# Results of earlier tasks.
CACHE = ".cache"
# One mark for each unfinished run, with the name of the run.
MARKS = ".running"
