"""The engine in memory: encoder, index, matcher, and the holder that swaps them. Knows no SQL."""
