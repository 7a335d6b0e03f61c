"""What can be said of a claim."""

SUPPORTED, CONTRADICTED, UNDECIDED, UNTESTED = "supported", "contradicted", "undecided", "untested"
VERDICTS = (SUPPORTED, CONTRADICTED, UNDECIDED, UNTESTED)
