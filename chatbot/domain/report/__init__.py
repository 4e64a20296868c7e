"""The evaluation report of a model version, as a type: every figure with its unit and range."""
