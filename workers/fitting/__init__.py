"""What a version's votes mean: probabilities, thresholds, and guesses about what nobody judged."""
