"""From a model's settings to its record."""
