"""The training split and its schema, checked before any model sees them."""
