"""The plots: each one a figure made from the document of numbers, and a sentence about it."""
