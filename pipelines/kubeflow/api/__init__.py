"""KFP's REST API: where it is, who asks it, and what its answers mean."""
