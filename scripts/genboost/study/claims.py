"""The verdicts that a claim can have."""

SUPPORTED, CONTRADICTED, UNDECIDED, UNTESTED = "supported", "contradicted", "undecided", "untested"
VERDICTS = (SUPPORTED, CONTRADICTED, UNDECIDED, UNTESTED)
