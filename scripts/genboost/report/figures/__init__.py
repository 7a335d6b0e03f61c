"""The figures of results: a file for each kind, with its function `draw`."""
