"""What a study asks for: the configuration, its grid of cells, and the models to train."""
