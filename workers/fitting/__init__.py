"""Fit what a version's votes mean: probabilities, thresholds, and guesses about unjudged texts."""
