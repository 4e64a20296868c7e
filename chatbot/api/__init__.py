"""HTTP API: one file for each area; errors, keys and pages look the same in all."""
