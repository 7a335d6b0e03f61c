"""From a raw CSV file to arrays that a model can be trained on."""
