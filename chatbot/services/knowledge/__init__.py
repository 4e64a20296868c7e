"""Knowledge: the FAQ, how it changes, comes in and goes out; and what agents said of questions."""
