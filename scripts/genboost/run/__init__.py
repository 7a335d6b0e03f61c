"""A run of the workflow: what it tells people, and how it starts and ends."""
