"""The part that learns: Celery doorbells, the nightly story, and the only code that uses torch."""
