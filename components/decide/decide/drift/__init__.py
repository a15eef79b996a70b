"""The drift of columns: their classes, the measures, and the noise of small tables."""
