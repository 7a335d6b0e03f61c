"""The measures, one file each: its quantities, and how they are computed."""
