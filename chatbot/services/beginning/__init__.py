"""The beginning of an instance: the demo, and things to try."""
