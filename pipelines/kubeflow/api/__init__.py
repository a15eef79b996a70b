"""KFP's REST API: where it is, who calls it, and what its answers mean."""
