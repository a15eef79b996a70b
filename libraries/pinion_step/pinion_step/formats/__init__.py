"""Documents that more than one step reads."""
