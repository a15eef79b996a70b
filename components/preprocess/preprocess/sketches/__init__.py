"""Hashes, samples and counts of columns, in bounded memory."""
