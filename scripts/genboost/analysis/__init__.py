"""From the records of all models to statistics and verdicts."""
