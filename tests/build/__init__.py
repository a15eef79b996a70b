"""Tests of the build itself: they drive git, Pants and make."""
