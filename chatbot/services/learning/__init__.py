"""Learning: what a version may learn from, what it is measured by, and the report on both."""
