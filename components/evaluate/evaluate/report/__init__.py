"""The evaluation report: one document of numbers, and one page made of nothing but them."""
