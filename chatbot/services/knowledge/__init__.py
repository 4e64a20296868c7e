"""What the FAQ says, who changed it and how it comes in and goes out; and what agents said of it."""
