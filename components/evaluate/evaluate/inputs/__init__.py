"""What the step is given: the model folder, the test split and the flags' values."""
