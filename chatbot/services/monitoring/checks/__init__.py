"""Say whether all is well: the checks that doctor, overview, /readyz and /metrics read."""
