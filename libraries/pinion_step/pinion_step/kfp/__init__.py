"""What KFP tells a step, and what its pages show of one."""
