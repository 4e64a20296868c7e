"""Plain decisions without I/O: testable in microseconds, readable without the rest."""
