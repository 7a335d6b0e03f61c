"""Measures of a trained model, such as sharpness and norms, in double precision."""
