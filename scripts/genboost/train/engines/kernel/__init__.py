"""The compiled kernel's sources, and the names of what it knows.

These lists are all that there is: `kernel_build.flags` makes them the kernel's enumerations, so a
name's place is its code, and a name without its arithmetic does not compile.
"""

OPTIMIZERS = ("sgd", "adam", "adamw", "lion")
ACTIVATIONS = ("relu", "leaky_relu", "elu", "tanh", "sigmoid", "silu", "gelu")
LOSSES = ("mse", "cross_entropy")
