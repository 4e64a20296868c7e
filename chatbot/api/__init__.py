"""HTTP in, HTTP out: one file for each area; errors, keys and pages look the same in all."""
