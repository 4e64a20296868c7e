"""What survives a restart: SQL rows and artefact folders; bytes and rows, no meaning."""
