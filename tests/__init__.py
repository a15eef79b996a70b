"""Tests from outside, across components."""
