"""Review: what agents look at, in which order, and what follows from a verdict."""
