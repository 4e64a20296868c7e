"""Say what is kept, of whom and until when, and forget what is due."""
