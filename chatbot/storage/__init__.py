"""Storage of what survives a restart: SQL rows and artefact folders; bytes and rows, no meaning."""
