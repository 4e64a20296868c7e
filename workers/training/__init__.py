"""One training: what is asked of it, batches and losses, in a process of its own."""
