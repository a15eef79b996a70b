"""Decides whether to train: compares the profile of the data with the champion's."""
