"""The platform file: what one cluster gives the steps, applied to a compiled file."""
