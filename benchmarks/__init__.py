"""Measurements that the README and the closing notes quote."""
