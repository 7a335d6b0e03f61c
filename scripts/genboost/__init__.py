"""The library behind the workflow: which tricks make a small neural network generalize."""
