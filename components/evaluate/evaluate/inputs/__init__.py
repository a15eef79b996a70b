"""The inputs of the step: the model folder and the test split."""
