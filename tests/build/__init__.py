"""Tests of the build itself, which drive git, Pants and make."""
