"""Black-box tests across components."""
