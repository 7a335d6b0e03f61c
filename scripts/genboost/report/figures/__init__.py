"""The figures of results: `catalogue` says which there are, `draw` makes them, a file a kind."""
