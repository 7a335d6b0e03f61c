"""The measures, one file each: what it is called, what it yields, and how that is computed."""
