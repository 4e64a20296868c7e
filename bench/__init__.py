"""Benchmarks that anyone can run; each ends with one line `RESULT {json}`."""
