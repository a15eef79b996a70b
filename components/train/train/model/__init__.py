"""What is fitted and logged: preprocessing, cross-validation and the model folder."""
