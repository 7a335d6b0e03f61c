"""The engines that train models: the compiled kernel, PyTorch, and the choice between them."""
