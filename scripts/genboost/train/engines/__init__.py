"""What trains models: the compiled kernel, PyTorch, and the choice between them."""
