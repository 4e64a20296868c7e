"""Read the FAQ files of other bots and help centres, and write them; no SQL, no HTTP."""
