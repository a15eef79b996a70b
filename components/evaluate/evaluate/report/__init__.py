"""The evaluation report: one document of numbers, and one page made only from that document."""
