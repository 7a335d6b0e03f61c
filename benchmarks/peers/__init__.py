"""The same training, as users of other tools write it; what the engines are measured against.

Each module has one function, `prepare`, which takes `Data`, a `Cell` (ReLU, cosine schedule, weight
decay in the L2 form) and a list of seeds, does what has to be done once, such as compiling, and
returns a function that trains a model per seed and returns their test errors.
"""
